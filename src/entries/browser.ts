/**
 * Prediction in a web page: opening the GPU, the network, and what comes before and after it.
 * This module is browser compatible.
 *
 * @example Predict the mask of an image
 * ```ts
 * import { openGpu, packModel, Predictor, readModel, segment, UNet } from "@unet/deno-unet/browser";
 *
 * const gpu = await openGpu();
 * // A model of random weights; yours is what `train` wrote to best.safetensors.
 * const unet = await UNet.create(gpu, { filters: 1 }, { seed: 1 });
 * const input = { size: 64, normalize: "imagenet", threshold: 0.5 } as const;
 * const bytes = packModel({ state: await unet.stateDict(), description: { network: unet.config, ...input } });
 *
 * const predictor = await Predictor.create(gpu, await readModel(bytes));
 * const image = { width: 80, height: 60, data: new Uint8Array(3 * 80 * 60) }; // RGB, row by row
 * const [probabilities] = await predictor.predict([image]);
 * const { mask, summary } = segment(probabilities!, image);
 * console.log(mask.width, mask.height, summary.area, summary.rle.counts);
 * gpu.close();
 * ```
 *
 * @module
 */
export * from "./prediction.ts";
export { openVerifiedGpu as openGpu } from "../self_test/open_verified.ts";
export { annotationMask } from "../coco/segmentation.ts";
export { grayToRgb } from "../image/draw.ts";
export { LOOK_NAMES, type LookName } from "../phantom/looks.ts";
export { drawPhantomSlice, type PhantomSlice } from "../phantom/slice.ts";
export type { GrayImage } from "../image/image.ts";
export type { ClassCounts, LossName, LossRecord } from "../../kernels/loss/definition.ts";
export type { Augmentation } from "../../kernels/augment/augment.ts";
export type { MemoryUse } from "../training/batch_memory.ts";
export type { BatchKind, MicroBatch } from "../training/batch_runner.ts";
export type { Collective } from "../training/collective.ts";
export type { BatchMetrics, StepMetrics } from "../training/metrics_history.ts";
export { Trainer } from "../training/trainer.ts";
export type { TrainerOptions } from "../training/trainer_options.ts";
export type { StateBlocks, TrainerState } from "../training/trainer_state.ts";
export type { Remembered, VerdictMemory, Verdicts } from "../self_test/verdicts.ts";
export { readSafetensors, type SafetensorsFile } from "../weights/safetensors.ts";
