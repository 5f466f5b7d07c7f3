/**
 * What a training tells while it runs.
 *
 * @module
 */
import type { EpochRecord } from "../tracking/run_log.ts";
import type { Metrics } from "../tracking/sink.ts";
import type { TrainPlan } from "./train_plan.ts";

/** How far a pass over a split has come. */
export interface PassProgress {
  /** Training, or validation after it. */
  readonly part: "train" | "valid";
  /** The epoch, from 1. */
  readonly epoch: number;
  /** Most epochs. */
  readonly epochs: number;
  /** Samples that are done. */
  readonly done: number;
  /** Samples that were done before this process began. */
  readonly start: number;
  /** All samples. */
  readonly total: number;
  /** Mean loss of the samples that are done; NaN before the first. */
  readonly loss: number;
}

/** An epoch that is done. */
export interface EpochReport {
  /** The epoch, from 1. */
  readonly epoch: number;
  /** Most epochs. */
  readonly epochs: number;
  /** All its numbers, as they stand in `metrics.jsonl`. */
  readonly metrics: Metrics;
  /** Whether it is the best so far. */
  readonly best: boolean;
  /** Epochs since the best one. */
  readonly stale: number;
}

/** What of a run is done already when it goes on. */
export interface RunSoFar {
  /** Its epochs, as they stand in `metrics.jsonl`. */
  readonly epochs: readonly EpochRecord[];
  /** Training batches of the next one. */
  readonly batches: number;
}

/** Functions that a training calls; none of them is waited for. */
export interface TrainCallbacks {
  /** A line for the user. */
  readonly onNote?: ((message: string) => void) | undefined;
  /** Images of a split that are ready. */
  readonly onPrepare?: ((split: "train" | "valid", done: number, total: number) => void) | undefined;
  /** Kernels that are about to be compiled. */
  readonly onCompile?: ((kernels: number) => void) | undefined;
  /** All is ready; what is done already is nothing unless a run goes on. */
  readonly onStart?: ((plan: TrainPlan, done: RunSoFar) => void) | undefined;
  /** Seconds that an epoch will take, by its first steps. */
  readonly onEstimate?: ((secondsPerEpoch: number) => void) | undefined;
  /** A pass began, or the device was read. */
  readonly onProgress?: ((progress: PassProgress) => void) | undefined;
  /** An epoch is done and its checkpoint kept. */
  readonly onEpoch?: ((report: EpochReport) => void) | undefined;
}
