/**
 * Augmentation on the device: batches are uploaded beside the plan's inputs and drawn into them.
 *
 * @module
 */
import { augment, type Augmentation } from "../../kernels/augment/augment.ts";
import { imageSize } from "../../kernels/shape.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { Program, type View } from "../graph/program.ts";
import type { ReadyPlan } from "../unet/executor.ts";
import { BufferPool } from "../graph/buffer_pool.ts";

/** Where a batch is uploaded, and what draws it into the plan's inputs. */
export interface PreparedAugmentation {
  /** The drawing. */
  readonly program: Program;
  /** Receive the batch. */
  readonly sources: { readonly images: GPUBuffer; readonly masks: GPUBuffer };
}

/** Channels of a batch. */
export interface Channels {
  /** Of an image. */
  readonly images: number;
  /** Of a mask. */
  readonly masks: number;
}

/** Makes augmentation programs, one for each plan. */
export class Augmenter {
  readonly #gpu: Gpu;
  readonly #options: Augmentation;
  readonly #channels: Channels;
  readonly #step: GPUBuffer;
  readonly #prepared = new Map<ReadyPlan, Promise<PreparedAugmentation>>();
  readonly #sources: BufferPool;

  /** `step` is the uniform that holds seed, step, and where a part of a batch begins. */
  constructor(gpu: Gpu, options: Augmentation, channels: Channels, step: GPUBuffer) {
    this.#gpu = gpu;
    this.#options = options;
    this.#channels = channels;
    this.#step = step;
    this.#sources = new BufferPool(gpu);
  }

  /**
   * The augmentation of a plan's images; made at its first use.
   *
   * @throws {CapacityError} where it does not fit the device.
   */
  prepare(ready: ReadyPlan): Promise<PreparedAugmentation> {
    let prepared = this.#prepared.get(ready);
    if (prepared === undefined) {
      prepared = this.#make(ready);
      prepared.catch(() => this.#prepared.delete(ready));
      this.#prepared.set(ready, prepared);
    }
    return prepared;
  }

  /** Frees what was allocated. */
  clear(): void {
    this.#sources.clear();
    for (const prepared of this.#prepared.values()) {
      prepared.then(({ program }) => program.destroy(), () => {});
    }
    this.#prepared.clear();
  }

  async #make(ready: ReadyPlan): Promise<PreparedAugmentation> {
    const images = await this.#sources.take("images before augmentation", ready.images.size);
    const masks = await this.#sources.take("masks before augmentation", ready.masks.size);
    const { batch, height, width } = ready.plan.spec;
    const image = { channels: this.#channels.images, height, width };
    const sizes = [this.#channels.images, this.#channels.masks]
      .map((channels) => 4 * imageSize({ ...image, batch: 1, channels }));
    // A binding may hold less than a batch.
    const most = Math.floor(this.#gpu.limits.maxStorageBufferBindingSize / Math.max(...sizes));
    const steps = [];
    for (let first = 0; first < batch; first += most) {
      const count = Math.min(most, batch - first);
      const views: View[] = [0, 1, 2, 3].map((buffer) => {
        const size = sizes[buffer % 2]!;
        return { buffer, offset: first * size, byteLength: count * size };
      });
      steps.push({
        dispatch: augment({ ...image, batch: count }, this.#channels.masks, this.#options, first),
        views: [...views, { buffer: 4, offset: 0, byteLength: 16 }],
      });
    }
    const program = await Program.create(
      this.#gpu,
      steps,
      [images, masks, ready.images, ready.masks, this.#step],
    );
    return { program, sources: { images, masks } };
  }
}
