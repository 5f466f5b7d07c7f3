/**
 * COCO annotations: reading them, and masks from their polygons and run-length codes.
 *
 * @example The mask of one annotation
 * ```ts
 * import { encodeRle, readCoco } from "@unet/deno-unet/coco";
 *
 * const dataset = readCoco(JSON.stringify({
 *   images: [{ id: 1, file_name: "a.png", width: 8, height: 8 }],
 *   categories: [{ id: 1, name: "lesion" }],
 *   annotations: [{ id: 1, image_id: 1, category_id: 1, segmentation: [[2, 2, 6, 2, 6, 6, 2, 6]] }],
 * }));
 * const mask = dataset.mask(1); // 8 x 8, row by row, 0 or 1
 * console.log(encodeRle(mask).counts);
 * ```
 *
 * @module
 */
export {
  type CocoAnnotation,
  type CocoCategory,
  CocoDataset,
  type CocoId,
  type CocoImage,
  type CocoOptions,
  type ImageState,
  type Labeling,
  readCoco,
} from "../coco/coco.ts";
export { type Problem, PROBLEM_KINDS, type ProblemKind } from "../coco/problems.ts";
export { decodeRle, encodeRle, type Rle } from "../coco/rle.ts";
export { annotationMask, type CocoSegmentation } from "../coco/segmentation.ts";
export type { Size } from "../image/image.ts";
export type { ComposeOptions } from "../image/compose_labels.ts";
export type { LabelMap } from "../image/label_map.ts";
export type { Mask } from "../image/mask.ts";
export { resizeMask } from "../image/resize.ts";
