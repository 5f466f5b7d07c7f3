/**
 * Training steps of a network: augmentation, forward, loss, backward and Adam, without waiting for the device.
 * This module is browser compatible.
 *
 * @module
 */
import { type AdamOptions, packStep, STEP_BYTE_LENGTH } from "../../kernels/adam/adam.ts";
import { emaDecay } from "../../kernels/average/average.ts";
import { checkLossHead, IGNORED_TARGET } from "../../kernels/loss/definition.ts";
import type { StateDict, Tensor } from "../tensor.ts";
import { classCount, headOf, maskChannels } from "../unet/config.ts";
import { blockToState } from "../unet/parameters.ts";
import type { UNet } from "../unet/unet.ts";
import type { BatchShape } from "./batch_memory.ts";
import { type BatchKind, BatchRunner, type PrepareBatchOptions, type PreparedBatch } from "./batch_runner.ts";
import { placeInBatch } from "./collective.ts";
import { type BatchMetrics, MetricsHistory, type StepMetrics } from "./metrics_history.ts";
import { OptimizerStep } from "./optimizer_step.ts";
import { completeTrainerOptions, type TrainerOptions, type TrainerSettings } from "./trainer_options.ts";
import {
  captureBlocks,
  readBlock,
  restoreBlocks,
  type StateBuffers,
  type TrainerState,
} from "./trainer_state.ts";

interface TrainerBuffers extends StateBuffers {
  readonly gradients: GPUBuffer;
  readonly gradientScale: GPUBuffer;
  readonly step: GPUBuffer;
  readonly accumulated?: GPUBuffer;
}

/** Trains a {@linkcode UNet}. */
export class Trainer {
  /** The network. */
  readonly unet: UNet;
  /** Step size of the next update; schedules change it. */
  learningRate: number;
  readonly #settings: TrainerSettings;
  readonly #buffers: TrainerBuffers;
  readonly #batches: BatchRunner;
  readonly #optimizer: OptimizerStep;
  readonly #history: MetricsHistory;
  #step = 0;
  #updates = 0;
  /** Batches of the accumulation so far. */
  #accumulated = 0;

  private constructor(
    unet: UNet,
    settings: TrainerSettings,
    buffers: TrainerBuffers,
    history: MetricsHistory,
    optimizer: OptimizerStep,
  ) {
    this.unet = unet;
    this.learningRate = settings.learningRate;
    this.#settings = settings;
    this.#buffers = buffers;
    this.#history = history;
    this.#optimizer = optimizer;
    const { gradients, step } = buffers;
    this.#batches = new BatchRunner(unet, { gradients, step, history: history.buffer }, settings);
  }

  /**
   * Prepares training: allocates gradients and moments.
   *
   * @throws {RangeError} if a setting is out of range or the device is too small.
   */
  static async create(unet: UNet, options: TrainerOptions = {}): Promise<Trainer> {
    const settings = completeTrainerOptions(options);
    checkLossHead(settings.loss, headOf(unet.config));
    const { gpu, weights } = unet;
    const { blockSize } = unet.parameters;
    const block = (label: string) => gpu.createBuffer(label, blockSize * 4);
    const buffers: TrainerBuffers = {
      weights,
      gradients: await block("gradients"),
      firstMoment: await block("first moment"),
      secondMoment: await block("second moment"),
      gradientScale: await gpu.createBuffer("gradient scale", 256),
      step: await gpu.createBuffer("step", STEP_BYTE_LENGTH, GPUBufferUsage.UNIFORM),
      ...(settings.accumulate > 1 ? { accumulated: await block("accumulated gradients") } : {}),
      ...(settings.averageDecay > 0 ? { average: await block("EMA of the weights") } : {}),
    };
    const history = await MetricsHistory.create(gpu, classCount(unet.config));
    gpu.write(buffers.gradientScale, 0, new Float32Array([1, 1, 1, 1]));
    if (buffers.average) gpu.copy(weights, buffers.average, blockSize * 4);
    const optimizer = await OptimizerStep.create(gpu, buffers, { ...settings, blockSize });
    return new Trainer(unet, settings, buffers, history, optimizer);
  }

  /** Training batches so far. */
  get steps(): number {
    return this.#step;
  }

  /**
   * Allocates the memory and compiles the kernels of training steps on batches of this shape.
   *
   * @throws {RangeError} if height or width is not a multiple of 32, or the device is too small.
   */
  async prepare(batch: number, height: number, width: number): Promise<void> {
    await this.#prepareShape("train", { batch, height, width }, {});
  }

  /**
   * Takes one training step and reads its metrics, from before the update.
   *
   * @param images [N, inChannels, H, W], normalized
   * @param masks [N, classes, H, W] of 0 and 1; of a network with a softmax [N, 1, H, W] of class indices, 0 for the
   * background. In both, -1 is a pixel that has no share in the loss and the metrics.
   * @throws {TypeError} if a shape does not fit.
   * @throws {RangeError} if a value is no class index.
   * @throws {Error} if the loss is not finite, naming the step.
   */
  async step(images: Tensor, masks: Tensor): Promise<StepMetrics> {
    await this.enqueue(images, masks);
    const { loss, dice, bce, accuracy } = (await this.readMetrics()).at(-1)!;
    return { loss, dice, bce, accuracy };
  }

  /**
   * Takes one training step; {@linkcode Trainer.readMetrics} reads its metrics later. On one rank it does not wait for
   * the device.
   *
   * @throws as {@linkcode Trainer.step}.
   */
  async enqueue(images: Tensor, masks: Tensor): Promise<void> {
    const { augmentation, patch } = this.#settings;
    const batch = await this.#prepare("train", images, masks, {
      augment: true,
      crops: augmentation && patch,
    });
    this.#step++;
    const completes = this.#accumulated + 1 === this.#settings.accumulate;
    if (completes) this.#updates++;
    const optimize = (pass: GPUComputePassEncoder) => {
      this.#optimizer.encodeAccumulation(pass, this.#accumulated === 0);
      if (completes) this.#optimizer.encodeUpdate(pass);
    };
    // On several ranks the gradients are summed between the backward and the optimizer step.
    if (this.#isShared) {
      await this.#runShared(batch, images, masks, `step ${this.#step}`);
      this.unet.gpu.run(optimize);
    } else this.#run(batch, images, masks, `step ${this.#step}`, optimize);
    this.#accumulated = completes ? 0 : this.#accumulated + 1;
  }

  /** Updates with the mean of the gradients accumulated so far: at the end of an epoch there may be fewer batches. */
  async flush(): Promise<void> {
    const batches = this.#accumulated;
    if (batches === 0) return;
    const mean = await this.#optimizer.meanOf(batches);
    this.#accumulated = 0;
    this.#updates++;
    this.#writeStep(0);
    this.unet.gpu.run((pass) => {
      mean.encode(pass);
      this.#optimizer.encodeUpdate(pass);
    });
  }

  /** Computes metrics of a batch without dropout or update; on one rank it does not wait for the device. */
  async enqueueEvaluation(images: Tensor, masks: Tensor): Promise<void> {
    const batch = await this.#prepare("evaluate", images, masks);
    const source = `an evaluation after step ${this.#step}`;
    if (this.#isShared) await this.#runShared(batch, images, masks, source);
    else this.#run(batch, images, masks, source);
  }

  /**
   * Waits for the device and returns the metrics of all batches since the last call, in order; on several ranks they
   * are those of the batch of all ranks.
   *
   * @throws {Error} if a loss is not finite, naming the step.
   */
  readMetrics(): Promise<BatchMetrics[]> {
    return this.#history.read();
  }

  /**
   * Computes the gradients of the loss by every parameter, without an update; dropout draws as in the next step.
   *
   * @throws as {@linkcode Trainer.step}.
   */
  async gradients(images: Tensor, masks: Tensor): Promise<StateDict> {
    const batch = await this.#prepare("train", images, masks);
    const source = `step ${this.#step + 1}`;
    this.#step++;
    if (this.#isShared) await this.#runShared(batch, images, masks, source);
    else this.#run(batch, images, masks, source);
    this.#step--;
    await this.readMetrics();
    return await this.#readState(this.#buffers.gradients);
  }

  /**
   * Reads everything that the next step depends on.
   *
   * @param scratch an earlier state whose memory is overwritten: allocating as much again can take longer than reading
   */
  async state(scratch?: TrainerState): Promise<TrainerState> {
    if (this.#accumulated !== 0) {
      throw new Error("Cannot save a trainer within an accumulation\nhint: call flush() first");
    }
    const { gpu, parameters } = this.unet;
    const blocks = await captureBlocks(gpu, this.#buffers, parameters.blockSize, scratch);
    const { microBatch } = this.#batches;
    return {
      step: this.#step,
      updates: this.#updates,
      ...blocks,
      ...(microBatch.train ?? microBatch.evaluate ? { microBatch } : {}),
    };
  }

  /**
   * Returns to a saved state: the next steps give the same bits as they did after it was saved.
   *
   * @throws {TypeError} if the state is of another network, or of a trainer with other settings.
   */
  load(state: TrainerState): void {
    restoreBlocks(this.unet.gpu, this.#buffers, this.unet.parameters.blockSize, state);
    this.#step = state.step;
    this.#updates = state.updates;
    if (state.microBatch) this.#batches.microBatch = state.microBatch;
    this.#accumulated = 0;
    this.#history.clear();
  }

  /** The EMA of the weights if there is one, else the weights. */
  averagedState(): Promise<StateDict> {
    return this.#readState(this.#buffers.average ?? this.unet.weights);
  }

  /** Calls `work` while the EMA of the weights, if there is one, replaces the weights. */
  async withAverage<T>(work: () => Promise<T>): Promise<T> {
    const { average } = this.#buffers;
    if (!average) return await work();
    const { gpu, weights, parameters } = this.unet;
    const trained = await readBlock(gpu, weights, parameters.blockSize);
    gpu.copy(average, weights, average.size);
    try {
      return await work();
    } finally {
      gpu.upload(weights, 0, trained);
    }
  }

  /** Bytes of all buffers of this trainer and its plans, including the weights. */
  get byteLength(): number {
    const own = [this.#history.buffer, ...Object.values<GPUBuffer>({ ...this.#buffers })];
    return own.reduce((sum, { size }) => sum + size, this.#batches.byteLength);
  }

  /** Frees the trainer's memory; the network stays. */
  close(): void {
    this.#batches.destroy();
    this.#optimizer.destroy();
    const { weights: _, ...own } = this.#buffers;
    for (const buffer of [this.#history.buffer, ...Object.values<GPUBuffer>(own)]) buffer.destroy();
  }

  get #isShared(): boolean {
    return this.#settings.collective.size > 1;
  }

  async #readState(buffer: GPUBuffer): Promise<StateDict> {
    const { gpu, parameters } = this.unet;
    return blockToState(parameters, await readBlock(gpu, buffer, parameters.blockSize));
  }

  #prepare(
    kind: BatchKind,
    images: Tensor,
    masks: Tensor,
    { augment = false, crops }: { augment?: boolean; crops?: number | undefined } = {},
  ): Promise<PreparedBatch> {
    const { batch, height, width } = this.unet.checkImages(images);
    const expected = [batch, maskChannels(this.unet.config), height, width];
    const values = expected.reduce((product, extent) => product * extent, 1);
    if (masks.shape.join() !== expected.join() || masks.data.length !== values) {
      throw new TypeError(
        `Cannot train with masks of shape [${masks.shape.join(", ")}] and ${masks.data.length} values: ` +
          `expected [${expected.join(", ")}]`,
      );
    }
    if (headOf(this.unet.config) === "softmax") checkIndices(masks.data, classCount(this.unet.config));
    this.#history.checkRoom();
    if (crops === undefined) return this.#prepareShape(kind, { batch, height, width }, { augment });
    const source = { height, width };
    return this.#prepareShape(kind, { batch, height: crops, width: crops }, { augment, source });
  }

  #prepareShape(kind: BatchKind, shape: BatchShape, options: PrepareBatchOptions): Promise<PreparedBatch> {
    if (!this.#isShared) return this.#batches.prepare(kind, shape, options);
    const isEmpty = shape.batch === 0;
    return placeInBatch(this.#settings.collective, shape.batch).then(({ firstImage, batch }) => {
      const place = { firstImage: isEmpty ? 0 : firstImage, batch };
      return this.#batches.prepare(kind, { ...shape, batch: Math.max(1, shape.batch) }, {
        ...options,
        place,
      });
    });
  }

  /** Hands a batch to the device; `finish` encodes what follows the gradients. */
  #run(
    batch: PreparedBatch,
    images: Tensor,
    masks: Tensor,
    source: string,
    finish?: (pass: GPUComputePassEncoder) => void,
  ): void {
    const writeStep = (firstImage: number) => this.#writeStep(firstImage);
    this.#batches.run(batch, { images, masks, writeStep }, finish);
    this.#history.add(source);
  }

  /** Computes a batch of all ranks; the gradients are those of the whole batch on every rank. */
  async #runShared(batch: PreparedBatch, images: Tensor, masks: Tensor, source: string): Promise<void> {
    const writeStep = (firstImage: number) => this.#writeStep(firstImage);
    const isEmpty = images.shape[0] === 0;
    const input = isEmpty
      ? { images: oneOfZeros(images), masks: oneOfZeros(masks), isEmpty }
      : { images, masks };
    await this.#batches.runShared(batch, { ...input, writeStep }, this.#settings.collective);
    this.#history.add(source);
  }

  #writeStep(firstImage: number): void {
    const options: AdamOptions = { ...this.#settings, learningRate: this.learningRate };
    const updates = Math.max(1, this.#updates);
    const bytes = packStep(
      this.#settings.seed,
      this.#step,
      updates,
      this.#history.length,
      options,
      firstImage,
      emaDecay(this.#settings.averageDecay, updates),
    );
    this.unet.gpu.write(this.#buffers.step, 0, bytes);
  }
}

/** Kernels index by these values, and would read another channel's or another image's logits. */
function checkIndices(values: Float32Array, classes: number): void {
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (value >= IGNORED_TARGET && value <= classes && Number.isInteger(value)) continue;
    throw new RangeError(
      `Cannot train with a mask of value ${value} at index ${index}: expected class indices from 0 to ${classes}, or ` +
        `${IGNORED_TARGET} to ignore a pixel`,
    );
  }
}

/** A batch of one image of zeros in place of an empty one. */
function oneOfZeros({ shape: [, ...image] }: Tensor): Tensor {
  return {
    shape: [1, ...image],
    data: new Float32Array(image.reduce((product, extent) => product * extent, 1)),
  };
}
