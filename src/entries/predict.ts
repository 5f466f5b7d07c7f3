/**
 * Prediction: a model file and images to masks, probabilities and figures.
 *
 * @example Predict the mask of an image
 * ```ts
 * import { encodeRgbPng, decodeImage, openGpu, Predictor, segment, UNet } from "@unet/deno-unet/predict";
 *
 * const gpu = await openGpu();
 * // A model of random weights; loadModel({ run: "runs/original" }) reads a trained one.
 * const unet = await UNet.create(gpu, { filters: 1 }, { seed: 1 });
 * const input = { size: 64, normalize: "imagenet", threshold: 0.5 } as const;
 * const model = { state: await unet.stateDict(), description: { network: unet.config, ...input } };
 *
 * const predictor = await Predictor.create(gpu, model);
 * const image = await decodeImage(await encodeRgbPng({ width: 80, height: 60, data: new Uint8Array(3 * 80 * 60) }));
 * const [probabilities] = await predictor.predict([image]);
 * const { summary } = segment(probabilities!, image);
 * console.log(`${summary.area} pixels, at most ${summary.maxProbability.toFixed(2)}`);
 * gpu.close();
 * ```
 *
 * @module
 */
export * from "./prediction.ts";
export { openGpu, type OpenGpuOptions } from "../host/open_gpu.ts";
export type { DecodedRaster, ImageNote } from "../image/image.ts";
export { closeDecoders, decodeImage, decodeSamples } from "../image/decode.ts";
export { encodeGrayPng, encodeRgbPng } from "../image/encode.ts";
export type { GrayImage } from "../image/image.ts";
export { drawPrediction } from "../prediction/figure.ts";
export {
  findImages,
  type FoundImages,
  type PathProblem,
  type SearchOptions,
  type SkippedPaths,
} from "../prediction/image_files.ts";
export {
  type ClassNumbers,
  type ClassReport,
  type ImageNumbers,
  type ImageReport,
  type MaskReport,
  type ReportedLesion,
  type UncertaintyNumbers,
} from "../prediction/image_report.ts";
export type { BoxInMillimeters } from "../prediction/millimeters.ts";
export type { OutputFiles } from "../prediction/result_files.ts";
export { type NameOptions, outputNames, type ResultOwners } from "../prediction/result_names.ts";
export {
  findModelFile,
  type InputSettings,
  type LoadedModel,
  loadModel,
  type ModelChoice,
  type ModelOrigin,
  modelOrigin,
} from "../prediction/load_model.ts";
export {
  type CocoTarget,
  predictFiles,
  type PredictFilesOptions,
  type PredictFilesReport,
} from "../prediction/predict_files.ts";
export type { ResultOptions } from "../prediction/write_results.ts";
