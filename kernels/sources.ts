/**
 * The text of every kernel file and of the host file that sets its constants, to hash: what was found out about kernels
 * holds until one of these changes. A test proves that the list is complete.
 *
 * This module is browser compatible.
 *
 * @module
 */
import accumulationHost from "./accumulation.ts" with { type: "text" };
import adamHost from "./adam/adam.ts" with { type: "text" };
import adamCode from "./adam/adam.wgsl" with { type: "text" };
import adamAverageCode from "./adam/adam_average.wgsl" with { type: "text" };
import augmentHost from "./augment/augment.ts" with { type: "text" };
import augmentCode from "./augment/augment.wgsl" with { type: "text" };
import augmentToneCode from "./augment/tone.wgsl" with { type: "text" };
import averageHost from "./average/average.ts" with { type: "text" };
import averageCode from "./average/average.wgsl" with { type: "text" };
import bandsHost from "./bands.ts" with { type: "text" };
import choicesHost from "./choices.ts" with { type: "text" };
import clipHost from "./clip/clip.ts" with { type: "text" };
import clipScaleCode from "./clip/scale.wgsl" with { type: "text" };
import clipSquaresCode from "./clip/squares.wgsl" with { type: "text" };
import conv1x1Host from "./conv1x1/conv1x1.ts" with { type: "text" };
import conv1x1DgradCode from "./conv1x1/dgrad.wgsl" with { type: "text" };
import conv1x1ForwardCode from "./conv1x1/forward.wgsl" with { type: "text" };
import conv1x1WgradCode from "./conv1x1/wgrad.wgsl" with { type: "text" };
import conv2dCol2imCode from "./conv2d/col2im.wgsl" with { type: "text" };
import conv2dDirectHost from "./conv2d/direct.ts" with { type: "text" };
import conv2dDirectCode from "./conv2d/direct.wgsl" with { type: "text" };
import conv2dDirectPackCode from "./conv2d/direct_pack.wgsl" with { type: "text" };
import conv2dDirectWgradCode from "./conv2d/direct_wgrad.wgsl" with { type: "text" };
import conv2dEpilogueHost from "./conv2d/epilogue.ts" with { type: "text" };
import conv2dFusedHost from "./conv2d/fused.ts" with { type: "text" };
import conv2dFusedDgradCode from "./conv2d/fused_dgrad.wgsl" with { type: "text" };
import conv2dFusedForwardCode from "./conv2d/fused_forward.wgsl" with { type: "text" };
import conv2dFusedWgradCode from "./conv2d/fused_wgrad.wgsl" with { type: "text" };
import conv2dIm2colHost from "./conv2d/im2col.ts" with { type: "text" };
import conv2dIm2colCode from "./conv2d/im2col.wgsl" with { type: "text" };
import conv2dSmallHost from "./conv2d/small.ts" with { type: "text" };
import conv2dSmallDgradCode from "./conv2d/small_dgrad.wgsl" with { type: "text" };
import conv2dSmallForwardCode from "./conv2d/small_forward.wgsl" with { type: "text" };
import conv2dSmallWgradCode from "./conv2d/small_wgrad.wgsl" with { type: "text" };
import conv2dWinogradHost from "./conv2d/winograd.ts" with { type: "text" };
import conv2dWinograd2GradCode from "./conv2d/winograd2_grad.wgsl" with { type: "text" };
import conv2dWinograd2InputCode from "./conv2d/winograd2_input.wgsl" with { type: "text" };
import conv2dWinograd2OutputCode from "./conv2d/winograd2_output.wgsl" with { type: "text" };
import conv2dWinograd2WeightCode from "./conv2d/winograd2_weight.wgsl" with { type: "text" };
import conv2dWinograd2WeightGradCode from "./conv2d/winograd2_weight_grad.wgsl" with { type: "text" };
import conv2dWinograd4GradCode from "./conv2d/winograd4_grad.wgsl" with { type: "text" };
import conv2dWinograd4GradPairsCode from "./conv2d/winograd4_grad_pairs.wgsl" with { type: "text" };
import conv2dWinograd4InputCode from "./conv2d/winograd4_input.wgsl" with { type: "text" };
import conv2dWinograd4InputLanesCode from "./conv2d/winograd4_input_lanes.wgsl" with { type: "text" };
import conv2dWinograd4InputPairsCode from "./conv2d/winograd4_input_pairs.wgsl" with { type: "text" };
import conv2dWinograd4OutputCode from "./conv2d/winograd4_output.wgsl" with { type: "text" };
import conv2dWinograd4OutputLanesCode from "./conv2d/winograd4_output_lanes.wgsl" with { type: "text" };
import conv2dWinograd4OutputPairsCode from "./conv2d/winograd4_output_pairs.wgsl" with { type: "text" };
import conv2dWinograd4WeightCode from "./conv2d/winograd4_weight.wgsl" with { type: "text" };
import conv2dWinograd4WeightPairsCode from "./conv2d/winograd4_weight_pairs.wgsl" with { type: "text" };
import conv2dWinograd4WeightGradCode from "./conv2d/winograd4_weight_grad.wgsl" with { type: "text" };
import conv2dWinograd4WeightGradPairsCode from "./conv2d/winograd4_weight_grad_pairs.wgsl" with {
  type: "text",
};
import convTranspose2dHost from "./conv_transpose2d/conv_transpose2d.ts" with { type: "text" };
import convTranspose2dDgradCode from "./conv_transpose2d/dgrad.wgsl" with { type: "text" };
import convTranspose2dDgradRaggedCode from "./conv_transpose2d/dgrad_ragged.wgsl" with { type: "text" };
import convTranspose2dForwardCode from "./conv_transpose2d/forward.wgsl" with { type: "text" };
import convTranspose2dForwardRaggedCode from "./conv_transpose2d/forward_ragged.wgsl" with { type: "text" };
import convTranspose2dSubgroupHost from "./conv_transpose2d/subgroup.ts" with { type: "text" };
import convTranspose2dSubgroupDgradCode from "./conv_transpose2d/subgroup_dgrad.wgsl" with { type: "text" };
import convTranspose2dSubgroupForwardCode from "./conv_transpose2d/subgroup_forward.wgsl" with {
  type: "text",
};
import convTranspose2dSubgroupWgradCode from "./conv_transpose2d/subgroup_wgrad.wgsl" with { type: "text" };
import convTranspose2dTiledDgradCode from "./conv_transpose2d/tiled_dgrad.wgsl" with { type: "text" };
import convTranspose2dTiledForwardCode from "./conv_transpose2d/tiled_forward.wgsl" with { type: "text" };
import convTranspose2dTiledWgradCode from "./conv_transpose2d/tiled_wgrad.wgsl" with { type: "text" };
import convTranspose2dWgradCode from "./conv_transpose2d/wgrad.wgsl" with { type: "text" };
import convTranspose2dWgradRaggedCode from "./conv_transpose2d/wgrad_ragged.wgsl" with { type: "text" };
import dropoutHost from "./dropout/dropout.ts" with { type: "text" };
import dropoutForwardCode from "./dropout/forward.wgsl" with { type: "text" };
import gemmHost from "./gemm/gemm.ts" with { type: "text" };
import gemmNnCode from "./gemm/nn.wgsl" with { type: "text" };
import gemmNnHighCode from "./gemm/nn_high.wgsl" with { type: "text" };
import gemmNnPanelCode from "./gemm/nn_panel.wgsl" with { type: "text" };
import gemmNnUniformCode from "./gemm/nn_uniform.wgsl" with { type: "text" };
import gemmNnWideCode from "./gemm/nn_wide.wgsl" with { type: "text" };
import gemmTileHost from "./gemm/tile.ts" with { type: "text" };
import gemmTiledCode from "./gemm/tiled.wgsl" with { type: "text" };
import gemmTransposeCode from "./gemm/transpose.wgsl" with { type: "text" };
import gridHost from "./grid.ts" with { type: "text" };
import instanceNormAffineCode from "./instance_norm/affine.wgsl" with { type: "text" };
import instanceNormBackwardCode from "./instance_norm/backward.wgsl" with { type: "text" };
import instanceNormBackwardBandsCode from "./instance_norm/backward_bands.wgsl" with { type: "text" };
import instanceNormBackwardSumsCode from "./instance_norm/backward_sums.wgsl" with { type: "text" };
import instanceNormBandsCode from "./instance_norm/bands.wgsl" with { type: "text" };
import instanceNormHost from "./instance_norm/instance_norm.ts" with { type: "text" };
import kernelHost from "./kernel.ts" with { type: "text" };
import lossBatchHost from "./loss/batch_loss.ts" with { type: "text" };
import lossDefinitionHost from "./loss/definition.ts" with { type: "text" };
import lossGradientCode from "./loss/gradient.wgsl" with { type: "text" };
import lossHost from "./loss/loss.ts" with { type: "text" };
import lossesHost from "./loss/losses.ts" with { type: "text" };
import { LOSS_PARTS } from "./loss/losses.ts";
import lossSoftmaxGradientCode from "./loss/softmax_gradient.wgsl" with { type: "text" };
import lossSoftmaxPixelsCode from "./loss/softmax_pixels.wgsl" with { type: "text" };
import lossSoftmaxSumsCode from "./loss/softmax_sums.wgsl" with { type: "text" };
import lossSumsCode from "./loss/sums.wgsl" with { type: "text" };
import lossTotalCode from "./loss/total.wgsl" with { type: "text" };
import maxPool2dBackwardCode from "./max_pool2d/backward.wgsl" with { type: "text" };
import maxPool2dForwardCode from "./max_pool2d/forward.wgsl" with { type: "text" };
import maxPool2dHost from "./max_pool2d/max_pool2d.ts" with { type: "text" };
import paramsHost from "./params.ts" with { type: "text" };
import partsAccumulateCode from "./parts/accumulate.wgsl" with { type: "text" };
import partsAccumulateVectorsCode from "./parts/accumulate_vectors.wgsl" with { type: "text" };
import partsAdamCode from "./parts/adam.wgsl" with { type: "text" };
import partsEpilogueCode from "./parts/epilogue.wgsl" with { type: "text" };
import partsFusedCode from "./parts/fused.wgsl" with { type: "text" };
import partsFusedProductCode from "./parts/fused_product.wgsl" with { type: "text" };
import partsLossCode from "./parts/loss.wgsl" with { type: "text" };
import partsOuterCode from "./parts/outer.wgsl" with { type: "text" };
import partsHost from "./parts/parts.ts" with { type: "text" };
import partsPairsCode from "./parts/pairs.wgsl" with { type: "text" };
import partsPcg4dCode from "./parts/pcg4d.wgsl" with { type: "text" };
import partsPooledCode from "./parts/pooled.wgsl" with { type: "text" };
import partsProductCode from "./parts/product.wgsl" with { type: "text" };
import partsProductParamsCode from "./parts/product_params.wgsl" with { type: "text" };
import partsQuotientCode from "./parts/quotient.wgsl" with { type: "text" };
import partsReluCode from "./parts/relu.wgsl" with { type: "text" };
import partsSmallMapsCode from "./parts/small_maps.wgsl" with { type: "text" };
import partsStepCode from "./parts/step.wgsl" with { type: "text" };
import partsTapsCode from "./parts/taps.wgsl" with { type: "text" };
import partsTileCode from "./parts/tile.wgsl" with { type: "text" };
import partsWinograd4GradientCode from "./parts/winograd4_gradient.wgsl" with { type: "text" };
import partsWinograd4PatchCode from "./parts/winograd4_patch.wgsl" with { type: "text" };
import partsWinograd4ResultCode from "./parts/winograd4_result.wgsl" with { type: "text" };
import partsWinograd4TapsCode from "./parts/winograd4_taps.wgsl" with { type: "text" };
import partsWinograd4TapsGradientCode from "./parts/winograd4_taps_gradient.wgsl" with { type: "text" };
import partsWinogradParamsCode from "./parts/winograd_params.wgsl" with { type: "text" };
import probeComputeCode from "./probe/compute.wgsl" with { type: "text" };
import probeF16Code from "./probe/f16.wgsl" with { type: "text" };
import probeMultiplyAddHost from "./probe/multiply_add.ts" with { type: "text" };
import probeMultiplyAddCode from "./probe/multiply_add.wgsl" with { type: "text" };
import probeHost from "./probe/probe.ts" with { type: "text" };
import probeSubgroupsCode from "./probe/subgroups.wgsl" with { type: "text" };
import reduceChannelSumsCode from "./reduce/channel_sums.wgsl" with { type: "text" };
import reduceChannelTotalsCode from "./reduce/channel_totals.wgsl" with { type: "text" };
import reduceHost from "./reduce/reduce.ts" with { type: "text" };
import reduceRowsCode from "./reduce/rows.wgsl" with { type: "text" };
import reduceRowsSubgroupCode from "./reduce/rows_subgroup.wgsl" with { type: "text" };
import shapeHost from "./shape.ts" with { type: "text" };
import specializeHost from "./specialize.ts" with { type: "text" };
import storageHost from "./storage.ts" with { type: "text" };
import variantsHost from "./variants.ts" with { type: "text" };
import windowsAccumulateCode from "./windows/accumulate.wgsl" with { type: "text" };
import windowsHost from "./windows/windows.ts" with { type: "text" };
import wordsHost from "./words.ts" with { type: "text" };

/** Texts by their paths below `kernels/`. */
export const KERNEL_SOURCES: ReadonlyMap<string, string> = new Map([
  ["accumulation.ts", accumulationHost],
  ["adam/adam.ts", adamHost],
  ["adam/adam.wgsl", adamCode],
  ["adam/adam_average.wgsl", adamAverageCode],
  ["augment/augment.ts", augmentHost],
  ["augment/augment.wgsl", augmentCode],
  ["augment/tone.wgsl", augmentToneCode],
  ["average/average.ts", averageHost],
  ["average/average.wgsl", averageCode],
  ["bands.ts", bandsHost],
  ["choices.ts", choicesHost],
  ["clip/clip.ts", clipHost],
  ["clip/scale.wgsl", clipScaleCode],
  ["clip/squares.wgsl", clipSquaresCode],
  ["conv1x1/conv1x1.ts", conv1x1Host],
  ["conv1x1/dgrad.wgsl", conv1x1DgradCode],
  ["conv1x1/forward.wgsl", conv1x1ForwardCode],
  ["conv1x1/wgrad.wgsl", conv1x1WgradCode],
  ["conv2d/col2im.wgsl", conv2dCol2imCode],
  ["conv2d/direct.ts", conv2dDirectHost],
  ["conv2d/direct.wgsl", conv2dDirectCode],
  ["conv2d/direct_pack.wgsl", conv2dDirectPackCode],
  ["conv2d/direct_wgrad.wgsl", conv2dDirectWgradCode],
  ["conv2d/epilogue.ts", conv2dEpilogueHost],
  ["conv2d/fused.ts", conv2dFusedHost],
  ["conv2d/fused_dgrad.wgsl", conv2dFusedDgradCode],
  ["conv2d/fused_forward.wgsl", conv2dFusedForwardCode],
  ["conv2d/fused_wgrad.wgsl", conv2dFusedWgradCode],
  ["conv2d/im2col.ts", conv2dIm2colHost],
  ["conv2d/im2col.wgsl", conv2dIm2colCode],
  ["conv2d/small.ts", conv2dSmallHost],
  ["conv2d/small_dgrad.wgsl", conv2dSmallDgradCode],
  ["conv2d/small_forward.wgsl", conv2dSmallForwardCode],
  ["conv2d/small_wgrad.wgsl", conv2dSmallWgradCode],
  ["conv2d/winograd.ts", conv2dWinogradHost],
  ["conv2d/winograd2_grad.wgsl", conv2dWinograd2GradCode],
  ["conv2d/winograd2_input.wgsl", conv2dWinograd2InputCode],
  ["conv2d/winograd2_output.wgsl", conv2dWinograd2OutputCode],
  ["conv2d/winograd2_weight.wgsl", conv2dWinograd2WeightCode],
  ["conv2d/winograd2_weight_grad.wgsl", conv2dWinograd2WeightGradCode],
  ["conv2d/winograd4_grad.wgsl", conv2dWinograd4GradCode],
  ["conv2d/winograd4_grad_pairs.wgsl", conv2dWinograd4GradPairsCode],
  ["conv2d/winograd4_input.wgsl", conv2dWinograd4InputCode],
  ["conv2d/winograd4_input_lanes.wgsl", conv2dWinograd4InputLanesCode],
  ["conv2d/winograd4_input_pairs.wgsl", conv2dWinograd4InputPairsCode],
  ["conv2d/winograd4_output.wgsl", conv2dWinograd4OutputCode],
  ["conv2d/winograd4_output_lanes.wgsl", conv2dWinograd4OutputLanesCode],
  ["conv2d/winograd4_output_pairs.wgsl", conv2dWinograd4OutputPairsCode],
  ["conv2d/winograd4_weight.wgsl", conv2dWinograd4WeightCode],
  ["conv2d/winograd4_weight_pairs.wgsl", conv2dWinograd4WeightPairsCode],
  ["conv2d/winograd4_weight_grad.wgsl", conv2dWinograd4WeightGradCode],
  ["conv2d/winograd4_weight_grad_pairs.wgsl", conv2dWinograd4WeightGradPairsCode],
  ["conv_transpose2d/conv_transpose2d.ts", convTranspose2dHost],
  ["conv_transpose2d/dgrad.wgsl", convTranspose2dDgradCode],
  ["conv_transpose2d/dgrad_ragged.wgsl", convTranspose2dDgradRaggedCode],
  ["conv_transpose2d/forward.wgsl", convTranspose2dForwardCode],
  ["conv_transpose2d/forward_ragged.wgsl", convTranspose2dForwardRaggedCode],
  ["conv_transpose2d/subgroup.ts", convTranspose2dSubgroupHost],
  ["conv_transpose2d/subgroup_dgrad.wgsl", convTranspose2dSubgroupDgradCode],
  ["conv_transpose2d/subgroup_forward.wgsl", convTranspose2dSubgroupForwardCode],
  ["conv_transpose2d/subgroup_wgrad.wgsl", convTranspose2dSubgroupWgradCode],
  ["conv_transpose2d/tiled_dgrad.wgsl", convTranspose2dTiledDgradCode],
  ["conv_transpose2d/tiled_forward.wgsl", convTranspose2dTiledForwardCode],
  ["conv_transpose2d/tiled_wgrad.wgsl", convTranspose2dTiledWgradCode],
  ["conv_transpose2d/wgrad.wgsl", convTranspose2dWgradCode],
  ["conv_transpose2d/wgrad_ragged.wgsl", convTranspose2dWgradRaggedCode],
  ["dropout/dropout.ts", dropoutHost],
  ["dropout/forward.wgsl", dropoutForwardCode],
  ["gemm/gemm.ts", gemmHost],
  ["gemm/nn.wgsl", gemmNnCode],
  ["gemm/nn_high.wgsl", gemmNnHighCode],
  ["gemm/nn_panel.wgsl", gemmNnPanelCode],
  ["gemm/nn_uniform.wgsl", gemmNnUniformCode],
  ["gemm/nn_wide.wgsl", gemmNnWideCode],
  ["gemm/tile.ts", gemmTileHost],
  ["gemm/tiled.wgsl", gemmTiledCode],
  ["gemm/transpose.wgsl", gemmTransposeCode],
  ["grid.ts", gridHost],
  ["instance_norm/affine.wgsl", instanceNormAffineCode],
  ["instance_norm/backward.wgsl", instanceNormBackwardCode],
  ["instance_norm/backward_bands.wgsl", instanceNormBackwardBandsCode],
  ["instance_norm/backward_sums.wgsl", instanceNormBackwardSumsCode],
  ["instance_norm/bands.wgsl", instanceNormBandsCode],
  ["instance_norm/instance_norm.ts", instanceNormHost],
  ["kernel.ts", kernelHost],
  ["loss/batch_loss.ts", lossBatchHost],
  ["loss/definition.ts", lossDefinitionHost],
  ["loss/gradient.wgsl", lossGradientCode],
  ["loss/loss.ts", lossHost],
  ["loss/losses.ts", lossesHost],
  ["loss/softmax_gradient.wgsl", lossSoftmaxGradientCode],
  ["loss/softmax_pixels.wgsl", lossSoftmaxPixelsCode],
  ["loss/softmax_sums.wgsl", lossSoftmaxSumsCode],
  ["loss/sums.wgsl", lossSumsCode],
  ["loss/total.wgsl", lossTotalCode],
  ["max_pool2d/backward.wgsl", maxPool2dBackwardCode],
  ["max_pool2d/forward.wgsl", maxPool2dForwardCode],
  ["max_pool2d/max_pool2d.ts", maxPool2dHost],
  ["params.ts", paramsHost],
  ["parts/accumulate.wgsl", partsAccumulateCode],
  ["parts/accumulate_vectors.wgsl", partsAccumulateVectorsCode],
  ["parts/adam.wgsl", partsAdamCode],
  ["parts/epilogue.wgsl", partsEpilogueCode],
  ["parts/fused.wgsl", partsFusedCode],
  ["parts/fused_product.wgsl", partsFusedProductCode],
  ["parts/loss.wgsl", partsLossCode],
  ["parts/outer.wgsl", partsOuterCode],
  ["parts/parts.ts", partsHost],
  ["parts/pairs.wgsl", partsPairsCode],
  ["parts/pcg4d.wgsl", partsPcg4dCode],
  ["parts/pooled.wgsl", partsPooledCode],
  ["parts/product.wgsl", partsProductCode],
  ["parts/product_params.wgsl", partsProductParamsCode],
  ["parts/quotient.wgsl", partsQuotientCode],
  ["parts/relu.wgsl", partsReluCode],
  ["parts/small_maps.wgsl", partsSmallMapsCode],
  ["parts/step.wgsl", partsStepCode],
  ["parts/taps.wgsl", partsTapsCode],
  ["parts/tile.wgsl", partsTileCode],
  ["parts/winograd4_gradient.wgsl", partsWinograd4GradientCode],
  ["parts/winograd4_patch.wgsl", partsWinograd4PatchCode],
  ["parts/winograd4_result.wgsl", partsWinograd4ResultCode],
  ["parts/winograd4_taps.wgsl", partsWinograd4TapsCode],
  ["parts/winograd4_taps_gradient.wgsl", partsWinograd4TapsGradientCode],
  ["parts/winograd_params.wgsl", partsWinogradParamsCode],
  ["probe/compute.wgsl", probeComputeCode],
  ["probe/f16.wgsl", probeF16Code],
  ["probe/multiply_add.ts", probeMultiplyAddHost],
  ["probe/multiply_add.wgsl", probeMultiplyAddCode],
  ["probe/probe.ts", probeHost],
  ["probe/subgroups.wgsl", probeSubgroupsCode],
  ["reduce/channel_sums.wgsl", reduceChannelSumsCode],
  ["reduce/channel_totals.wgsl", reduceChannelTotalsCode],
  ["reduce/reduce.ts", reduceHost],
  ["reduce/rows.wgsl", reduceRowsCode],
  ["reduce/rows_subgroup.wgsl", reduceRowsSubgroupCode],
  ["shape.ts", shapeHost],
  ["specialize.ts", specializeHost],
  ["storage.ts", storageHost],
  ["variants.ts", variantsHost],
  ["windows/accumulate.wgsl", windowsAccumulateCode],
  ["windows/windows.ts", windowsHost],
  ["words.ts", wordsHost],
  ...Object.entries(LOSS_PARTS).map(([name, code]) => [`loss/${name}.wgsl`, code] as const),
]);
