/**
 * What prediction and training have in common: the GPU's types, the network and its model files.
 * This module is browser compatible.
 *
 * @module
 */
export type { AdapterKind, KernelChoices, Need, VariantFacts } from "../../kernels/choices.ts";
export type { Access, Binding, Kernel } from "../../kernels/kernel.ts";
export type { Precision } from "../../kernels/storage.ts";
export type { AdapterDescription, GpuDescription, GpuLimits, GpuOptions } from "../gpu/adapter.ts";
export type { Arithmetic } from "../gpu/arithmetic.ts";
export { Gpu } from "../gpu/gpu.ts";
export { type Normalization, NORMALIZATIONS } from "../image/normalize.ts";
export type { StateDict, Tensor } from "../tensor.ts";
export type { Head } from "../../kernels/loss/definition.ts";
export type { ClassSpec } from "../image/class_spec.ts";
export type { UNetConfig } from "../unet/config.ts";
export {
  type Model,
  type ModelDescription,
  ORIGINAL_INPUT,
  packModel,
  readModel,
  type StoredModel,
} from "../unet/model_format.ts";
export type { ModelAppearance } from "../unet/model_appearance.ts";
export type { Calibration, MissedCurve } from "../unet/model_calibration.ts";
export type { Initialization, Parameter, ParameterTable } from "../unet/parameters.ts";
export { type LogitsOptions, UNet } from "../unet/unet.ts";
