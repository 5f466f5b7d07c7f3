/**
 * Augmentation on the device: batches are uploaded to buffers of their own, and their augmented images are written to
 * the plan's inputs. This module is browser compatible.
 *
 * @module
 */
import {
  augment,
  type Augmentation,
  changesTone,
  type Extents,
  toneChange,
} from "../../kernels/augment/augment.ts";
import { imageSize } from "../../kernels/shape.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { Program, type View } from "../graph/program.ts";
import type { ReadyPlan } from "../unet/executor.ts";
import { BufferPool } from "../graph/buffer_pool.ts";

/** The augmentation of one plan. */
export interface PreparedAugmentation {
  /** Writes the augmented batch to the plan's inputs. */
  readonly program: Program;
  /** Receive the batch. */
  readonly sources: { readonly images: GPUBuffer; readonly masks: GPUBuffer };
}

/** Number of channels. */
export interface Channels {
  /** Of an image. */
  readonly images: number;
  /** Of a mask. */
  readonly masks: number;
}

/** Creates augmentation programs, one for each plan. */
export class Augmenter {
  readonly #gpu: Gpu;
  readonly #options: Augmentation;
  readonly #channels: Channels;
  readonly #step: GPUBuffer;
  readonly #prepared = new Map<ReadyPlan, Promise<PreparedAugmentation>>();
  readonly #sources: BufferPool;
  readonly #outside: 0 | -1;

  /**
   * `step` is the uniform with seed, step, and the place of the first image in its batch; `outside` is what masks are
   * outside the source.
   */
  constructor(gpu: Gpu, options: Augmentation, channels: Channels, step: GPUBuffer, outside: 0 | -1 = 0) {
    this.#outside = outside;
    this.#gpu = gpu;
    this.#options = options;
    this.#channels = channels;
    this.#step = step;
    this.#sources = new BufferPool(gpu);
  }

  /**
   * The augmentation of a plan's images, created at its first use; from sources of these extents, by default the plan's.
   *
   * @throws {CapacityError} if it does not fit the device.
   */
  prepare(ready: ReadyPlan, source: Extents = ready.plan.spec): Promise<PreparedAugmentation> {
    let prepared = this.#prepared.get(ready);
    if (prepared === undefined) {
      prepared = this.#make(ready, { height: source.height, width: source.width });
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

  async #make(ready: ReadyPlan, source: Extents): Promise<PreparedAugmentation> {
    const { batch, height, width } = ready.plan.spec;
    const share = source.height * source.width / (height * width);
    const images = await this.#sources.take("images before augmentation", ready.images.size * share);
    const masks = await this.#sources.take("masks before augmentation", ready.masks.size * share);
    const image = { channels: this.#channels.images, height, width };
    const sizes = [source, image].flatMap((extents) =>
      [this.#channels.images, this.#channels.masks]
        .map((channels) => 4 * imageSize({ ...image, ...extents, batch: 1, channels }))
    );
    // A binding may be smaller than a batch.
    const most = Math.floor(this.#gpu.limits.maxStorageBufferBindingSize / Math.max(...sizes));
    const step: View = { buffer: 4, offset: 0, byteLength: 16 };
    const steps = [];
    for (let first = 0; first < batch; first += most) {
      const count = Math.min(most, batch - first);
      const views: View[] = [0, 1, 2, 3].map((buffer) => {
        const size = sizes[buffer]!;
        return { buffer, offset: first * size, byteLength: count * size };
      });
      steps.push({
        dispatch: augment({ ...image, batch: count }, this.#channels.masks, this.#options, {
          firstImage: first,
          source,
          outside: this.#outside,
        }),
        views: [...views, step],
      });
      if (changesTone(this.#options)) {
        steps.push({
          dispatch: toneChange({ ...image, batch: count }, this.#options, first),
          views: [views[2]!, step],
        });
      }
    }
    const program = await Program.create(
      this.#gpu,
      steps,
      [images, masks, ready.images, ready.masks, this.#step],
    );
    return { program, sources: { images, masks } };
  }
}
