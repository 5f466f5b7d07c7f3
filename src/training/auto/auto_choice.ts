/**
 * What `--recipe auto` chose, as a run keeps it.
 *
 * @module
 */
import type { TrainConfig } from "../train_config.ts";
import type { DatasetProfile } from "./profile.ts";

/** A setting that was chosen, or given. */
export interface AutoSetting {
  /** Its name in the run's settings. */
  readonly setting: keyof TrainConfig;
  /** Its value; null if it is absent there, which stands for the original's. */
  readonly value: TrainConfig[keyof TrainConfig] | null;
  /** Why. */
  readonly reason: string;
  /** True if it was given, and so not chosen. */
  readonly given?: true;
}

/** The choices of a run, and what they follow from. */
export interface AutoChoice {
  /** What the dataset is like. */
  readonly fingerprint: DatasetProfile;
  /** Each setting with its reason. */
  readonly settings: readonly AutoSetting[];
}
