/**
 * Medical image segmentation that trains and runs anywhere Deno runs: a UNet in hand-written WGSL on WebGPU,
 * with its data road from COCO annotations to masks.
 *
 * @module
 */
export type { StateDict, Tensor } from "./src/tensor.ts";
export type { LabelMap } from "./src/image/label_map.ts";
export type { Mask } from "./src/image/mask.ts";
export {
  type CocoAnnotation,
  type CocoCategory,
  CocoDataset,
  type CocoImage,
  type ImageState,
  readCoco,
} from "./src/coco/coco.ts";
export { type Problem, PROBLEM_KINDS, type ProblemKind } from "./src/coco/problems.ts";
export { decodeRle, encodeRle, type Rle } from "./src/coco/rle.ts";
export { annotationMask, type CocoSegmentation } from "./src/coco/segmentation.ts";
export { findSplits, type Split, splitOf, type SplitRole } from "./src/dataset/splits.ts";
export {
  readSplit,
  type Sample,
  type SplitOptions,
  type SplitReading,
  UNANNOTATED,
  type Unannotated,
} from "./src/dataset/samples.ts";
export { type PrepareOptions, prepareSplit } from "./src/dataset/prepare.ts";
export { type Batch, PreparedSplit, type PreparedStore } from "./src/dataset/prepared_split.ts";
export { batches, type BatchOptions } from "./src/dataset/batches.ts";
export {
  type DatasetReport,
  inspectDataset,
  type InspectOptions,
  type LeakReport,
  type SplitReport,
} from "./src/dataset/inspect.ts";
export { type MasksReport, writeMasks, type WriteMasksOptions } from "./src/dataset/masks.ts";
export {
  type DealtSplit,
  regroupDataset,
  type RegroupedSplit,
  type RegroupGroups,
  type RegroupOptions,
  type RegroupPhase,
  type RegroupReport,
  type Shares,
} from "./src/resplit/resplit.ts";
export type { Leak, LeakedFile, LeakReason } from "./src/dataset/near_duplicates.ts";
export type { GrayImage, RgbImage, Size } from "./src/image/image.ts";
export { closeDecoders, decodeImage } from "./src/image/decode.ts";
export { encodeGrayPng, encodeJpeg, encodeRgbPng } from "./src/image/encode.ts";
export { type Normalization, normalizeImage } from "./src/image/normalize.ts";
export { resizeImage, resizeMask } from "./src/image/resize.ts";
export { type Color, grayToRgb, maskToRgb, overlayMask, type OverlayOptions } from "./src/image/draw.ts";
export { drawFigure, type FigureOptions, type Panel } from "./src/image/draw_figure.ts";
export { readSafetensors, type SafetensorsFile, writeSafetensors } from "./src/weights/safetensors.ts";
export { readTorchCheckpoint } from "./src/weights/torch_checkpoint.ts";
export { writeTorchCheckpoint } from "./src/weights/torch_writer.ts";
export {
  readWeights,
  type WeightsFile,
  type WeightsFormat,
  weightsFormatOf,
  writeWeights,
} from "./src/weights/weights_file.ts";
export { openTracker, Tracker, type TrackerOptions } from "./src/tracking/tracker.ts";
export { type EpochRecord, readRunLog, RunLog } from "./src/tracking/run_log.ts";
export type {
  Config,
  Metrics,
  RunEnd,
  RunState,
  Sink,
  TrackedImage,
  TrackedText,
} from "./src/tracking/sink.ts";
export type { SwanLabAccess } from "./src/tracking/swanlab_client.ts";
export type { SwanLabOnlineOptions } from "./src/tracking/swanlab_online.ts";
export { createRunId, syncCommand } from "./src/tracking/swanlab_format.ts";
export {
  type AdapterDescription,
  describeGpu,
  type GpuDescription,
  type GpuLimits,
  type GpuOptions,
} from "./src/gpu/adapter.ts";
export { Gpu } from "./src/gpu/gpu.ts";
export { openGpu, type OpenGpuOptions } from "./src/host/open_gpu.ts";
export type { UNetConfig } from "./src/unet/config.ts";
export { inferConfig, type Parameter, type ParameterTable } from "./src/unet/parameters.ts";
export { UNet } from "./src/unet/unet.ts";
export {
  type Model,
  type ModelDescription,
  ORIGINAL_INPUT,
  packModel,
  readModel,
  type StoredModel,
} from "./src/unet/model_format.ts";
export {
  type BatchMetrics,
  type StepMetrics,
  Trainer,
  type TrainerOptions,
  type TrainerState,
} from "./src/training/trainer.ts";
export type { MemoryUse } from "./src/training/batch_memory.ts";
export type { AtOnce, BatchKind } from "./src/training/batch_runner.ts";
export type { Augmentation } from "./kernels/augment/augment.ts";
export type { Access, Binding, Kernel } from "./kernels/kernel.ts";
export type { Precision } from "./kernels/storage.ts";
export type { AdapterKind, KernelChoices, Need, VariantFacts } from "./kernels/choices.ts";
export { defaultChoices } from "./kernels/variants.ts";
export type { Timing } from "./src/tuning/timing.ts";
export { type TunedClass, tuneKernels, type TuneOptions, type Tuning } from "./src/tuning/tune.ts";
export {
  type AdapterReport,
  type Ailment,
  diagnose,
  type Diagnosis,
  type FeatureTest,
} from "./src/host/diagnose.ts";
export type { Backend } from "./src/host/driver.ts";
export { selfTest, type SelfTestResult } from "./src/self_test/self_test.ts";
export {
  DATASET_URL,
  download,
  type DownloadOptions,
  type DownloadProgress,
  type DownloadResult,
} from "./src/archive/download.ts";
export { unzip, type UnzipOptions, type UnzipProgress, type UnzipResult } from "./src/archive/unzip.ts";
export {
  makePhantom,
  type PhantomCounts,
  type PhantomOptions,
  type PhantomReport,
  type PhantomSplit,
} from "./src/phantom/phantom.ts";
export { drawPhantomSlice, type PhantomSlice } from "./src/phantom/slice.ts";
export {
  type Box,
  type Components,
  keepLargest,
  labelComponents,
  type Lesion,
  removeSmall,
} from "./src/image/components.ts";
export {
  type ProbabilityMap,
  resizeProbabilities,
  toProbabilityMap,
} from "./src/prediction/probability_map.ts";
export {
  type PredictedLesion,
  segment,
  type Segmentation,
  type SegmentationSummary,
  type SegmentOptions,
  thresholdMask,
} from "./src/prediction/postprocess.ts";
export {
  type MaskMetrics,
  maskMetrics,
  METRIC_NAMES,
  type MetricName,
  type MetricOptions,
} from "./src/evaluation/metrics.ts";
export type { Spacing } from "./src/image/image.ts";
export type { SurfaceMetrics } from "./src/evaluation/surface.ts";
export {
  countPixels,
  type OverlapMetrics,
  overlapMetrics,
  type PixelCounts,
} from "./src/evaluation/pixel_counts.ts";
export { type LesionMatch, matchLesions } from "./src/evaluation/lesions.ts";
export {
  type EvaluationSummary,
  type ImageScore,
  type LesionCounts,
  type MetricSummary,
  scoreImage,
  summarize,
} from "./src/evaluation/summary.ts";
export type { BootstrapOptions } from "./src/evaluation/statistics.ts";
export { formatScores } from "./src/evaluation/csv.ts";
export { formatSummary, type SummaryTextOptions } from "./src/evaluation/report_text.ts";
export {
  AUDIT_REASONS,
  type AuditFinding,
  auditImage,
  type AuditKind,
  type AuditOptions,
  rankFindings,
} from "./src/evaluation/audit.ts";
export {
  findModelFile,
  type LoadedModel,
  loadModel,
  type ModelChoice,
  type ModelOrigin,
  modelOrigin,
} from "./src/prediction/load_model.ts";
export { Predictor, type PredictorOptions } from "./src/prediction/predictor.ts";
export { drawPrediction } from "./src/prediction/figure.ts";
export {
  findImages,
  type FoundImages,
  type OutputFiles,
  outputNames,
  type PathProblem,
} from "./src/prediction/image_files.ts";
export {
  type ImageReport,
  predictFiles,
  type PredictFilesOptions,
  type PredictFilesReport,
} from "./src/prediction/predict_files.ts";
export {
  planRun,
  type PlanRunOptions,
  type RunPlan,
  type TrackingOptions,
  type TrainResult,
  trainRun,
  type TrainRunOptions,
} from "./src/training/run.ts";
export type { EpochReport, PassProgress, RunSoFar, TrainCallbacks } from "./src/training/events.ts";
export type { ChoicesFrom, PlannedMemory, TrainPlan } from "./src/training/train_plan.ts";
export { type Schedule, SCHEDULES, type TrainConfig } from "./src/training/config.ts";
export { completeTrainConfig, RECIPES } from "./src/training/recipe.ts";
export { AUGMENTATION_SYNTAX, formatAugmentation, parseAugmentation } from "./src/training/augmentation.ts";
export type { BestEpoch } from "./src/training/checkpoint.ts";
export type { SplitSummary } from "./src/training/data.ts";
export type { DataFingerprint, SplitFingerprint } from "./src/training/data_fingerprint.ts";
export { evaluateSplit, type EvaluateSplitOptions, type SplitEvaluation } from "./src/evaluation/evaluate.ts";
export { batchLoss, type Loss, type SplitLoss } from "./src/evaluation/loss.ts";
export {
  type EvaluationReport,
  runEvaluation,
  type RunEvaluationOptions,
} from "./src/evaluation/run_evaluation.ts";
export type { EvaluationFiles } from "./src/evaluation/evaluation_files.ts";
export { formatEvaluation } from "./src/evaluation/evaluation_text.ts";
