/**
 * What the layers of one plan share while it is recorded.
 *
 * @module
 */
import type { Accumulation } from "../../kernels/accumulation.ts";
import type { KernelChoices } from "../../kernels/choices.ts";
import type { Nchw } from "../../kernels/shape.ts";
import { size } from "../../kernels/shape.ts";
import type { Precision } from "../../kernels/storage.ts";
import type { Activation } from "./activation.ts";
import type { UNetConfig } from "../unet/config.ts";
import type { ParameterTable } from "../unet/parameters.ts";
import { Recorder, type Region, type RegionView, view } from "../graph/recorder.ts";

/** Facts of the device that a plan depends on. */
export interface PlanTarget {
  /** Bytes that one binding may have. */
  readonly maxBinding: number;
  /** Bytes that a transformed tensor should not exceed, so that it stays in the caches. */
  readonly workspace: number;
  /** Workgroups that keep the device busy: long sums are cut into as many slices as that takes. */
  readonly workgroups: number;
  /** The variant of every class of shapes. */
  readonly choices: KernelChoices;
  /** Whether only arithmetic as accurate as plain float32 sums may be chosen. */
  readonly strict: boolean;
  /** What tensors between layers are stored as; float32 unless given. Sums, weights and their gradients always are. */
  readonly precision?: Precision;
}

/** Records forward steps and keeps each layer's backward for later. */
export class Builder {
  /** Where steps are recorded. */
  readonly recorder: Recorder;
  /** All parameters in one block. */
  readonly weights: Region;
  /** Their gradients in one block of the same layout. */
  readonly gradients: Region;
  /** Seed and number of the training step. */
  readonly step: Region;
  /**
   * The factor on the loss whose gradients go back through the layers, a power of two: gradients of a mean over many
   * pixels would be lost in float16. Those of parameters are divided by it as they leave their layer.
   */
  lossScale = 1;
  readonly #backward: (() => void)[] = [];

  /**
   * Begins a plan; the gradients of a part of a batch of `partOf` images are added to what the parts before it left,
   * those of a whole one replace what is there.
   */
  constructor(
    readonly config: UNetConfig,
    readonly table: ParameterTable,
    readonly target: PlanTarget,
    readonly training: boolean,
    readonly partOf?: number,
  ) {
    this.recorder = new Recorder(target.maxBinding, target.precision);
    this.weights = this.recorder.fixed("weights", table.blockSize);
    this.gradients = this.recorder.fixed("gradients", table.blockSize);
    this.step = this.recorder.fixed("step", 64);
  }

  /** The shape that a tensor of the whole batch has: its parts are computed by the same kernels, to the same bits. */
  wholeBatch(shape: Nchw): Nchw {
    return { ...shape, batch: this.partOf ?? shape.batch };
  }

  /** A parameter's values. */
  weight(name: string): RegionView {
    const { offset, size } = this.table.get(name);
    return view(this.weights, offset, size);
  }

  /** Where a layer's backward puts a parameter's gradient, as {@linkcode Builder.accumulation} tells. */
  gradient(name: string): RegionView {
    const { offset, size } = this.table.get(name);
    return view(this.gradients, offset, size);
  }

  /** How gradients are put: they are added to those of the parts before, and rid of the loss's scale. */
  get accumulation(): Accumulation {
    return { keep: this.partOf !== undefined, scale: 1 / this.lossScale };
  }

  /** Whether gradients are put as they are, where nothing is kept. */
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

  /** Keeps a layer's backward; only a training plan will run it. */
  onBackward(emit: () => void): void {
    if (this.training) this.#backward.push(emit);
  }

  /** Records the backward of all layers, last layer first. */
  emitBackward(): void {
    while (this.#backward.length > 0) this.#backward.pop()!();
  }

  /** The region for a gradient that its only writer is about to write. */
  newGradient(activation: Activation, label: string): Region {
    if (activation.gradient) throw new Error(`Cannot write the gradient of "${label}" twice`);
    const { shape, region: { precision } } = activation;
    return activation.gradient = this.recorder.temporary(`${label} gradient`, size(shape), precision);
  }
}
