/**
 * What a training run reports.
 *
 * @module
 */
import type { EpochRecord } from "../tracking/run_log.ts";
import type { Metrics } from "../tracking/backend.ts";
import type { AutoChoice } from "./auto/auto_choice.ts";
import type { BudgetChoice } from "./budget_choice.ts";
import type { TrainPlan } from "./train_plan.ts";

/** Progress of a pass over a split. */
export interface PassProgress {
  /** Training, or validation after it. */
  readonly part: "train" | "valid";
  /** The epoch, from 1. */
  readonly epoch: number;
  /** Maximum epochs. */
  readonly epochs: number;
  /** Finished samples. */
  readonly done: number;
  /** Samples finished before this process started. */
  readonly start: number;
  /** All samples. */
  readonly total: number;
  /** Mean loss of the finished samples; NaN before the first. */
  readonly loss: number;
}

/** A finished epoch. */
export interface EpochReport {
  /** The epoch, from 1. */
  readonly epoch: number;
  /** Maximum epochs. */
  readonly epochs: number;
  /** Its metrics, as in `metrics.jsonl`. */
  readonly metrics: Metrics;
  /** Whether it is the best so far. */
  readonly best: boolean;
  /** Epochs since the best one. */
  readonly stale: number;
}

/** What was finished before a run was resumed. */
export interface RunSoFar {
  /** Its epochs, as in `metrics.jsonl`. */
  readonly epochs: readonly EpochRecord[];
  /** Training batches of the next one. */
  readonly batches: number;
}

/** Functions that a training run calls; it waits for none of them. */
export interface TrainCallbacks {
  /** Gets a line for the user. */
  readonly onNote?: ((message: string) => void) | undefined;
  /** Called when images of a split are ready. */
  readonly onPrepare?: ((split: "train" | "valid", done: number, total: number) => void) | undefined;
  /** Called before kernels are compiled, with their number. */
  readonly onCompile?: ((kernels: number) => void) | undefined;
  /** Gets what was chosen for a time budget, and why, before training starts. */
  readonly onBudget?: ((choice: BudgetChoice) => void) | undefined;
  /** Gets what the recipe `auto` chose, and why, after the budget's choice. */
  readonly onAuto?: ((choice: AutoChoice) => void) | undefined;
  /** Called when all is ready; `done` is empty unless a run is resumed. */
  readonly onStart?: ((plan: TrainPlan, done: RunSoFar) => void) | undefined;
  /** Gets the seconds that an epoch will take, estimated from its first steps. */
  readonly onEstimate?: ((secondsPerEpoch: number) => void) | undefined;
  /** Called when a pass starts and whenever the device was read. */
  readonly onProgress?: ((progress: PassProgress) => void) | undefined;
  /** Called when an epoch is finished and its checkpoint saved. */
  readonly onEpoch?: ((report: EpochReport) => void) | undefined;
}
