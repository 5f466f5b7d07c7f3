/**
 * 3 x 3 convolution over whole maps of 4 x 4 or 2 x 2 pixels, for software adapters with subgroups of 8. Weights and maps
 * are read and written as they lie: at these sizes, transforming them costs more than it saves.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { type Accumulation, accumulationFields } from "../accumulation.ts";
import { ceilDiv, grid } from "../grid.ts";
import { type Dispatch, kernel } from "../kernel.ts";
import { packParams } from "../params.ts";
import type { Nchw } from "../shape.ts";
import { type Epilogue, epilogueFlags } from "./epilogue.ts";
import dgradCode from "./small_dgrad.wgsl" with { type: "text" };
import forwardCode from "./small_forward.wgsl" with { type: "text" };
import wgradCode from "./small_wgrad.wgsl" with { type: "text" };

/** Outputs of a subgroup in the forward pass. */
const OUTPUT_TILE = 16;

/** Channels of a subgroup in the gradients. */
const CHANNEL_TILE = 16;

/**
 * Blocks that a subgroup works on, by the side of their maps, in forward pass and input gradient. Whatever the batch is: a
 * short last one must not need kernels of its own.
 */
const BLOCKS: Readonly<Record<number, number>> = { 4: 2, 2: 1 };

/** Likewise in the weight gradient: what a dispatch sums over. */
const SUMMED_BLOCKS: Readonly<Record<number, number>> = { 4: 4, 2: 1 };

/** Workgroups of a weight gradient, at least: enough to keep the cores busy. */
const WORKGROUPS = 16;

/** Whether the kernels support maps of this size, and layers with these channels. */
export function smallServes(
  { height, width }: { height: number; width: number },
  { inputs, outputs }: { inputs: number; outputs: number },
): boolean {
  return height === width && (height === 4 || height === 2) && inputs % CHANNEL_TILE === 0 &&
    outputs % OUTPUT_TILE === 0;
}

/** Blocks of 16 pixels in a batch: a map of 4 x 4, or four of 2 x 2. */
function blocksOf({ batch, width }: { batch: number; width: number }): number {
  return width === 4 ? batch : ceilDiv(batch, 4);
}

/** Arguments of {@linkcode smallForward}. */
export interface SmallForward {
  /** Shape of the output. */
  readonly output: Nchw;
  /** Input channels of the weights. */
  readonly inputs: number;
  /** Channels of the tensor that is read. */
  readonly channels: number;
  /** Where these begin among the inputs of the weights. */
  readonly firstInput: number;
  /** Whether the tensor is read through a normalization and ReLU. */
  readonly normalized: boolean;
  /** What happens to the sums before they are stored. */
  readonly epilogue: Epilogue;
}

/** Forward pass over one tensor's channels; bindings x, affine, w, bias, y. */
export function smallForward(args: SmallForward): Dispatch {
  const { output, epilogue } = args;
  const blocks = BLOCKS[output.width]!;
  const groups = ceilDiv(blocksOf(output), blocks);
  return {
    kernel: kernel("conv2d/small_forward", forwardCode, {
      SIDE: output.width,
      BLOCKS: blocks,
      NORMALIZED: args.normalized,
      ADDS: epilogue.add ?? false,
    }),
    params: packParams([
      output.batch,
      args.channels,
      args.firstInput,
      args.inputs,
      output.channels,
      groups,
      epilogueFlags(epilogue),
    ]),
    workgroups: grid("conv2d/small_forward", ceilDiv(output.channels, OUTPUT_TILE) * groups, 1),
  };
}

/** Arguments of {@linkcode smallDgrad}. */
export interface SmallDgrad {
  /** Shape of the input. */
  readonly input: Nchw;
  /** Where its channels begin among the layer's inputs. */
  readonly firstInput: number;
  /** Input channels of the layer. */
  readonly inputs: number;
  /** Output channels of the layer. */
  readonly outputs: number;
  /** How the gradient is gated. */
  readonly gate: Epilogue["gate"];
}

/** Gradient of an input; bindings gradient, w, gate, gate_affine, grad_input. */
export function smallDgrad(args: SmallDgrad): Dispatch {
  const { input } = args;
  const blocks = BLOCKS[input.width]!;
  const groups = ceilDiv(blocksOf(input), blocks);
  return {
    kernel: kernel("conv2d/small_dgrad", dgradCode, { SIDE: input.width, BLOCKS: blocks }),
    params: packParams([
      input.batch,
      input.channels,
      args.firstInput,
      args.inputs,
      args.outputs,
      groups,
      epilogueFlags({ gate: args.gate ?? "none" }),
    ]),
    workgroups: grid("conv2d/small_dgrad", ceilDiv(input.channels, CHANNEL_TILE) * groups, 1),
  };
}

/** Arguments of {@linkcode smallWgrad}. */
export interface SmallWgrad {
  /** Shape of the tensor that is read. */
  readonly input: Nchw;
  /** Where its channels begin among the layer's inputs. */
  readonly firstInput: number;
  /** Input channels of the layer. */
  readonly inputs: number;
  /** Output channels of the layer. */
  readonly outputs: number;
  /** Whether the input is read through a normalization and ReLU. */
  readonly normalized: boolean;
  /** How sums are stored. */
  readonly accumulation: Accumulation;
}

/**
 * Weight gradient of one tensor's channels, and the bias gradient if `firstInput` is 0, in dispatches that follow each
 * other; bindings x, affine, gradient, total, bias_total.
 */
export function smallWgrad(args: SmallWgrad): Dispatch[] {
  const { batch, channels, width } = args.input;
  const tiles = ceilDiv(channels, CHANNEL_TILE);
  const run = ceilDiv(args.outputs, ceilDiv(WORKGROUPS, tiles));
  const dispatches: Dispatch[] = [];
  const blocks = SUMMED_BLOCKS[width]!;
  for (let first = 0; first < blocksOf(args.input); first += blocks) {
    const { keep, scale } = args.accumulation;
    dispatches.push({
      kernel: kernel("conv2d/small_wgrad", wgradCode, {
        SIDE: width,
        BLOCKS: blocks,
        NORMALIZED: args.normalized,
      }),
      params: packParams([
        batch,
        first,
        channels,
        args.firstInput,
        args.inputs,
        args.outputs,
        tiles,
        run,
        ...accumulationFields({ keep: keep || first > 0, scale }),
      ]),
      workgroups: grid("conv2d/small_wgrad", tiles * ceilDiv(args.outputs, run), 1),
    });
  }
  return dispatches;
}
