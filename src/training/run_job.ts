/**
 * What a training run is given, what it works on, and what it returns.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import type { TrackerOptions } from "../tracking/tracker.ts";
import type { AutoChoice } from "./auto/auto_choice.ts";
import type { BudgetChoice } from "./budget_choice.ts";
import type { BestEpoch } from "./checkpoint.ts";
import type { Collective } from "./collective.ts";
import type { TrainCallbacks } from "./events.ts";
import type { InitModel } from "./init_model.ts";
import type { PlanRunOptions } from "./plan_run.ts";
import type { OpenRun } from "./run_folder.ts";
import type { TrainConfig } from "./train_config.ts";
import type { LoadedData, TrainData } from "./train_data.ts";
import type { ChoicesFrom } from "./train_plan.ts";

/** Where the records of a run go, apart from its own log; see {@linkcode TrackerOptions}. */
export type TrackingOptions = Partial<
  Pick<
    TrackerOptions,
    "swanlab" | "tensorboard" | "project" | "name" | "description" | "workspace" | "online"
  >
>;

/** Settings of a training run. */
export interface TrainRunOptions extends PlanRunOptions {
  /** The run's folder. */
  readonly folder: string;
  /** Resume even with other data or settings; without `resume`, replace the run in the folder. */
  readonly force?: boolean | undefined;
  /** Records besides the run's own log; default to SwanLab's offline files and TensorBoard's. */
  readonly tracking?: TrackingOptions | undefined;
  /**
   * Validation samples that are drawn after epochs and at the end, 0 for none; defaults to 8. Those of best epochs are
   * records, too: an online run sends them to its server.
   */
  readonly samples?: number | undefined;
  /** Saves and stops. */
  readonly signal?: AbortSignal | undefined;
  /**
   * A device that is open already, and stays open. Only if it has the run's arithmetic, precision and kernels; by default
   * the run opens one of its own.
   */
  readonly gpu?: Gpu | undefined;
  /** Seconds between reads of the device, if memory allows; defaults to 10. */
  readonly readEverySeconds?: number | undefined;
}

/** Result of a training run. */
export interface TrainResult {
  /** All epochs are done, early stopping ended the run, or the signal did. */
  readonly outcome: "finished" | "stopped" | "interrupted";
  /** The run's folder: the one asked for, or, if that holds a finished run, one with a number. */
  readonly folder: string;
  /** Whether the folder holds a checkpoint; false if the run was interrupted before its first one. */
  readonly resumable: boolean;
  /** The dataset's folder. */
  readonly dataFolder: string;
  /** Finished epochs. */
  readonly epochs: number;
  /** The best epoch, whose weights are in `best.safetensors`; null before the first. */
  readonly best: BestEpoch | null;
  /** Whether the best epoch's model predicts no foreground at all in the validation split. */
  readonly marksNothing: boolean;
  /** The budget in seconds if it was used up before the last epoch; absent otherwise. */
  readonly budgetSpent?: number;
  /** The recipe. */
  readonly recipe: TrainConfig["recipe"];
  /** The command that uploads the offline run to SwanLab; null if there is none. */
  readonly syncCommand: string | null;
}

/** Project name at SwanLab. */
export const DEFAULT_PROJECT = "deno-unet";

/** A run whose folder is open. */
export interface OpenJob {
  readonly options: TrainRunOptions;
  readonly callbacks: TrainCallbacks;
  readonly config: TrainConfig;
  /** The model that a new run starts from. */
  readonly init: InitModel | null;
  readonly dataFolder: string;
  readonly opened: OpenRun;
  readonly collective: Collective;
  /** Seconds since the run was started. */
  readonly elapsed: () => number;
}

/** A run whose data are loaded. */
export interface Job extends OpenJob {
  readonly data: TrainData;
  readonly corrections: LoadedData["corrections"];
  readonly choicesFrom: ChoicesFrom;
  /** What was chosen for the budget of a new run; null for a resumed one, which keeps its own. */
  readonly budget: BudgetChoice | null;
  /** What the recipe `auto` chose for a new run; null for others. */
  readonly auto: AutoChoice | null;
}
