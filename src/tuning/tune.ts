/**
 * Timing the candidates of every class of shapes on a device, each alone and in turns: whatever else the machine
 * does meanwhile meets all of them alike.
 *
 * @module
 */
import type { AdapterKind, AnyOperation, KernelChoices, Operation } from "../../kernels/choices.ts";
import { COLUMN_TILE, type GemmShape } from "../../kernels/gemm/gemm.ts";
import { roundUp } from "../../kernels/grid.ts";
import type { Dispatch } from "../../kernels/kernel.ts";
import type { RowSums } from "../../kernels/reduce/reduce.ts";
import type { Nchw } from "../../kernels/shape.ts";
import {
  CONV3X3,
  CONV_TRANSPOSE,
  type ConvCase,
  IM2COL_PRODUCT,
  PRODUCT,
  ROW_SUMS,
  SPLIT_K_PRODUCT,
} from "../../kernels/variants.ts";
import { adapterKind } from "../gpu/adapter.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { admissionOf } from "../self_test/admission.ts";
import { repeat, takeTurns, type Timing } from "./timing.ts";
import type { PlanTarget } from "../layers/builder.ts";
import { im2colProduct, rowSums, splitKProduct } from "../layers/choose.ts";
import { DEFAULT_CONFIG } from "../unet/config.ts";
import { planTarget } from "../unet/executor.ts";
import { parameterTable } from "../unet/parameters.ts";
import { type RecordedStep, Recorder } from "../graph/recorder.ts";
import { DIRECTIONS, recordConv, recordConvTranspose } from "./single_conv.ts";
import { Standalone } from "./standalone.ts";
import { recordProduct } from "../layers/conv3x3/product.ts";

/** Seconds of the whole unless given. */
export const TUNE_SECONDS = 10;

/** Seconds of one measurement unless given. */
const MEASUREMENT = 0.08;

/** Rounds of a class, at least, and at most unless given. */
const ROUNDS = { least: 3, most: 7 };

/** A candidate takes the default's place where its best and its median time are below this share of the default's. */
const CLEARLY = 0.95;

/** Seconds without which a class is not begun: compiling its candidates may take as long. */
const ENOUGH = 0.5;

/** How many times larger a sample is on hardware, which a small one would not fill. */
const HARDWARE_SCALE = 16;

/** What one class came to. */
export interface TunedClass {
  /** The class, such as `conv3x3/thin`. */
  readonly name: string;
  /** The candidates that were admitted, the default first, and the seconds that each took. */
  readonly candidates: readonly { readonly variant: string; readonly seconds: Timing }[];
  /** Which was chosen. */
  readonly chosen: string;
}

/** What timing came to. */
export interface Tuning {
  /** The choices of the classes that were timed. */
  readonly choices: KernelChoices;
  /** The classes with more than one candidate. */
  readonly classes: readonly TunedClass[];
  /** Variants that failed their self-test, and so are no candidates here. */
  readonly failed: readonly string[];
  /** Classes that there was no time left for: they keep their defaults. */
  readonly left: readonly string[];
  /** Seconds in all. */
  readonly seconds: number;
}

/** How {@linkcode tuneKernels} goes about it. */
export interface TuneOptions {
  /** Seconds after which no class is begun; 10 unless given. */
  readonly seconds?: number | undefined;
  /** Seconds of one measurement; 0.08 unless given: waiting for the device costs 10 ms by itself. */
  readonly measurement?: number | undefined;
  /** Rounds of a class at most; 7 unless given. */
  readonly rounds?: number | undefined;
  /** How many times larger samples are than in the table; 1 on software, 16 on hardware unless given. */
  readonly scale?: number | undefined;
  /** Told of the class that is next. */
  readonly onClass?: ((name: string) => void) | undefined;
}

type RecordSteps = (target: PlanTarget) => readonly RecordedStep[];

/** A class that is to be timed. */
interface Contest {
  readonly name: string;
  readonly operation: AnyOperation;
  readonly candidates: readonly string[];
  readonly record: RecordSteps;
}

/**
 * Times the candidates of every class, those alone that pass their self-tests on this device, and takes the fastest
 * where it is clearly faster than the default. The device's own choices stay as they are.
 *
 * @throws {Error} where the device fails.
 */
export async function tuneKernels(
  gpu: Gpu,
  { seconds = TUNE_SECONDS, measurement = MEASUREMENT, rounds = ROUNDS.most, scale, onClass }: TuneOptions =
    {},
): Promise<Tuning> {
  const start = performance.now();
  const elapsed = () => (performance.now() - start) / 1000;
  const choices: Record<string, string> = {};
  const classes: TunedClass[] = [];
  const failed = new Set<string>();
  const left: string[] = [];
  const contests = contestsOf(gpu, scale);
  const admission = admissionOf(gpu);
  for (const [index, { name, operation, candidates, record }] of contests.entries()) {
    const share = (seconds - elapsed()) / (contests.length - index);
    if (seconds - elapsed() < ENOUGH) {
      left.push(name);
      continue;
    }
    onClass?.(name);
    const admitted: string[] = [];
    for (const variant of candidates) {
      // A self-test may have to compile, and that may take all the time there is.
      if (seconds < elapsed()) break;
      if (await admission.passes(variant, operation.variants[variant]!)) admitted.push(variant);
      else failed.add(variant);
    }
    if (seconds < elapsed()) {
      left.push(name);
      continue;
    }
    if (admitted.length < 2) {
      // The only one that is right needs no timing.
      if (admitted.length === 1) choices[name] = admitted[0]!;
      continue;
    }
    const target = planTarget(gpu);
    const timed = await timeInTurns(
      gpu,
      admitted.map((variant) =>
        record({ ...target, choices: { ...target.choices, ...choices, [name]: variant } })
      ),
      { measurement, seconds: share, least: ROUNDS.least, most: rounds },
    );
    const results = admitted.map((variant, place) => ({ variant, seconds: timed[place]! }));
    choices[name] = fastest(results);
    classes.push({ name, candidates: results, chosen: choices[name] });
  }
  return { choices, classes, failed: [...failed], left, seconds: elapsed() };
}

/** The first candidate, the default, or the fastest of the others that are clearly faster, and not by one lucky run. */
export function fastest(candidates: TunedClass["candidates"]): string {
  const [first, ...others] = candidates;
  const limit = first!.seconds;
  const better = others.filter(({ seconds: { best, median } }) =>
    best < CLEARLY * limit.best && median < CLEARLY * limit.median
  );
  return better.reduce((a, b) => b.seconds.best < a.seconds.best ? b : a, first!).variant;
}

async function timeInTurns(
  gpu: Gpu,
  candidates: readonly (readonly RecordedStep[])[],
  { measurement, seconds, ...rounds }: { measurement: number; seconds: number; least: number; most: number },
): Promise<Timing[]> {
  const start = performance.now();
  const programs: Standalone[] = [];
  try {
    const contestants = [];
    for (const steps of candidates) {
      const program = await Standalone.create(gpu, steps);
      programs.push(program);
      contestants.push(await repeat((times) => program.run(times), measurement));
    }
    const rest = seconds - (performance.now() - start) / 1000;
    return await takeTurns(contestants, { seconds: rest, ...rounds });
  } finally {
    for (const program of programs) program.destroy();
  }
}

/** The classes with more than one candidate here, in the order of {@linkcode OPERATIONS}. */
function contestsOf(gpu: Gpu, given: number | undefined): Contest[] {
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
    // Scaled out of its class, it would be computed as that class is, whichever candidate is to be timed.
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

/** A product in one dispatch, of operands that are no uniform windows. */
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

/** Forward and both gradients, as a training step has them. */
function recordConvolution({ batch, height, weights }: ConvCase): RecordSteps {
  const shape = { channels: weights.inputs, size: height, batch };
  return (target) => DIRECTIONS.flatMap((direction) => recordConv(target, shape, direction).steps);
}

/** The same of the transposed convolution that has so many channels where the first layer has 32 filters. */
function recordTransposed(shape: Nchw): RecordSteps {
  const name =
    parameterTable(DEFAULT_CONFIG).list.find(({ name, shape: [inputs] }) =>
      /^up\d\.up\.weight$/.test(name) && inputs === shape.channels
    )!.name;
  return (target) => recordConvTranspose(target, DEFAULT_CONFIG, name.replace(/\.weight$/, ""), shape, true);
}
