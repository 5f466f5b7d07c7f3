/**
 * Prediction as a page and Deno have it in common. This module is browser compatible.
 *
 * @module
 */
export * from "./network.ts";
export { decodeRle, encodeRle, type Rle } from "../coco/rle.ts";
export { type Box, keepLargest, type Lesion, removeSmall } from "../image/components.ts";
export { displayImage } from "../image/display.ts";
export type {
  Raster,
  RgbImage,
  SampleData,
  SampleImage,
  SampleRange,
  Size,
  Spacing,
} from "../image/image.ts";
export type { Mask } from "../image/mask.ts";
export type { Fit, InputExtents } from "../image/input_frame.ts";
export { type InputForm, networkInput } from "../image/network_input.ts";
export { normalizeImage } from "../image/normalize.ts";
export { resizeImage, resizeMask } from "../image/resize.ts";
export {
  type PredictedLesion,
  segment,
  type Segmentation,
  type SegmentationSummary,
  type SegmentOptions,
  thresholdMask,
} from "../prediction/postprocess.ts";
export type { ImageAppearance } from "../appearance/appearance.ts";
export type { Adaptation } from "../prediction/adapt.ts";
export {
  type ImageName,
  type ImagePredictor,
  type PredictOptions,
  Predictor,
  type PredictorOptions,
} from "../prediction/predictor.ts";
export { segmentClasses, type SegmentClassesOptions } from "../prediction/segment_classes.ts";
export { type ProbabilityMap, resizeProbabilities, toProbabilityMap } from "../prediction/probability_map.ts";
