/**
 * Static plans: all steps of a prediction, an evaluation or a training step for one batch size and image size, and
 * where their tensors lie in memory. Recording a plan needs no GPU.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { DEFAULT_LOSS, type LossName, type LossSpec } from "../../kernels/loss/definition.ts";
import { size } from "../../kernels/shape.ts";
import { CapacityError } from "../gpu/capacity_error.ts";
import { splitConstant } from "../graph/constants.ts";
import { bytesOf, fixRegions, resultsOf, type StepRange } from "../graph/keep_results.ts";
import { type MemoryPlan, planMemory } from "../graph/memory_plan.ts";
import type { RecordedStep, Region } from "../graph/recorder.ts";
import { Builder } from "../layers/builder.ts";
import type { PlanTarget } from "../layers/plan_target.ts";
import { type LossRegions, lossRegions, recordLoss } from "../layers/loss.ts";
import { unet } from "./architecture.ts";
import { classCount, headOf, sizeStep, type UNetConfig } from "./config.ts";
import { parameterTable } from "./parameters.ts";

/**
 * The share of training's memory that the results of the deepest levels may take for all micro-batches but the last:
 * they are small there, and the transforms of weights take longer than the products.
 */
const KEPT_SHARE = 1 / 20;

/** What a plan computes: logits; logits and metrics; or logits, metrics and gradients. */
export type PlanKind = "predict" | "evaluate" | "train";

/** What to plan. */
export interface PlanSpec {
  /** What the plan computes. */
  readonly kind: PlanKind;
  /** Number of images. */
  readonly batch: number;
  /** Rows per image, a multiple of `sizeStep(config)`: 32 for a network of depth 5. */
  readonly height: number;
  /** Columns per image, likewise. */
  readonly width: number;
  /**
   * Size of the batch that the images are a micro-batch of; absent if they are the whole batch. The loss is that of the
   * whole batch: the plan of a micro-batch only writes its share of `lossPartials`. Its owner computes `batchSums` from
   * all shares and then runs the backward, which adds to the gradients.
   */
  readonly partOf?: number | undefined;
  /**
   * The place of a micro-batch among `of` whose forward runs twice. What its deepest levels compute first is kept in
   * memory of its own, and `Plan.kept` need not run again.
   */
  readonly twice?: { readonly index: number; readonly of: number } | undefined;
  /** What is trained on and evaluated by; `combined` by default. */
  readonly loss?: LossName | undefined;
}

/** The regions that the owner of a plan fills or reads. */
export interface PlanRegions extends LossRegions {
  /** Placeholder for bindings that are not read. */
  readonly nothing: Region;
  /** All parameters in one block. */
  readonly weights: Region;
  /** Their gradients in one block. */
  readonly gradients: Region;
  /** Uniform of the training step. */
  readonly step: Region;
  /** Images, NCHW. */
  readonly images: Region;
  /** Logits, NCHW; a temporary region that is kept to the end of the plan. */
  readonly logits: Region;
}

/** A recorded plan. */
export interface Plan {
  /** What was planned. */
  readonly spec: PlanSpec;
  /** All steps in order, without the preparation. */
  readonly steps: readonly RecordedStep[];
  /** Steps that depend on the weights only, and whose results stay in memory; none unless {@linkcode keepPrepared}. */
  readonly preparation: readonly RecordedStep[];
  /** The regions with these results. */
  readonly prepared: readonly Region[];
  /** Steps whose results are kept for a second run; none unless {@linkcode PlanSpec.twice}. */
  readonly kept: StepRange & { readonly byteLength: number };
  /** Index of the first step of the loss. */
  readonly lossAt: number;
  /** Index of the first step of the backward. */
  readonly backwardAt: number;
  /** Where temporary regions lie. */
  readonly memory: MemoryPlan;
  /** The regions that the owner fills or reads. */
  readonly regions: PlanRegions;
}

/**
 * Records a plan.
 *
 * @throws {RangeError} if height or width is not a multiple of the network's step, or batch is not a positive integer.
 * @throws {CapacityError} if a limit of the device is too small.
 */
export function recordPlan(config: UNetConfig, target: PlanTarget, spec: PlanSpec): Plan {
  checkSpec(config, spec);
  try {
    return record(config, target, spec);
  } catch (error) {
    // The sizes are valid, so what is out of range is a limit of this device.
    if (error instanceof RangeError) throw new CapacityError(error.message, { cause: error });
    throw error;
  }
}

/** What a loss of a network's logits is computed of. */
export function lossSpec(config: UNetConfig, loss: LossName = DEFAULT_LOSS): LossSpec {
  return { loss, head: headOf(config), classes: classCount(config) };
}

function checkSpec(config: UNetConfig, { batch, height, width }: PlanSpec): void {
  const step = sizeStep(config);
  for (const [name, value] of Object.entries({ height, width })) {
    if (!Number.isInteger(value) || value < step || value % step !== 0) {
      throw new RangeError(
        `Cannot plan images of ${name} ${value}: expected a multiple of ${step}\nhint: resize or pad them`,
      );
    }
  }
  if (!Number.isInteger(batch) || batch < 1) {
    throw new RangeError(`Cannot plan a batch of ${batch} images: expected an integer >= 1`);
  }
}

function record(config: UNetConfig, target: PlanTarget, spec: PlanSpec): Plan {
  const { kind, batch, height, width, partOf } = spec;
  // A prediction keeps no activations, so it saves little by float16, and should be as exact as its weights.
  const stored: PlanTarget = kind === "predict" ? { ...target, precision: "f32" } : target;
  const builder = new Builder(parameterTable(config), stored, { training: kind === "train", partOf });
  const { recorder } = builder;
  const input = { batch, channels: config.inChannels, height, width };
  const images = recorder.fixed("images", size(input));
  const logits = unet(builder, config, { shape: input, region: images, kind: "plain", gradientScale: 1 });
  const losses = lossSpec(config, spec.loss);
  const loss = lossRegions(builder, logits.shape, losses);
  const lossAt = recorder.steps.length;
  if (kind !== "predict") recordLoss(builder, logits, loss, losses);
  const backwardAt = recorder.steps.length;
  builder.emitBackward();
  const { weights, gradients, step } = builder;
  const nothing = recorder.nothing.region;
  const plan: Plan = {
    spec,
    steps: recorder.steps,
    preparation: [],
    prepared: [],
    kept: { first: lossAt, end: lossAt, byteLength: 0 },
    lossAt,
    backwardAt,
    memory: planMemory(recorder.steps, [logits.region]),
    regions: { nothing, weights, gradients, step, images, logits: logits.region, ...loss },
  };
  return spec.twice ? keepDeepest(plan, builder.nested, spec.twice) : plan;
}

/** The same plan with the results of its deepest levels fixed, of as many levels as take a small share of the memory. */
function keepDeepest(
  plan: Plan,
  nested: readonly StepRange[],
  { index, of }: NonNullable<PlanSpec["twice"]>,
): Plan {
  const { steps } = plan;
  const most = KEPT_SHARE * trainingBytes(plan) / of;
  const ranges = nested.map((range) => ({ ...range, results: resultsOf(steps, range) }));
  const range = ranges.findLast(({ results }) => bytesOf(results) <= most);
  if (!range) return plan;
  const { results, first, end } = range;
  const kept = { ...plan, steps: fixRegions(steps, results, `kept ${index}`) };
  return { ...kept, kept: { first, end, byteLength: bytesOf(results) }, memory: placeRegions(kept, []) };
}

/**
 * The same plan with what depends on the weights only as a preparation, which is not repeated while they stay the same.
 *
 * @param most bytes that this may take; the smallest regions come first
 */
export function keepPrepared(plan: Plan, most: number): Plan {
  const { steps, regions, lossAt, backwardAt } = plan;
  const isConstant = (region: Region) => region === regions.weights || region === regions.nothing;
  const { preparation, rest, prepared } = splitConstant(steps, isConstant, most);
  if (preparation.length === 0) return plan;
  const isPrepared = new Set(preparation);
  const place = (index: number) =>
    index - steps.slice(0, index).filter((step) => isPrepared.has(step)).length;
  const split = { ...plan, steps: rest, preparation, prepared };
  return { ...split, lossAt: place(lossAt), backwardAt: place(backwardAt), memory: placeRegions(split, []) };
}

function placeRegions(
  { steps, preparation, prepared, regions }: Plan,
  slots: readonly number[],
): MemoryPlan {
  return planMemory([...preparation, ...steps], [regions.logits], slots, prepared);
}

/** Where the regions of a plan lie if it reuses the slots of other plans, which run before or after it. */
export function placeAmong(plan: Plan, slots: readonly number[]): MemoryPlan {
  return slots.length === 0 ? plan.memory : placeRegions(plan, slots);
}

/** Bytes of a plan's slots, inputs and kept results, without what all plans share. */
export function planBytes({ spec, memory, regions, kept }: Plan): number {
  const { images, masks, lossPartials, batchSums } = regions;
  const ofBatch = spec.partOf === undefined ? 0 : lossPartials.byteLength + batchSums.byteLength;
  return memory.byteLength + kept.byteLength + images.byteLength + masks.byteLength + ofBatch;
}

/** Bytes of everything that training with a plan holds: the plan's own, parameters, gradients, moments, history. */
export function trainingBytes(plan: Plan): number {
  const { weights, gradients, history } = plan.regions;
  // The weights and Adam's two moments.
  return planBytes(plan) + 3 * weights.byteLength + gradients.byteLength + history.byteLength;
}
