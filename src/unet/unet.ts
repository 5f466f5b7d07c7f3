/**
 * The U-Net on a device.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { CapacityError } from "../gpu/capacity_error.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { StateDict, Tensor } from "../tensor.ts";
import { firstNaN } from "../math.ts";
import { completeConfig, headOf, type UNetConfig } from "./config.ts";
import { Executor, type ReadyPlan } from "./executor.ts";
import type { PlanSpec } from "./network_plan.ts";
import {
  blockToState,
  type Initialization,
  initialValues,
  type ParameterTable,
  parameterTable,
  placeState,
} from "./parameters.ts";
import { probabilities } from "./probabilities.ts";
import { pourWeights, type WeightsSource } from "./weights_source.ts";

/** Images per dispatch of a prediction: more would not be faster, but need more memory. */
const PREDICTION_BATCH = 8;

/** Options of {@linkcode UNet.logits}. */
export interface LogitsOptions {
  /**
   * For each image the size of the micro-batch by which its kernels are chosen, as {@linkcode microBatchAt} gives it for
   * its place in a larger batch: it gets the bits that it would get there. By default the images are the whole batch.
   */
  readonly microBatches?: readonly number[] | undefined;
}

/** Images of the micro-batch in which {@linkcode UNet.logits} computes the image at `place` of `batch` images. */
export function microBatchAt(place: number, batch: number): number {
  return Math.min(PREDICTION_BATCH, batch - place + place % PREDICTION_BATCH);
}

/** A U-Net with its weights on a GPU. */
export class UNet {
  /** The device. */
  readonly gpu: Gpu;
  /** The network's settings. */
  readonly config: Readonly<UNetConfig>;
  /** The network's parameters. */
  readonly parameters: ParameterTable;
  /** The flat block of weights. */
  readonly weights: GPUBuffer;
  readonly #executor: Executor;
  /** Images per micro-batch; reduced if they do not fit the device. */
  #microBatch = PREDICTION_BATCH;

  private constructor(gpu: Gpu, config: UNetConfig, parameters: ParameterTable, weights: GPUBuffer) {
    this.gpu = gpu;
    this.config = config;
    this.parameters = parameters;
    this.weights = weights;
    this.#executor = new Executor(gpu, config, { weights });
  }

  /**
   * Creates a network with the weights of `state`, or of a `source` that is read piece by piece, or drawn by `seed`, which
   * defaults to 0, by default with PyTorch's initialization.
   *
   * @throws {RangeError} if a setting is out of range or the weights do not fit the device, and what
   * {@linkcode UNet.loadStateDict} throws.
   */
  static async create(
    gpu: Gpu,
    config?: Partial<UNetConfig>,
    options: {
      seed?: number;
      initialization?: Initialization;
      state?: StateDict;
      source?: WeightsSource;
    } = {},
  ): Promise<UNet> {
    const full = completeConfig(config);
    const parameters = parameterTable(full);
    const values = options.source
      ? []
      : options.state
      ? placeState(parameters, options.state)
      : initialValues(parameters, options.seed ?? 0, options.initialization);
    const weights = await gpu.createBuffer("weights", parameters.blockSize * 4);
    const network = new UNet(gpu, full, parameters, weights);
    for (const { offset, data } of values) gpu.upload(weights, 4 * offset, data);
    if (options.source) {
      await pourWeights(gpu, weights, parameters, options.source).catch((error) => {
        weights.destroy();
        throw error;
      });
    }
    return network;
  }

  /**
   * Replaces all weights.
   *
   * @throws {TypeError} naming tensors that are missing, unexpected or of another shape.
   * @throws {RangeError} naming a tensor with a value that is not finite.
   */
  loadStateDict(state: StateDict): void {
    const values = placeState(this.parameters, state);
    for (const { offset, data } of values) this.gpu.upload(this.weights, 4 * offset, data);
  }

  /** Reads all weights back; the tensors share one block of memory. */
  async stateDict(): Promise<StateDict> {
    const bytes = await this.gpu.read(this.weights, 0, this.parameters.blockSize * 4);
    return blockToState(this.parameters, new Float32Array(bytes));
  }

  /**
   * Computes logits, without dropout.
   *
   * @param images [N, inChannels, H, W], normalized; H and W are multiples of 32
   * @returns [N, outChannels, H, W]
   * @throws {TypeError} if the images have another shape.
   * @throws {RangeError} if H or W is not a multiple of 32, or one image does not fit the device.
   */
  async logits(images: Tensor, { microBatches }: LogitsOptions = {}): Promise<Tensor> {
    const { batch, height, width } = this.checkImages(images);
    const imageSize = this.config.inChannels * height * width;
    const outputSize = this.config.outChannels * height * width;
    const data = new Float32Array(batch * outputSize);
    const { gpu } = this;
    for (let first = 0; first < batch;) {
      const partOf = microBatches?.[first];
      const next = microBatches?.findIndex((size, place) => place > first && size !== partOf) ?? -1;
      const ready = await this.#prepare({ batch: (next < 0 ? batch : next) - first, partOf }, height, width);
      const count = ready.plan.spec.batch;
      const part = images.data.slice(first * imageSize, (first + count) * imageSize);
      gpu.write(ready.images, 0, part);
      gpu.run((pass) => ready.program.encode(pass));
      data.set(new Float32Array(await gpu.read(ready.logits, 0, count * outputSize * 4)), first * outputSize);
      first += count;
    }
    return { shape: [batch, this.config.outChannels, height, width], data };
  }

  /**
   * Computes the logits of the first images of a batch, as many as fit the device, and leaves them there until the next
   * call: [batch, outChannels, H, W] from the buffer's first byte on.
   *
   * @throws as {@linkcode UNet.logits}
   */
  async run(images: Tensor): Promise<{ readonly logits: GPUBuffer; readonly batch: number }> {
    const { batch, height, width } = this.checkImages(images);
    const ready = await this.#prepare({ batch }, height, width);
    const count = ready.plan.spec.batch;
    this.gpu.write(ready.images, 0, images.data, 0, count * this.config.inChannels * height * width);
    this.gpu.run((pass) => ready.program.encode(pass));
    return { logits: ready.logits, batch: count };
  }

  /**
   * Computes probabilities: the sigmoid of {@linkcode UNet.logits}, or their softmax without the background.
   *
   * @returns [N, classes, H, W]
   * @throws {Error} if a result is NaN, and what {@linkcode UNet.logits} throws.
   */
  async predict(images: Tensor): Promise<Tensor> {
    const logits = await this.logits(images);
    const bad = firstNaN(logits.data);
    if (bad >= 0) {
      throw new Error(
        `Cannot predict: the logit at index ${bad} is NaN\nhint: check the images and weights for values that are ` +
          "not finite",
      );
    }
    return probabilities(logits, headOf(this.config));
  }

  /** The plan for the next micro-batch of `batch` images. */
  async #prepare(
    { batch, partOf }: Pick<PlanSpec, "batch" | "partOf">,
    height: number,
    width: number,
  ): Promise<ReadyPlan> {
    for (;;) {
      const count = Math.min(this.#microBatch, batch);
      // Plans of other batch sizes are kept, and may have taken the memory.
      const wasEmpty = this.#executor.byteLength === 0;
      const whole = partOf === undefined || partOf === count ? undefined : partOf;
      try {
        return await this.#executor.prepare({ kind: "predict", batch: count, partOf: whole, height, width });
      } catch (error) {
        if (!(error instanceof CapacityError)) throw error;
        this.#executor.clear();
        if (!wasEmpty) continue;
        if (count <= 1) throw error;
        // Images are independent in prediction: smaller micro-batches give the same logits.
        this.#microBatch = Math.ceil(count / 2);
      }
    }
  }

  /** Checks the shape of a batch of images; throws a TypeError if it is another. */
  checkImages(images: Tensor): { batch: number; height: number; width: number } {
    const [batch, channels, height, width] = images.shape;
    const values = images.shape.reduce((product, extent) => product * extent, 1);
    if (images.shape.length !== 4 || channels !== this.config.inChannels || values !== images.data.length) {
      throw new TypeError(
        `Cannot read images of shape [${
          images.shape.join(", ")
        }] with ${images.data.length} values: expected ` +
          `[N, ${this.config.inChannels}, H, W]`,
      );
    }
    return { batch: batch!, height: height!, width: width! };
  }

  /** Frees the network's memory; the device stays open. */
  close(): void {
    this.#executor.clear();
    this.weights.destroy();
  }
}
