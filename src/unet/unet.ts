/**
 * The network on a device.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { CapacityError } from "../gpu/capacity_error.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { StateDict, Tensor } from "../tensor.ts";
import { completeConfig, type UNetConfig } from "./config.ts";
import { Executor, type ReadyPlan } from "./executor.ts";
import {
  blockToState,
  initialValues,
  type ParameterTable,
  parameterTable,
  placeState,
} from "./parameters.ts";
import { sigmoid } from "../math.ts";

/** Images that are predicted at once, at most: more would only need more memory. */
const PREDICTION_BATCH = 8;

/** A UNet with its weights on a GPU. */
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
  /** Images that are predicted at once: fewer where they do not fit. */
  #atOnce = PREDICTION_BATCH;

  private constructor(gpu: Gpu, config: UNetConfig, parameters: ParameterTable, weights: GPUBuffer) {
    this.gpu = gpu;
    this.config = config;
    this.parameters = parameters;
    this.weights = weights;
    this.#executor = new Executor(gpu, config, { weights });
  }

  /**
   * Creates a network with the weights of `state`, or else with PyTorch's default initialisation, drawn by `seed` (0).
   *
   * @throws {RangeError} where a setting is out of range or the weights do not fit the device.
   * @throws as {@linkcode UNet.loadStateDict}.
   */
  static async create(
    gpu: Gpu,
    config?: Partial<UNetConfig>,
    options: { seed?: number; state?: StateDict } = {},
  ): Promise<UNet> {
    const full = completeConfig(config);
    const parameters = parameterTable(full);
    const values = options.state
      ? placeState(parameters, options.state)
      : initialValues(parameters, options.seed ?? 0);
    const weights = await gpu.createBuffer("weights", parameters.blockSize * 4);
    const network = new UNet(gpu, full, parameters, weights);
    for (const { offset, data } of values) gpu.upload(weights, 4 * offset, data);
    return network;
  }

  /**
   * Replaces all weights.
   *
   * @throws {TypeError} naming what is missing, unexpected or misshapen.
   * @throws {RangeError} naming a tensor with values that are not finite.
   */
  loadStateDict(state: StateDict): void {
    const values = placeState(this.parameters, state);
    for (const { offset, data } of values) this.gpu.upload(this.weights, 4 * offset, data);
  }

  /** Reads all weights back, into memory that all tensors share. */
  async stateDict(): Promise<StateDict> {
    const bytes = await this.gpu.read(this.weights, 0, this.parameters.blockSize * 4);
    return blockToState(this.parameters, new Float32Array(bytes));
  }

  /**
   * Computes logits, with dropout off.
   *
   * @param images [N, inChannels, H, W], normalised; H and W multiples of 32
   * @returns [N, outChannels, H, W]
   * @throws {TypeError} where the shape is not that of a batch of images.
   * @throws {RangeError} where H or W is no multiple of 32, or the device is too small.
   */
  async logits(images: Tensor): Promise<Tensor> {
    const { batch, height, width } = this.checkImages(images);
    const imageSize = this.config.inChannels * height * width;
    const outputSize = this.config.outChannels * height * width;
    const data = new Float32Array(batch * outputSize);
    const { gpu } = this;
    for (let first = 0; first < batch;) {
      const ready = await this.#prepare(batch - first, height, width);
      const count = ready.plan.spec.batch;
      const part = images.data.slice(first * imageSize, (first + count) * imageSize);
      gpu.device.queue.writeBuffer(ready.images, 0, part);
      gpu.run((pass) => ready.program.encode(pass));
      data.set(new Float32Array(await gpu.read(ready.logits, 0, count * outputSize * 4)), first * outputSize);
      first += count;
    }
    return { shape: [batch, this.config.outChannels, height, width], data };
  }

  /**
   * Computes probabilities, the sigmoid of {@linkcode UNet.logits}.
   *
   * @throws as {@linkcode UNet.logits}, and {Error} where a result is not a number.
   */
  async predict(images: Tensor): Promise<Tensor> {
    const { shape, data } = await this.logits(images);
    const bad = data.findIndex((value) => Number.isNaN(value));
    if (bad >= 0) {
      throw new Error(
        `Cannot predict: the logit at index ${bad} is not a number\nhint: check the images and weights for values ` +
          "that are not finite",
      );
    }
    return { shape, data: data.map(sigmoid) };
  }

  /** The plan for as many of `batch` images as are predicted at once. */
  async #prepare(batch: number, height: number, width: number): Promise<ReadyPlan> {
    for (;;) {
      const count = Math.min(this.#atOnce, batch);
      try {
        return await this.#executor.prepare({ kind: "predict", batch: count, height, width });
      } catch (error) {
        if (!(error instanceof CapacityError) || count <= 1) throw error;
        // Images do not touch each other: fewer at once give the same logits.
        this.#executor.clear();
        this.#atOnce = Math.ceil(count / 2);
      }
    }
  }

  /** Checks the shape of a batch of images. */
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
