/**
 * What the layers of one network share while its steps are recorded.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Accumulation } from "../../kernels/accumulation.ts";
import { type Nchw, size } from "../../kernels/shape.ts";
import type { Precision } from "../../kernels/storage.ts";
import type { StepRange } from "../graph/keep_results.ts";
import { Recorder, type Region, type RegionView, view } from "../graph/recorder.ts";
import type { Activation } from "./activation.ts";
import type { PlanTarget } from "./plan_target.ts";

/** Where each parameter lies in the flat blocks of weights and gradients; offsets and sizes in values. */
export interface ParameterLayout {
  /** Values of a block; a multiple of 64. */
  readonly blockSize: number;
  /** Offset, a multiple of 64, and size of a parameter. */
  get(name: string): { readonly offset: number; readonly size: number };
}

/** Which passes are recorded, and for what batch. */
export interface BuilderOptions {
  /** Whether layers drop out and register their backward; false by default. */
  readonly training?: boolean | undefined;
  /**
   * Size of the batch that the recorded images are a micro-batch of. Its gradients are added to those of the
   * micro-batches before it; without it they overwrite the block.
   */
  readonly partOf?: number | undefined;
}

/** Records forward steps and collects the backward of each layer. */
export class Builder {
  /** Records the steps. */
  readonly recorder: Recorder;
  /** All parameters in one block. */
  readonly weights: Region;
  /** Their gradients in a block of the same layout. */
  readonly gradients: Region;
  /** Uniform with the seed and number of the training step. */
  readonly step: Region;
  /** Whether layers drop out and register their backward. */
  readonly training: boolean;
  /** See {@linkcode BuilderOptions.partOf}. */
  readonly partOf: number | undefined;
  /**
   * Factor on the loss during backward, a power of two: as float16, the gradients of a mean over many pixels would
   * underflow. Each parameter's gradient is divided by it before it is stored.
   */
  lossScale = 1;
  /** Steps of the deepest levels, each range with those within it, the innermost first. */
  readonly nested: StepRange[] = [];
  readonly #parameters: ParameterLayout;
  readonly #backward: (() => void)[] = [];

  /** Begins with no steps. */
  constructor(parameters: ParameterLayout, readonly target: PlanTarget, options: BuilderOptions = {}) {
    this.#parameters = parameters;
    this.training = options.training ?? false;
    this.partOf = options.partOf;
    this.recorder = new Recorder(target.maxBinding, target.precision);
    this.weights = this.recorder.fixed("weights", parameters.blockSize);
    this.gradients = this.recorder.fixed("gradients", parameters.blockSize);
    this.step = this.recorder.fixed("step", 64);
  }

  /**
   * A tensor's shape with the whole batch. Kernels are chosen by it, so that micro-batches are computed by the same
   * kernels, to the same bits.
   */
  wholeBatch(shape: Nchw): Nchw {
    return { ...shape, batch: this.partOf ?? shape.batch };
  }

  /** Says that the forward steps recorded from step `first` on are those of a level and all deeper ones. */
  nest(first: number): void {
    this.nested.push({ first, end: this.recorder.steps.length });
  }

  /** A parameter's values. */
  weight(name: string): RegionView {
    const { offset, size } = this.#parameters.get(name);
    return view(this.weights, offset, size);
  }

  /** Where the backward of a layer stores a parameter's gradient, as {@linkcode Builder.accumulation} says. */
  gradient(name: string): RegionView {
    const { offset, size } = this.#parameters.get(name);
    return view(this.gradients, offset, size);
  }

  /** How a parameter's gradient is stored: added to earlier micro-batches' if there are any, without the loss scale. */
  get accumulation(): Accumulation {
    return { keep: this.partOf !== undefined, scale: 1 / this.lossScale };
  }

  /** Whether a gradient can be stored as it is, without a kernel that accumulates or scales. */
  get replaces(): boolean {
    const { keep, scale } = this.accumulation;
    return !keep && scale === 1;
  }

  /** A new activation with memory of its own. */
  activation(
    label: string,
    shape: Nchw,
    kind: Activation["kind"],
    precision: Precision = this.recorder.precision,
  ): Activation {
    return { shape, region: this.recorder.temporary(label, size(shape), precision), kind, gradientScale: 1 };
  }

  /** Registers a layer's backward; without training it is dropped. */
  onBackward(emit: () => void): void {
    if (this.training) this.#backward.push(emit);
  }

  /** Records the backward of all layers, last layer first. */
  emitBackward(): void {
    while (this.#backward.length > 0) this.#backward.pop()!();
  }

  /** A region for the gradient of an activation, which the caller writes; later readers may only add to it. */
  newGradient(activation: Activation, label: string): Region {
    if (activation.gradient) throw new Error(`Cannot write the gradient of "${label}" twice`);
    const { shape, region: { precision } } = activation;
    return activation.gradient = this.recorder.temporary(`${label} gradient`, size(shape), precision);
  }
}
