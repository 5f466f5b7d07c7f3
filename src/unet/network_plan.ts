/**
 * Static plans: all steps of a prediction, an evaluation or a training step for one batch size and image size, with
 * the memory that they need. A plan is made without a GPU.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { LossName } from "../../kernels/loss/definition.ts";
import { size } from "../../kernels/shape.ts";
import { CapacityError } from "../gpu/capacity_error.ts";
import { unet } from "./architecture.ts";
import { Builder, type PlanTarget } from "../layers/builder.ts";
import { type LossRegions, lossRegions, recordLoss } from "../layers/loss.ts";
import { SIZE_STEP, type UNetConfig } from "./config.ts";
import { type MemoryPlan, planMemory } from "../graph/memory_plan.ts";
import { parameterTable } from "./parameters.ts";
import type { RecordedStep, Region } from "../graph/recorder.ts";

/** What a plan computes: logits; logits and metrics; or logits, metrics and gradients. */
export type PlanKind = "predict" | "evaluate" | "train";

/** Which plan is wanted. */
export interface PlanSpec {
  /** What it computes. */
  readonly kind: PlanKind;
  /** Images. */
  readonly batch: number;
  /** Rows of an image, a multiple of 32. */
  readonly height: number;
  /** Columns of an image, a multiple of 32. */
  readonly width: number;
  /**
   * Images of the batch that these are a part of; absent where they are the whole. The loss is one of the whole
   * batch: the plan of a part only writes its share of `lossPartials`. Its owner sees to `batchSums`, and goes on to
   * the backward, which adds to the gradients.
   */
  readonly partOf?: number | undefined;
  /** What is trained on and evaluated by; `combined` by default. */
  readonly loss?: LossName | undefined;
}

/** The regions that a plan's owner fills or reads. */
export interface PlanRegions extends LossRegions {
  readonly nothing: Region;
  readonly weights: Region;
  readonly gradients: Region;
  readonly step: Region;
  readonly images: Region;
  readonly logits: Region;
}

/** A recorded plan. */
export interface Plan {
  /** What was asked for. */
  readonly spec: PlanSpec;
  /** All steps in order. */
  readonly steps: readonly RecordedStep[];
  /** The first step of the loss. */
  readonly lossAt: number;
  /** The first step of the backward. */
  readonly backwardAt: number;
  /** Where temporary regions lie. */
  readonly memory: MemoryPlan;
  /** What the owner fills or reads. */
  readonly regions: PlanRegions;
}

/**
 * Records a plan.
 *
 * @throws {RangeError} where height or width is no multiple of 32.
 * @throws {CapacityError} where a limit of the device is too small.
 */
export function recordPlan(config: UNetConfig, target: PlanTarget, spec: PlanSpec): Plan {
  checkSpec(spec);
  try {
    return record(config, target, spec);
  } catch (error) {
    // With a size that can be planned at all, what is out of range is so on this device alone.
    if (error instanceof RangeError) throw new CapacityError(error.message, { cause: error });
    throw error;
  }
}

function checkSpec({ batch, height, width }: PlanSpec): void {
  for (const [name, value] of Object.entries({ height, width })) {
    if (!Number.isInteger(value) || value < SIZE_STEP || value % SIZE_STEP !== 0) {
      throw new RangeError(
        `Cannot plan images of ${name} ${value}: expected a multiple of ${SIZE_STEP}\nhint: resize or pad them`,
      );
    }
  }
  if (!Number.isInteger(batch) || batch < 1) {
    throw new RangeError(`Cannot plan a batch of ${batch} images: expected a whole number from 1`);
  }
}

function record(config: UNetConfig, target: PlanTarget, spec: PlanSpec): Plan {
  const { kind, batch, height, width, partOf } = spec;
  // A prediction keeps no activations, and is to be as exact as its weights.
  const stored: PlanTarget = kind === "predict" ? { ...target, precision: "f32" } : target;
  const builder = new Builder(parameterTable(config), stored, { training: kind === "train", partOf });
  const { recorder } = builder;
  const input = { batch, channels: config.inChannels, height, width };
  const images = recorder.fixed("images", size(input));
  const logits = unet(builder, config, { shape: input, region: images, kind: "plain", gradientScale: 1 });
  const loss = lossRegions(builder, logits.shape);
  const lossAt = recorder.steps.length;
  if (kind !== "predict") recordLoss(builder, logits, loss, spec.loss);
  const backwardAt = recorder.steps.length;
  builder.emitBackward();
  const { weights, gradients, step } = builder;
  const nothing = recorder.nothing.region;
  return {
    spec,
    steps: recorder.steps,
    lossAt,
    backwardAt,
    memory: planMemory(recorder.steps, [logits.region]),
    regions: { nothing, weights, gradients, step, images, logits: logits.region, ...loss },
  };
}

/** Where a plan's regions lie if the slots of plans that run before or after it are there already. */
export function placeAmong({ memory, steps, regions }: Plan, slots: readonly number[]): MemoryPlan {
  return slots.length === 0 ? memory : planMemory(steps, [regions.logits], slots);
}

/** Bytes that a plan needs at once, apart from what all plans share: slots, images and masks. */
export function planBytes({ spec, memory, regions }: Plan): number {
  const { images, masks, lossPartials, batchSums } = regions;
  const ofBatch = spec.partOf === undefined ? 0 : lossPartials.byteLength + batchSums.byteLength;
  return memory.byteLength + images.byteLength + masks.byteLength + ofBatch;
}

/** Bytes of everything that training with a plan holds: parameters, gradients, moments and the plan's own. */
export function trainingBytes(plan: Plan): number {
  const { weights, gradients, history } = plan.regions;
  // Adam keeps two moments of every parameter.
  return planBytes(plan) + 3 * weights.byteLength + gradients.byteLength + history.byteLength;
}
