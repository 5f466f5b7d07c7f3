/**
 * Training: single steps on tensors, or whole runs on a dataset.
 *
 * @example Take a training step
 * ```ts
 * import { openGpu, Trainer, UNet } from "@unet/deno-unet/train";
 *
 * const gpu = await openGpu();
 * const unet = await UNet.create(gpu, { filters: 1, norm: "instance" }, { seed: 1 });
 * const trainer = await Trainer.create(unet, { learningRate: 1e-3 });
 * const images = { shape: [2, 3, 32, 32], data: new Float32Array(2 * 3 * 32 * 32).fill(0.5) };
 * const masks = { shape: [2, 1, 32, 32], data: new Float32Array(2 * 32 * 32) };
 * const { loss, accuracy } = await trainer.step(images, masks); // before the update
 * console.log(loss, accuracy);
 * gpu.close();
 * ```
 *
 * @module
 */
export * from "./network.ts";
export { openTracker, Tracker, type TrackerOptions } from "../tracking/tracker.ts";
export { type EpochRecord, readRunLog, RunLog } from "../tracking/run_log.ts";
export type {
  Metrics,
  RunConfig,
  RunEnd,
  RunState,
  TrackedImage,
  TrackedText,
  TrackingBackend,
} from "../tracking/backend.ts";
export { describeGpu } from "../gpu/adapter.ts";
export { openGpu, type OpenGpuOptions } from "../host/open_gpu.ts";
export { inferConfig } from "../unet/parameters.ts";
export { Trainer } from "../training/trainer.ts";
export type { TrainerOptions } from "../training/trainer_options.ts";
export type { StateBlocks, TrainerState } from "../training/trainer_state.ts";
export type { BatchMetrics, StepMetrics } from "../training/metrics_history.ts";
export type { Collective } from "../training/collective.ts";
export type { MemoryUse } from "../training/batch_memory.ts";
export type { BatchKind, MicroBatch } from "../training/batch_runner.ts";
export type { Augmentation } from "../../kernels/augment/augment.ts";
export { planRun, type PlanRunOptions, type RunPlan } from "../training/plan_run.ts";
export type { TrackingOptions, TrainResult, TrainRunOptions } from "../training/run_job.ts";
export { trainRun } from "../training/train_run.ts";
export type { EpochReport, PassProgress, RunSoFar, TrainCallbacks } from "../training/events.ts";
export type { ChoicesFrom, PlannedMemory, TrainPlan } from "../training/train_plan.ts";
export { type InitOrigin, type Schedule, SCHEDULES, type TrainConfig } from "../training/train_config.ts";
export { completeTrainConfig, RECIPES } from "../training/recipe.ts";
export { AUGMENTATION_SYNTAX, formatAugmentation, parseAugmentation } from "../training/augmentation.ts";
export type { BestEpoch } from "../training/checkpoint.ts";
export type { CorrectedSamples, SplitSummary } from "../training/train_data.ts";
export type { DataFingerprint, SplitFingerprint } from "../training/data_fingerprint.ts";
export {
  type ClassCounts,
  LOSS_NAMES,
  type LossName,
  type LossRecord,
} from "../../kernels/loss/definition.ts";
export type { ClassOptions } from "../dataset/classes.ts";
export type { Unannotated } from "../dataset/samples.ts";
export type { SwanLabOnlineOptions } from "../tracking/swanlab_online.ts";
export type { SwanLabAccess } from "../tracking/swanlab_client.ts";
