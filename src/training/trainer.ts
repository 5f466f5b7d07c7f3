/**
 * Training steps of a network: forward, loss, backward and Adam, without waiting for the device.
 *
 * @module
 */
import { type AdamOptions, packStep, STEP_BYTE_LENGTH } from "../../kernels/adam/adam.ts";
import { RECORD_SIZE } from "../../kernels/loss/loss.ts";
import type { StateDict, Tensor } from "../tensor.ts";
import { Executor, type ReadyPlan } from "../unet/executor.ts";
import { blockToState } from "../unet/parameters.ts";
import { HISTORY_CAPACITY } from "../unet/plan.ts";
import type { UNet } from "../unet/unet.ts";

/** Settings of a {@linkcode Trainer}; Adam's of the original unless given. */
export interface TrainerOptions {
  /** Step size; 1e-4. */
  learningRate?: number;
  /** Decay of the first moment; 0.9. */
  beta1?: number;
  /** Decay of the second moment; 0.999. */
  beta2?: number;
  /** Added outside the square root; 1e-8. */
  epsilon?: number;
  /** Decoupled weight decay (AdamW); 0. */
  weightDecay?: number;
  /** Key of dropout's draws; 0. */
  seed?: number;
}

/** Metrics of one batch, from before the update. */
export interface StepMetrics {
  /** 0.6 dice + 0.4 bce. */
  loss: number;
  /** 1 - the soft Dice coefficient of the whole batch. */
  dice: number;
  /** Mean binary cross-entropy. */
  bce: number;
  /** Share of pixels whose rounded probability is the mask's. */
  accuracy: number;
}

type TrainerBuffers = Record<
  "gradients" | "firstMoment" | "secondMoment" | "gradientScale" | "step" | "history",
  GPUBuffer
>;

const DEFAULTS = { learningRate: 1e-4, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, seed: 0 };

/** Trains a {@linkcode UNet}. */
export class Trainer {
  /** The network. */
  readonly unet: UNet;
  /** Adam's settings; the learning rate may be changed between steps. */
  readonly options: AdamOptions & { seed: number };
  readonly #buffers: TrainerBuffers;
  readonly #executor: Executor;
  #step = 0;
  #record = 0;

  private constructor(unet: UNet, options: Trainer["options"], buffers: TrainerBuffers) {
    this.unet = unet;
    this.options = options;
    this.#buffers = buffers;
    this.#executor = new Executor(unet.gpu, unet.config, { weights: unet.weights, ...buffers });
  }

  /**
   * Prepares training: allocates gradients and moments.
   *
   * @throws {RangeError} where a setting is out of range or the device is too small.
   */
  static async create(unet: UNet, options: TrainerOptions = {}): Promise<Trainer> {
    const full = { ...DEFAULTS, ...options };
    for (const name of ["learningRate", "beta1", "beta2", "epsilon", "weightDecay"] as const) {
      const most = name.startsWith("beta") ? 1 : Infinity;
      if (!(full[name] >= 0 && full[name] < most)) {
        throw new RangeError(
          `Cannot train with ${name} ${full[name]}: expected 0 or more${most === 1 ? ", below 1" : ""}`,
        );
      }
    }
    const { gpu } = unet;
    const bytes = unet.parameters.blockSize * 4;
    const gradientScale = await gpu.createBuffer("gradient scale", 256);
    gpu.device.queue.writeBuffer(gradientScale, 0, new Float32Array([1, 1, 1, 1]));
    return new Trainer(unet, full, {
      gradients: await gpu.createBuffer("gradients", bytes),
      firstMoment: await gpu.createBuffer("first moment", bytes),
      secondMoment: await gpu.createBuffer("second moment", bytes),
      gradientScale,
      step: await gpu.createBuffer("step", STEP_BYTE_LENGTH, GPUBufferUsage.UNIFORM),
      history: await gpu.createBuffer("history", HISTORY_CAPACITY * RECORD_SIZE * 4),
    });
  }

  /** Number of training steps that were taken. */
  get steps(): number {
    return this.#step;
  }

  /**
   * Takes one training step and reads its metrics, from before the update.
   *
   * @param images [N, inChannels, H, W], normalised
   * @param masks [N, outChannels, H, W], 0 or 1
   * @throws {TypeError} where a shape does not fit.
   * @throws {Error} where the loss is not finite, naming the step.
   */
  async step(images: Tensor, masks: Tensor): Promise<StepMetrics> {
    await this.enqueue(images, masks);
    return (await this.readMetrics()).at(-1)!;
  }

  /** Takes one training step without waiting for it; {@linkcode Trainer.readMetrics} reads its metrics later. */
  async enqueue(images: Tensor, masks: Tensor): Promise<void> {
    const ready = await this.#prepare("train", images, masks);
    if (this.#record === HISTORY_CAPACITY) {
      throw new RangeError(
        `Cannot keep metrics of more than ${HISTORY_CAPACITY} batches\nhint: call readMetrics() earlier`,
      );
    }
    this.#step++;
    this.#run(ready, images, masks, ready.program.length);
  }

  /** Computes metrics of a batch with dropout off and no update, without waiting for it. */
  async enqueueEvaluation(images: Tensor, masks: Tensor): Promise<void> {
    this.#run(await this.#prepare("evaluate", images, masks), images, masks, undefined);
  }

  /**
   * Waits for the device and returns the metrics of all batches since the last call, in order.
   *
   * @throws {Error} where a loss is not finite, naming the step.
   */
  async readMetrics(): Promise<StepMetrics[]> {
    const count = this.#record;
    if (count === 0) return [];
    const bytes = await this.unet.gpu.read(this.#buffers.history, 0, count * RECORD_SIZE * 4);
    this.#record = 0;
    const values = new Float32Array(bytes);
    return Array.from({ length: count }, (_, index) => {
      const [loss, dice, bce, accuracy] = values.subarray(index * RECORD_SIZE) as unknown as number[];
      if (!Number.isFinite(loss)) {
        throw new Error(
          `Training diverged: the loss of batch ${
            index + 1
          } of ${count} up to step ${this.#step} is ${loss}\n` +
            "hint: lower the learning rate, or look for pictures or weights that are not finite",
        );
      }
      return { loss: loss!, dice: dice!, bce: bce!, accuracy: accuracy! };
    });
  }

  /** Computes the gradients of the loss by every parameter, without an update; dropout draws as in the next step. */
  async gradients(images: Tensor, masks: Tensor): Promise<StateDict> {
    const ready = await this.#prepare("train", images, masks);
    this.#step++;
    this.#run(ready, images, masks, ready.plan.updateAt);
    this.#step--;
    await this.readMetrics();
    const { gpu, parameters } = this.unet;
    const bytes = await gpu.read(this.#buffers.gradients, 0, parameters.blockSize * 4);
    return blockToState(parameters, new Float32Array(bytes));
  }

  /** Bytes of all buffers of this trainer and its plans, the weights included. */
  get byteLength(): number {
    return Object.values(this.#buffers).reduce((sum, { size }) => sum + size, 0) + this.#executor.byteLength +
      this.unet.weights.size;
  }

  /** Frees the trainer's memory; the network stays. */
  close(): void {
    this.#executor.destroy();
    for (const buffer of Object.values(this.#buffers)) buffer.destroy();
  }

  #prepare(kind: "train" | "evaluate", images: Tensor, masks: Tensor): Promise<ReadyPlan> {
    const { batch, height, width } = this.unet.checkImages(images);
    const expected = [batch, this.unet.config.outChannels, height, width];
    const values = expected.reduce((product, extent) => product * extent, 1);
    if (masks.shape.join() !== expected.join() || masks.data.length !== values) {
      throw new TypeError(
        `Cannot train with masks of shape [${
          masks.shape.join(", ")
        }] and ${masks.data.length} values: expected ` +
          `[${expected.join(", ")}]`,
      );
    }
    return this.#executor.prepare({ kind, batch, height, width });
  }

  #run(ready: ReadyPlan, images: Tensor, masks: Tensor, end: number | undefined): void {
    const { gpu } = this.unet;
    const { queue } = gpu.device;
    queue.writeBuffer(ready.pictures, 0, images.data as Float32Array<ArrayBuffer>);
    queue.writeBuffer(ready.masks, 0, masks.data as Float32Array<ArrayBuffer>);
    const step = packStep(this.options.seed, Math.max(1, this.#step), this.#record++, this.options);
    queue.writeBuffer(this.#buffers.step, 0, step as Uint8Array<ArrayBuffer>);
    const encoder = gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    ready.program.encode(pass, 0, end);
    pass.end();
    gpu.submit(encoder);
  }
}
