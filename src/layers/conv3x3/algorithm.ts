/**
 * What an algorithm for the 3 x 3 convolution does.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Epilogue } from "../../../kernels/conv2d/epilogue.ts";
import type { Nchw } from "../../../kernels/shape.ts";
import type { Region } from "../../graph/recorder.ts";
import type { Activation } from "../activation.ts";
import type { Builder } from "../builder.ts";

/** A convolution's name and channels. */
export interface ConvLayer {
  /** Such as `down1.conv1`; its parameters are `.weight` and `.bias`. */
  readonly name: string;
  /** Input channels. */
  readonly inputs: number;
  /** Output channels. */
  readonly outputs: number;
}

/**
 * A 3 x 3 convolution with zero padding 1 over the concatenated channels of its sources. In both backward functions
 * `gradient` is that of the convolution's result, of shape `shape`.
 */
export interface Conv3x3Algorithm {
  /** Whether {@linkcode Conv3x3Algorithm.weightGradient} records the gradient of the bias, too. */
  readonly sumsBias?: true;
  /** Records `output = epilogue(convolution)`. */
  forward(
    builder: Builder,
    layer: ConvLayer,
    sources: readonly Activation[],
    output: Activation,
    epilogue: Epilogue,
  ): void;
  /** Records the gradients of all sources. */
  inputGradients(
    builder: Builder,
    layer: ConvLayer,
    sources: readonly Activation[],
    shape: Nchw,
    gradient: Region,
  ): void;
  /** Records the gradient of the weights. */
  weightGradient(
    builder: Builder,
    layer: ConvLayer,
    sources: readonly Activation[],
    shape: Nchw,
    gradient: Region,
  ): void;
}
