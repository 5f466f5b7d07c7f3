/**
 * Medical image segmentation that trains and predicts wherever Deno runs: a UNet in hand-written WGSL on WebGPU, with its
 * data pipeline from COCO annotations to masks. Entries such as `./predict` hold a part of this one.
 *
 * @module
 */
export * from "./src/entries/coco.ts";
export * from "./src/entries/predict.ts";
export * from "./src/entries/train.ts";
export * from "./src/entries/weights.ts";
export type { LabelMap, LabelScheme } from "./src/image/label_map.ts";
export type { Category, ListedImage, SplitListing } from "./src/dataset/dataset_source.ts";
export type { FileLink } from "./src/dataset/file_links.ts";
export type { SplitName } from "./src/dataset/roles.ts";
export { findSplits, type Split, splitOf, type SplitRole } from "./src/dataset/splits.ts";
export {
  readSplit,
  type Sample,
  type SplitOptions,
  type SplitReading,
  UNANNOTATED,
  type Unannotated,
} from "./src/dataset/samples.ts";
export type { LabelPositions } from "./src/dataset/patches.ts";
export type { PatchWindow } from "./src/dataset/whole_record.ts";
export type { Fit, Frame, InputExtents } from "./src/image/input_frame.ts";
export { type PrepareOptions, prepareSplit } from "./src/dataset/prepare.ts";
export { type Batch, PreparedSplit, type PreparedStore } from "./src/dataset/prepared_split.ts";
export { batches, type BatchOptions, type ServedBatch } from "./src/dataset/batches.ts";
export type { Ranks, Share } from "./src/ranks/share.ts";
export {
  type DatasetReport,
  inspectDataset,
  type InspectOptions,
  type NearDuplicateReport,
  type SharedNote,
  type SplitReport,
} from "./src/dataset/inspect.ts";
export {
  appendCorrection,
  type Before,
  type CorrectedImage,
  type CorrectedRegion,
  type Correction,
  CorrectionConflict,
  type CorrectionImage,
  type CorrectionRecord,
  type Corrections,
  type CorrectionSource,
  newestOf,
  readCorrections,
} from "./src/dataset/corrections.ts";
export type { CorrectionsReport } from "./src/dataset/corrections_merge.ts";
export type { DepthReport } from "./src/dataset/depths.ts";
export { type MasksReport, writeMasks, type WriteMasksOptions } from "./src/dataset/write_masks.ts";
export {
  type LeftOut,
  resplitDataset,
  type ResplitGroups,
  type ResplitOptions,
  type ResplitPhase,
  type ResplitReport,
  type ResplitSplit,
  type Shares,
} from "./src/resplit/resplit.ts";
export {
  importDataset,
  type ImportOptions,
  type ImportPhase,
  type ImportReport,
} from "./src/import/import_dataset.ts";
export type { ImportedSplit } from "./src/import/write_splits.ts";
export type { ClassOptions, ClassTable } from "./src/dataset/classes.ts";
export type { ClassShare, OverlapShare, PixelShares } from "./src/dataset/pixel_shares.ts";
export type { TargetForm } from "./src/dataset/targets.ts";
export type { LeftOutFiles, RecognizeOptions } from "./src/import/import_kind.ts";
export type { SplitCounts } from "./src/import/write_dataset.ts";
export type { DuplicateFile, DuplicateReason, NearDuplicate } from "./src/dataset/near_duplicates.ts";
export { decodeLabelImage } from "./src/image/decode.ts";
export type { LabelImage, LabelKind } from "./src/image/label_image.ts";
export { encodeJpeg } from "./src/image/encode.ts";
export { type Color, grayToRgb, maskToRgb, overlayMask, type OverlayOptions } from "./src/image/draw.ts";
export { drawFigure, type FigureOptions, type Panel } from "./src/image/draw_figure.ts";
export type { LegendEntry } from "./src/image/draw_legend.ts";
export { createRunId, syncCommand } from "./src/tracking/swanlab_format.ts";
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
export { selfTest, type SelfTestFilter, type SelfTestResult } from "./src/self_test/self_test.ts";
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
} from "./src/phantom/phantom.ts";
export { LOOK_NAMES, type LookName } from "./src/phantom/looks.ts";
export { drawPhantomSlice, type PhantomSlice } from "./src/phantom/slice.ts";
export { type Components, labelComponents } from "./src/image/components.ts";
export {
  type MaskMetrics,
  maskMetrics,
  METRIC_NAMES,
  type MetricName,
  type MetricOptions,
} from "./src/evaluation/metrics.ts";
export type { SurfaceMetrics } from "./src/evaluation/surface.ts";
export {
  countPixels,
  type OverlapMetrics,
  overlapMetrics,
  type PixelCounts,
} from "./src/evaluation/pixel_counts.ts";
export { type LesionMatch, matchLesions } from "./src/evaluation/lesions.ts";
export {
  type ClassMasks,
  type ClassScore,
  type ImageScore,
  type LesionCounts,
  type MaskScore,
  scoreClasses,
  scoreImage,
} from "./src/evaluation/image_score.ts";
export type { MetricSummary } from "./src/evaluation/metric_summary.ts";
export type { ClassMeans, ClassSummary } from "./src/evaluation/class_summary.ts";
export { type EvaluationSummary, summarize } from "./src/evaluation/summary.ts";
export type { BootstrapOptions } from "./src/evaluation/statistics.ts";
export { formatScores } from "./src/evaluation/csv.ts";
export { formatSummary, type SummaryTextOptions } from "./src/evaluation/summary_text.ts";
export {
  AUDIT_REASONS,
  type AuditFinding,
  auditImage,
  type AuditKind,
  type AuditOptions,
  rankFindings,
} from "./src/evaluation/audit.ts";
export {
  evaluateSplit,
  type EvaluateSplitOptions,
  type SplitEvaluation,
} from "./src/evaluation/evaluate_split.ts";
export type { ImageMaps } from "./src/evaluation/map_sheet.ts";
export type { StoredMaps } from "./src/evaluation/map_storage.ts";
export { batchLoss, type BatchLossOptions, type Loss, type SplitLoss } from "./src/evaluation/split_loss.ts";
export {
  type EvaluatedSource,
  type EvaluationReport,
  runEvaluation,
  type RunEvaluationOptions,
} from "./src/evaluation/run_evaluation.ts";
export type { EvaluationFiles } from "./src/evaluation/evaluation_files.ts";
export { formatEvaluation } from "./src/evaluation/report_text.ts";
export type { PreparedSource } from "./src/dataset/prepared_split.ts";
export type { AppearanceSummary } from "./src/evaluation/appearance_summary.ts";
export type { HeldOut } from "./src/evaluation/bind_models.ts";
export type {
  BudgetCandidate,
  BudgetChoice,
  BudgetForm,
  BudgetSettings,
} from "./src/training/budget_choice.ts";
export type { AutoChoice, AutoSetting } from "./src/training/auto/auto_choice.ts";
export type { DatasetProfile, Spread } from "./src/training/auto/profile.ts";
export type { Speed, SpeedPoint } from "./src/training/step_speed.ts";
export type { FoldChoice } from "./src/training/folds/fold_splits.ts";
