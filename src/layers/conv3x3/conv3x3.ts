/**
 * The 3 x 3 convolution, by the algorithm chosen for its shape.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Nchw } from "../../../kernels/shape.ts";
import type { ConvVariant } from "../../../kernels/variants.ts";
import type { Builder } from "../builder.ts";
import { chooseConv } from "../choose.ts";
import { biasGradient } from "../parameter_gradient.ts";
import type { Conv3x3Algorithm, ConvLayer } from "./algorithm.ts";
import { direct } from "./direct.ts";
import { fused } from "./fused.ts";
import { im2col } from "./im2col.ts";
import { small } from "./small.ts";
import { winograd } from "./winograd.ts";

/** The algorithm of each variant in `kernels/variants.ts`. */
export const CONV3X3_ALGORITHMS: Readonly<Record<ConvVariant, Conv3x3Algorithm>> = {
  direct,
  fused,
  im2col,
  small,
  winograd2: winograd(2),
  winograd4: winograd(4),
};

/** The 3 x 3 convolution, by the algorithm chosen for its shape. Its weight gradient comes with that of the bias. */
export const conv3x3: Conv3x3Algorithm = {
  sumsBias: true,
  forward(builder, layer, sources, output, epilogue) {
    const algorithm = choose(builder, layer, output.shape, false);
    algorithm.forward(builder, layer, sources, output, epilogue);
  },
  inputGradients(builder, layer, sources, shape, gradient) {
    const algorithm = choose(builder, layer, shape, true);
    algorithm.inputGradients(builder, layer, sources, shape, gradient);
  },
  weightGradient(builder, layer, sources, shape, gradient) {
    const algorithm = choose(builder, layer, shape, false);
    if (!algorithm.sumsBias) biasGradient(builder, layer.name, shape, gradient);
    algorithm.weightGradient(builder, layer, sources, shape, gradient);
  },
};

/** Gradients of inputs are convolutions with flipped weights, whose rows are the layer's inputs. */
function choose(builder: Builder, layer: ConvLayer, shape: Nchw, flipped: boolean): Conv3x3Algorithm {
  const weights = { ...layer, flipped, firstRow: 0, rows: flipped ? layer.inputs : layer.outputs };
  return CONV3X3_ALGORITHMS[chooseConv(builder.target, builder.wholeBatch(shape), weights)];
}
