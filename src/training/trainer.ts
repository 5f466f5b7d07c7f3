/**
 * Training steps of a network: augmentation, forward, loss, backward and Adam, without waiting for the device.
 *
 * @module
 */
import { type AdamOptions, packStep, STEP_BYTE_LENGTH } from "../../kernels/adam/adam.ts";
import { emaDecay } from "../../kernels/average/average.ts";
import type { Augmentation } from "../../kernels/augment/augment.ts";
import { RECORD_SIZE } from "../../kernels/loss/loss.ts";
import type { StateDict, Tensor } from "../tensor.ts";
import { blockToState } from "../unet/parameters.ts";
import { HISTORY_CAPACITY } from "../layers/loss.ts";
import type { UNet } from "../unet/unet.ts";
import { type AtOnce, type BatchKind, BatchRunner, type PreparedBatch } from "./batch_runner.ts";
import { Update } from "./optimizer_step.ts";

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
  /** Norm that the whole gradient is clipped to; 0 for none. */
  clipNorm?: number;
  /** Batches whose gradients are averaged before an update; 1. */
  accumulate?: number;
  /** Decay of a moving average of the weights, less in the first updates ({@linkcode emaDecay}); 0 for none. */
  averageDecay?: number;
  /** Random changes of images and masks; none. */
  augmentation?: Augmentation;
  /** Key of dropout's and augmentation's draws; 0. */
  seed?: number;
  /**
   * Images that are computed at once, at most: a larger batch goes in parts, and its forward twice. It takes less
   * memory and 1.3 to 1.8 times the time, and gives the same result but for the order of sums over
   * images. Any number.
   */
  atOnce?: number | undefined;
  /** Told in a line where a batch does not fit the device and is computed in parts. */
  onNote?: ((message: string) => void) | undefined;
}

/** Metrics of one batch; of a training step, from before the update. */
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

/** Metrics of one batch with the counts that sums over batches need. */
export interface BatchMetrics extends StepMetrics {
  /** Pixels that are predicted and true. */
  overlap: number;
  /** Pixels that are predicted. */
  predicted: number;
  /** Pixels that are true. */
  truth: number;
  /** Pixels. */
  pixels: number;
}

/** Everything that the next training step depends on, apart from settings: flat blocks, one value a parameter. */
export interface TrainerState {
  /** Training batches so far: the key of random draws. */
  step: number;
  /** Updates so far: the exponent of Adam's bias corrections, and the age of the average. */
  updates: number;
  /** The weights. */
  weights: Float32Array<ArrayBuffer>;
  /** Adam's first moment. */
  firstMoment: Float32Array<ArrayBuffer>;
  /** Adam's second moment. */
  secondMoment: Float32Array<ArrayBuffer>;
  /** Moving average of the weights, where there is one. */
  average?: Float32Array<ArrayBuffer>;
  /** Images that are computed at once, where not any number: the last digits depend on it. */
  atOnce?: AtOnce;
}

type Settings = Required<Omit<TrainerOptions, "augmentation" | "atOnce" | "onNote">>;

interface TrainerBuffers {
  readonly gradients: GPUBuffer;
  readonly firstMoment: GPUBuffer;
  readonly secondMoment: GPUBuffer;
  readonly gradientScale: GPUBuffer;
  readonly step: GPUBuffer;
  readonly history: GPUBuffer;
  readonly accumulated?: GPUBuffer;
  readonly average?: GPUBuffer;
}

const DEFAULTS: Settings = {
  learningRate: 1e-4,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  clipNorm: 0,
  accumulate: 1,
  averageDecay: 0,
  seed: 0,
};

/** Trains a {@linkcode UNet}. */
export class Trainer {
  /** The network. */
  readonly unet: UNet;
  /** Step size of the next update; schedules change it. */
  learningRate: number;
  readonly #settings: Settings;
  readonly #buffers: TrainerBuffers;
  readonly #batches: BatchRunner;
  readonly #update: Update;
  #step = 0;
  #updates = 0;
  #accumulated = 0;
  /** What each batch since the last read was: its training step, or null for an evaluation. */
  #records: (number | null)[] = [];

  private constructor(
    unet: UNet,
    settings: Settings,
    buffers: TrainerBuffers,
    batches: BatchRunner,
    update: Update,
  ) {
    this.unet = unet;
    this.learningRate = settings.learningRate;
    this.#settings = settings;
    this.#buffers = buffers;
    this.#batches = batches;
    this.#update = update;
  }

  /**
   * Prepares training: allocates gradients and moments.
   *
   * @throws {RangeError} where a setting is out of range or the device is too small.
   */
  static async create(unet: UNet, options: TrainerOptions = {}): Promise<Trainer> {
    const { augmentation, atOnce, onNote, ...rest } = options;
    const settings = { ...DEFAULTS, ...rest };
    checkSettings(settings);
    if (atOnce !== undefined && !(Number.isInteger(atOnce) && atOnce >= 1)) {
      throw new RangeError(`Cannot train with atOnce ${atOnce}: expected a whole number from 1`);
    }
    const { gpu } = unet;
    const { blockSize } = unet.parameters;
    const block = (label: string) => gpu.createBuffer(label, blockSize * 4);
    const buffers: TrainerBuffers = {
      gradients: await block("gradients"),
      firstMoment: await block("first moment"),
      secondMoment: await block("second moment"),
      gradientScale: await gpu.createBuffer("gradient scale", 256),
      step: await gpu.createBuffer("step", STEP_BYTE_LENGTH, GPUBufferUsage.UNIFORM),
      history: await gpu.createBuffer("history", HISTORY_CAPACITY * RECORD_SIZE * 4),
      ...(settings.accumulate > 1 ? { accumulated: await block("accumulated gradients") } : {}),
      ...(settings.averageDecay > 0 ? { average: await block("average of weights") } : {}),
    };
    gpu.device.queue.writeBuffer(buffers.gradientScale, 0, new Float32Array([1, 1, 1, 1]));
    if (buffers.average) {
      const encoder = gpu.device.createCommandEncoder();
      encoder.copyBufferToBuffer(unet.weights, 0, buffers.average, 0, blockSize * 4);
      gpu.submit(encoder);
    }
    const update = await Update.create(gpu, { weights: unet.weights, ...buffers }, {
      ...settings,
      blockSize,
    });
    const { gradients, step, history } = buffers;
    const batches = new BatchRunner(unet, { gradients, step, history }, {
      augmentation,
      atOnce,
      onNote,
    });
    return new Trainer(unet, settings, buffers, batches, update);
  }

  /** Training batches so far. */
  get steps(): number {
    return this.#step;
  }

  /**
   * Makes training steps of such batches ready: allocates their memory and compiles their kernels.
   *
   * @throws {RangeError} where height or width is no multiple of 32, or the device is too small.
   */
  async prepare(batch: number, height: number, width: number): Promise<void> {
    await this.#batches.prepare("train", { batch, height, width });
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
    const { loss, dice, bce, accuracy } = (await this.readMetrics()).at(-1)!;
    return { loss, dice, bce, accuracy };
  }

  /**
   * Takes one training step without waiting for it; {@linkcode Trainer.readMetrics} reads its metrics later.
   *
   * @throws as {@linkcode Trainer.step}.
   */
  async enqueue(images: Tensor, masks: Tensor): Promise<void> {
    const { accumulate } = this.#settings;
    const batch = await this.#prepare("train", images, masks, true);
    this.#step++;
    const completes = this.#accumulated + 1 === accumulate;
    if (completes) this.#updates++;
    this.#run(batch, this.#step, images, masks, (pass) => {
      this.#update.encodeAccumulation(pass, this.#accumulated === 0);
      if (completes) this.#update.encodeApply(pass);
    });
    this.#accumulated = completes ? 0 : this.#accumulated + 1;
  }

  /** Updates with the mean of the gradients so far, of fewer batches than asked for: the end of an epoch. */
  async flush(): Promise<void> {
    const batches = this.#accumulated;
    if (batches === 0) return;
    const mean = await this.#update.meanOf(batches);
    this.#accumulated = 0;
    this.#updates++;
    this.#writeStep(0);
    this.unet.gpu.run((pass) => {
      mean.encode(pass);
      this.#update.encodeApply(pass);
    });
  }

  /** Computes metrics of a batch with dropout off and no update, without waiting for it. */
  async enqueueEvaluation(images: Tensor, masks: Tensor): Promise<void> {
    this.#run(await this.#prepare("evaluate", images, masks), null, images, masks);
  }

  /**
   * Waits for the device and returns the metrics of all batches since the last call, in order.
   *
   * @throws {Error} where a loss is not finite, naming the step.
   */
  async readMetrics(): Promise<BatchMetrics[]> {
    const records = this.#records;
    if (records.length === 0) return [];
    this.#records = [];
    const bytes = await this.unet.gpu.read(this.#buffers.history, 0, records.length * RECORD_SIZE * 4);
    const values = new Float32Array(bytes);
    return records.map((step, index) => {
      const at = index * RECORD_SIZE;
      const metrics = {
        loss: values[at]!,
        dice: values[at + 1]!,
        bce: values[at + 2]!,
        accuracy: values[at + 3]!,
        overlap: values[at + 4]!,
        predicted: values[at + 5]!,
        truth: values[at + 6]!,
        pixels: values[at + 7]!,
      };
      if (!Number.isFinite(metrics.loss)) {
        const which = step === null ? `an evaluation after step ${this.#step}` : `step ${step}`;
        throw new Error(
          `Training diverged: the loss of ${which} is ${metrics.loss}\n` +
            `hint: ${
              this.unet.gpu.precision === "f16" ? "train with --precision f32, " : ""
            }lower the learning rate, or ` +
            "look for images or weights that are not finite",
        );
      }
      return metrics;
    });
  }

  /**
   * Computes the gradients of the loss by every parameter, without an update; dropout draws as in the next step.
   *
   * @throws as {@linkcode Trainer.step}.
   */
  async gradients(images: Tensor, masks: Tensor): Promise<StateDict> {
    const batch = await this.#prepare("train", images, masks);
    this.#step++;
    this.#run(batch, this.#step, images, masks);
    this.#step--;
    await this.readMetrics();
    return blockToState(this.unet.parameters, await this.#readBlock(this.#buffers.gradients));
  }

  /**
   * Reads everything that the next step depends on.
   *
   * @param scratch an earlier state whose memory may be written over: getting as much anew can take longer than reading
   */
  async state(scratch?: TrainerState): Promise<TrainerState> {
    if (this.#accumulated !== 0) {
      throw new Error("Cannot save a trainer within an accumulation\nhint: call flush() first");
    }
    const { firstMoment, secondMoment, average } = this.#buffers;
    const { atOnce } = this.#batches;
    return {
      step: this.#step,
      updates: this.#updates,
      weights: await this.#readBlock(this.unet.weights, scratch?.weights),
      firstMoment: await this.#readBlock(firstMoment, scratch?.firstMoment),
      secondMoment: await this.#readBlock(secondMoment, scratch?.secondMoment),
      ...(average ? { average: await this.#readBlock(average, scratch?.average) } : {}),
      ...(atOnce.train ?? atOnce.evaluate ? { atOnce } : {}),
    };
  }

  /**
   * Goes back to a saved state: the next steps give the same bits as they did after it was saved.
   *
   * @throws {TypeError} where the state is of another network, or of a trainer with other settings.
   */
  load(state: TrainerState): void {
    const { firstMoment, secondMoment, average } = this.#buffers;
    const blocks = { weights: this.unet.weights, firstMoment, secondMoment, average };
    for (const [name, buffer] of Object.entries(blocks)) {
      const values = state[name as keyof typeof blocks];
      if (values?.length !== (buffer && this.unet.parameters.blockSize)) {
        throw new TypeError(
          `Cannot load the trainer's state: ${name} has ${
            values?.length ?? "no"
          } values, the network's has ` +
            `${buffer ? this.unet.parameters.blockSize : "none"}`,
        );
      }
      if (buffer) this.unet.gpu.upload(buffer, 0, values!);
    }
    this.#step = state.step;
    this.#updates = state.updates;
    if (state.atOnce) this.#batches.atOnce = state.atOnce;
    this.#accumulated = 0;
    this.#records = [];
  }

  /** The averaged weights where averaging is on, else the weights. */
  async averagedState(): Promise<StateDict> {
    return blockToState(
      this.unet.parameters,
      await this.#readBlock(this.#buffers.average ?? this.unet.weights),
    );
  }

  /** Calls `work` with the averaged weights in place of the trained ones, where averaging is on. */
  async withAverage<T>(work: () => Promise<T>): Promise<T> {
    const { average } = this.#buffers;
    if (!average) return await work();
    const trained = await this.#readBlock(this.unet.weights);
    const encoder = this.unet.gpu.device.createCommandEncoder();
    encoder.copyBufferToBuffer(average, 0, this.unet.weights, 0, average.size);
    this.unet.gpu.submit(encoder);
    try {
      return await work();
    } finally {
      this.unet.gpu.upload(this.unet.weights, 0, trained);
    }
  }

  /** Bytes of all buffers of this trainer and its plans, the weights included. */
  get byteLength(): number {
    return Object.values(this.#buffers as unknown as Record<string, GPUBuffer>)
      .reduce((sum, { size }) => sum + size, this.#batches.byteLength + this.unet.weights.size);
  }

  /** Frees the trainer's memory; the network stays. */
  close(): void {
    this.#batches.destroy();
    this.#update.destroy();
    for (const buffer of Object.values(this.#buffers as unknown as Record<string, GPUBuffer>)) {
      buffer.destroy();
    }
  }

  async #readBlock(
    buffer: GPUBuffer,
    scratch?: Float32Array<ArrayBuffer>,
  ): Promise<Float32Array<ArrayBuffer>> {
    const { blockSize } = this.unet.parameters;
    const block = scratch?.length === blockSize ? scratch : new Float32Array(blockSize);
    await this.unet.gpu.readInto(buffer, new Uint8Array(block.buffer, block.byteOffset, block.byteLength));
    return block;
  }

  #prepare(kind: BatchKind, images: Tensor, masks: Tensor, augment = false): Promise<PreparedBatch> {
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
    if (this.#records.length === HISTORY_CAPACITY) {
      throw new RangeError(
        `Cannot keep metrics of more than ${HISTORY_CAPACITY} batches\nhint: call readMetrics() earlier`,
      );
    }
    return this.#batches.prepare(kind, { batch, height, width }, augment);
  }

  #run(
    batch: PreparedBatch,
    step: number | null,
    images: Tensor,
    masks: Tensor,
    finish?: (pass: GPUComputePassEncoder) => void,
  ): void {
    this.#batches.run(batch, {
      images,
      masks,
      writeStep: (firstImage) => this.#writeStep(firstImage),
      ...(finish ? { finish } : {}),
    });
    this.#records.push(step);
  }

  #writeStep(firstImage: number): void {
    const options: AdamOptions = { ...this.#settings, learningRate: this.learningRate };
    const updates = Math.max(1, this.#updates);
    const bytes = packStep(
      this.#settings.seed,
      this.#step,
      updates,
      this.#records.length,
      options,
      firstImage,
      emaDecay(this.#settings.averageDecay, updates),
    );
    this.unet.gpu.device.queue.writeBuffer(this.#buffers.step, 0, bytes as Uint8Array<ArrayBuffer>);
  }
}

function checkSettings(settings: Settings): void {
  const below1 = ["beta1", "beta2", "averageDecay"];
  for (const [name, value] of Object.entries(settings)) {
    const most = below1.includes(name) ? 1 : Infinity;
    const least = name === "accumulate" ? 1 : 0;
    if (
      !(value >= least && value < most) ||
      ((name === "accumulate" || name === "seed") && !Number.isInteger(value))
    ) {
      throw new RangeError(
        `Cannot train with ${name} ${value}: expected ${least} or more${most === 1 ? ", below 1" : ""}`,
      );
    }
  }
}
