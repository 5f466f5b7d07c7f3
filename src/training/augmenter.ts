/**
 * Augmentation on the device: batches are uploaded beside the plan's inputs and drawn into them.
 *
 * @module
 */
import { augment, type Augmentation } from "../../kernels/augment/augment.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { Program } from "../gpu/program.ts";
import type { Tensor } from "../tensor.ts";
import type { ReadyPlan } from "../unet/executor.ts";

/** Where a batch is uploaded, and what draws it into the plan's inputs. */
export interface PreparedAugmentation {
  /** The drawing. */
  readonly program: Program;
  /** Receive the batch. */
  readonly sources: { readonly pictures: GPUBuffer; readonly masks: GPUBuffer };
}

/** Makes augmentation programs, one for each plan. */
export class Augmenter {
  readonly #gpu: Gpu;
  readonly #options: Augmentation;
  readonly #maskChannels: number;
  readonly #step: GPUBuffer;
  readonly #prepared = new Map<ReadyPlan, Promise<PreparedAugmentation>>();
  readonly #buffers: GPUBuffer[] = [];

  /** `step` is the uniform that holds seed and step. */
  constructor(gpu: Gpu, options: Augmentation, maskChannels: number, step: GPUBuffer) {
    this.#gpu = gpu;
    this.#options = options;
    this.#maskChannels = maskChannels;
    this.#step = step;
  }

  /** The augmentation of batches of the shape of `images` for a plan; made at its first use. */
  prepare(images: Tensor, ready: ReadyPlan): Promise<PreparedAugmentation> {
    let prepared = this.#prepared.get(ready);
    if (prepared === undefined) {
      prepared = this.#make(images, ready);
      this.#prepared.set(ready, prepared);
    }
    return prepared;
  }

  /** Frees what was allocated. */
  destroy(): void {
    for (const buffer of this.#buffers) buffer.destroy();
    for (const prepared of this.#prepared.values()) {
      prepared.then(({ program }) => program.destroy(), () => {});
    }
  }

  async #make(images: Tensor, ready: ReadyPlan): Promise<PreparedAugmentation> {
    const [batch, channels, height, width] = images.shape as [number, number, number, number];
    const pictures = await this.#gpu.createBuffer("pictures before augmentation", ready.pictures.size);
    const masks = await this.#gpu.createBuffer("masks before augmentation", ready.masks.size);
    this.#buffers.push(pictures, masks);
    const buffers = [pictures, masks, ready.pictures, ready.masks, this.#step];
    const program = await Program.create(this.#gpu, [{
      dispatch: augment({ batch, channels, height, width }, this.#maskChannels, this.#options),
      views: buffers.map(({ size }, buffer) => ({ buffer, offset: 0, byteLength: buffer === 4 ? 16 : size })),
    }], buffers);
    return { program, sources: { pictures, masks } };
  }
}
