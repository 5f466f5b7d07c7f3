/**
 * The classes of shapes that the tuner times: their candidates, and the steps of a sample.
 *
 * @module
 */
import type { AdapterKind, AnyOperation, Operation } from "../../kernels/choices.ts";
import { tile, winogradInput, winogradOutput } from "../../kernels/conv2d/winograd.ts";
import { COLUMN_TILE, type GemmShape } from "../../kernels/gemm/gemm.ts";
import { roundUp } from "../../kernels/grid.ts";
import type { Dispatch } from "../../kernels/kernel.ts";
import type { RowSums } from "../../kernels/reduce/reduce.ts";
import { type Nchw, size } from "../../kernels/shape.ts";
import {
  CONV3X3,
  CONV_TRANSPOSE,
  type ConvCase,
  IM2COL_PRODUCT,
  PRODUCT,
  ROW_SUMS,
  SPLIT_K_PRODUCT,
  TRANSFORM,
} from "../../kernels/variants.ts";
import { adapterKind } from "../gpu/adapter.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { type RecordedStep, Recorder } from "../graph/recorder.ts";
import { exchanges, im2colProduct, rowSums, splitKProduct } from "../layers/choose.ts";
import { recordProduct } from "../layers/conv3x3/product.ts";
import type { PlanTarget } from "../layers/plan_target.ts";
import { DIRECTIONS, recordConv, recordConvTranspose } from "./single_conv.ts";

/** How many times larger samples are on hardware, which small ones would not keep busy. */
const HARDWARE_SCALE = 16;

type RecordSteps = Contest["record"];

/** A class to be timed. */
export interface Contest {
  /** Such as `conv3x3/thin`. */
  readonly name: string;
  /** Its operation. */
  readonly operation: AnyOperation;
  /** At least two variants that serve the sample, the default first. */
  readonly candidates: readonly string[];
  /** Records the steps of the sample, by the choices of a target. */
  readonly record: (target: PlanTarget) => readonly RecordedStep[];
}

/**
 * The classes with more than one candidate on this device.
 *
 * @param given factor on the size of the samples; by default 1 on software and 16 on hardware
 */
export function contestsOf(gpu: Pick<Gpu, "adapter" | "kernels">, given?: number): Contest[] {
  const kind = adapterKind(gpu.adapter);
  const adapter = { kind, scale: given ?? (kind === "software" ? 1 : HARDWARE_SCALE) };
  const strict = gpu.kernels === "strict";
  return [
    ...contests(
      PRODUCT,
      adapter,
      (sample, scale) => ({ ...sample, columns: roundUp(scale * sample.columns, COLUMN_TILE) }),
      recordWindowedProduct,
    ),
    ...contests(
      SPLIT_K_PRODUCT,
      adapter,
      (sample) => sample,
      (sample) =>
        recordMultiplication(sample, (target) => splitKProduct(target, sample, sample.slices).dispatch),
    ),
    ...contests(
      IM2COL_PRODUCT,
      adapter,
      (sample) => sample,
      (sample) => recordMultiplication(sample, (target) => im2colProduct(target, sample)),
    ),
    ...contests(ROW_SUMS, adapter, (sample) => sample, recordSums),
    ...contests(TRANSFORM, adapter, (sample) => sample, recordTransforms),
    ...contests(
      CONV3X3,
      adapter,
      (sample, scale) => ({ ...sample, batch: Math.max(1, Math.round(scale * sample.batch)), strict }),
      recordConvolution,
    ),
    ...contests(
      CONV_TRANSPOSE,
      adapter,
      (sample, scale) => ({ ...sample, batch: Math.max(1, Math.round(scale * sample.batch)) }),
      recordTransposed,
    ),
  ];
}

function contests<Shape, Name extends string>(
  operation: Operation<Shape, Name>,
  { kind, scale }: { kind: AdapterKind; scale: number },
  scaled: (sample: Shape, scale: number) => Shape,
  record: (sample: Shape) => RecordSteps,
): Contest[] {
  return [...operation.classes].flatMap(([name, row]) => {
    const sizes = [scale, 1].map((scale) => scaled(row.sample, scale));
    // A sample scaled out of its class would be computed by the choice for another class.
    const sample = sizes.find((size) => operation.classOf(size) === name)!;
    const candidates = row[kind].filter((variant) => operation.variants[variant].serves?.(sample) ?? true);
    return candidates.length < 2 ? [] : [{ name, operation, candidates, record: record(sample) }];
  });
}

/** A product whose left operand may be bound as uniform windows. */
function recordWindowedProduct(shape: GemmShape): RecordSteps {
  return (target) => {
    const { rows, columns, depth, layers } = shape;
    const recorder = new Recorder(target.maxBinding);
    const a = recorder.windowed("a", layers * depth * rows);
    const [b, c] = [
      recorder.fixed("b", layers * depth * columns),
      recorder.fixed("c", layers * rows * columns),
    ];
    recordProduct({ recorder, target }, shape, a, b, c);
    return recorder.steps;
  };
}

/** A product in one dispatch, whose operands are not uniform windows. */
function recordMultiplication(
  { rows, columns, depth, layers }: GemmShape,
  choose: (target: PlanTarget) => Dispatch,
): RecordSteps {
  return (target) => {
    const recorder = new Recorder(target.maxBinding);
    recorder.run(choose(target), {
      a: recorder.fixed("a", layers * depth * rows),
      b: recorder.fixed("b", layers * depth * columns),
      c: recorder.fixed("c", layers * rows * columns),
    });
    return recorder.steps;
  };
}

function recordSums(sums: RowSums): RecordSteps {
  return (target) => {
    const recorder = new Recorder(target.maxBinding);
    const partial = recorder.fixed("partial", sums.rows * sums.length);
    recorder.run(rowSums(target, sums), { partial, total: recorder.fixed("total", sums.rows) });
    return recorder.steps;
  };
}

/** Transforms of an input, and of the products that become an output of its size. */
function recordTransforms(shape: Nchw): RecordSteps {
  return (target) => {
    const { channels } = shape;
    const recorder = new Recorder(target.maxBinding);
    const tiling = tile(shape, 4, target.pairs, exchanges(target, shape));
    const floats = tiling.positions * channels * tiling.padded;
    const { nothing } = recorder;
    recorder.run(winogradInput(tiling, { channels, first: 0, depth: channels }, false), {
      x: recorder.fixed("x", size(shape)),
      affine: nothing,
      v: recorder.fixed("v", floats),
    });
    const block = { target: shape, firstChannel: 0, channels, rows: channels, firstRow: 0 };
    recorder.run(winogradOutput(tiling, block, { relu: true }), {
      m: recorder.fixed("m", floats),
      bias: nothing,
      gate: nothing,
      gate_affine: nothing,
      y: recorder.fixed("y", size(shape)),
    });
    return recorder.steps;
  };
}

/** Forward and both gradients, as in a training step. */
function recordConvolution({ batch, height, weights }: ConvCase): RecordSteps {
  const shape = { channels: weights.inputs, size: height, batch };
  return (target) => DIRECTIONS.flatMap((direction) => recordConv(target, shape, direction).steps);
}

/** The same for a transposed convolution, which halves the channels. */
function recordTransposed(shape: Nchw): RecordSteps {
  return (target) => recordConvTranspose(target, shape, shape.channels / 2, true);
}
