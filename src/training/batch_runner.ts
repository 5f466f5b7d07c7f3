/**
 * Batches on a device: whole, or in micro-batches if the whole does not fit or is to take less memory.
 *
 * The loss is one of the whole batch, so that its gradient needs sums over all images. Therefore a batch in micro-batches
 * first goes forward, one micro-batch after the other, and keeps only partial sums; then each micro-batch goes forward
 * again and backward, and the gradients are accumulated. The last micro-batch begins the second round: its activations
 * still exist. Partial sums are cut at image boundaries: loss, metrics and all gradients within an image are those of the
 * whole batch, bit for bit if the same products are chosen.
 *
 * The images of one rank of several are such a micro-batch of the batch of all ranks. This module is browser compatible.
 *
 * @module
 */
import type { Augmentation, Extents } from "../../kernels/augment/augment.ts";
import { IGNORED_TARGET, type LossName } from "../../kernels/loss/definition.ts";
import { lossBands, lossTotal } from "../../kernels/loss/loss.ts";
import { CapacityError } from "../gpu/capacity_error.ts";
import { Program } from "../graph/program.ts";
import type { Chunk } from "../layers/activation.ts";
import type { Tensor } from "../tensor.ts";
import { Executor, type ReadyPlan } from "../unet/executor.ts";
import { maskChannels } from "../unet/config.ts";
import { lossSpec } from "../unet/network_plan.ts";
import type { UNet } from "../unet/unet.ts";
import { Augmenter, type PreparedAugmentation } from "./augmenter.ts";
import { type BatchShape, cutBatch, runsTwice, smallerMicroBatch } from "./batch_memory.ts";
import type { BatchPlace, Collective } from "./collective.ts";
import { allFinite } from "../math.ts";

/** What is computed of a batch: metrics and gradients, or only metrics. */
export type BatchKind = "train" | "evaluate";

/** Maximum images per micro-batch; null for no limit. */
export type MicroBatch = Readonly<Record<BatchKind, number | null>>;

/** Buffers that batches read and write. */
export interface BatchBuffers {
  /** Receives the gradients of a training batch. */
  readonly gradients: GPUBuffer;
  /** Seed, step and place of the record. */
  readonly step: GPUBuffer;
  /** Receives metrics. */
  readonly history: GPUBuffer;
}

/** How batches are run. */
export interface BatchRunnerOptions {
  /** Random transforms of training batches. */
  readonly augmentation?: Augmentation | undefined;
  /** Whether pixels that augmentation takes from outside an image count in nothing; by default they are background. */
  readonly ignoreOutside?: boolean | undefined;
  /** What is trained on; defaults to `combined`. */
  readonly loss?: LossName | undefined;
  /** Maximum images per micro-batch; no limit by default. */
  readonly microBatch?: number | undefined;
  /** Gets a line if a batch did not fit, saying what is done about it. */
  readonly onNote?: ((message: string) => void) | undefined;
}

interface PreparedMicroBatch extends Chunk {
  readonly ready: ReadyPlan;
  readonly augmentation: PreparedAugmentation | undefined;
}

/** A batch's plans, ready to run. */
export interface PreparedBatch {
  /** In order; only one if the batch is computed whole. */
  readonly microBatches: readonly PreparedMicroBatch[];
  /** Adds up what the micro-batches leave and writes the record; absent for a whole batch, whose plan does. */
  readonly total: Program | undefined;
  /** Images of other ranks before these. */
  readonly firstImage: number;
}

/** How a batch is prepared. */
export interface PrepareBatchOptions {
  /** Whether it is augmented; false by default. */
  readonly augment?: boolean;
  /** Height and width of the images to augment, if these are larger: what lies around them is read, too. */
  readonly source?: Extents | undefined;
  /** Its place in the batch of all ranks; absent on one rank. */
  readonly place?: BatchPlace | undefined;
}

/** A batch to run. */
export interface BatchInput {
  /** [N, inChannels, H, W], normalized. */
  readonly images: Tensor;
  /** As `Trainer.step` takes them. */
  readonly masks: Tensor;
  /** Writes the uniform of the step, given the number of images before a micro-batch. */
  readonly writeStep: (firstImage: number) => void;
  /** Whether this rank has no image of the batch: one that counts nowhere stands for them. */
  readonly isEmpty?: boolean;
}

/** Runs batches of a network. */
export class BatchRunner {
  readonly #unet: UNet;
  readonly #buffers: BatchBuffers;
  readonly #options: BatchRunnerOptions;
  readonly #executor: Executor;
  readonly #augmenter: Augmenter | undefined;
  readonly #totals = new Map<ReadyPlan, Program>();
  readonly #microBatch: Record<BatchKind, number>;

  /** Prepares nothing yet. */
  constructor(unet: UNet, buffers: BatchBuffers, options: BatchRunnerOptions = {}) {
    const { gpu, config, weights } = unet;
    this.#unet = unet;
    this.#buffers = buffers;
    this.#options = options;
    this.#executor = new Executor(gpu, config, { weights, ...buffers });
    const { augmentation, microBatch = Infinity } = options;
    this.#microBatch = { train: microBatch, evaluate: microBatch };
    const channels = { images: config.inChannels, masks: maskChannels(config) };
    const outside = options.ignoreOutside ? IGNORED_TARGET : 0;
    this.#augmenter = augmentation && new Augmenter(gpu, augmentation, channels, buffers.step, outside);
  }

  /** Maximum images per micro-batch, as set or as the device required: a run's last digits depend on it. */
  get microBatch(): MicroBatch {
    const { train, evaluate } = this.#microBatch;
    const known = (count: number) => Number.isFinite(count) ? count : null;
    return { train: known(train), evaluate: known(evaluate) };
  }

  set microBatch({ train, evaluate }: MicroBatch) {
    this.#microBatch.train = train ?? Infinity;
    this.#microBatch.evaluate = evaluate ?? Infinity;
  }

  /** Bytes of all buffers that were allocated here, except those of augmentation. */
  get byteLength(): number {
    return this.#executor.byteLength;
  }

  /**
   * Prepares a batch; one that does not fit an otherwise empty device is halved until it does.
   *
   * @throws {RangeError} if height or width is not a multiple of 32.
   * @throws {CapacityError} if not even one image fits.
   */
  async prepare(
    kind: BatchKind,
    shape: BatchShape,
    options: PrepareBatchOptions = {},
  ): Promise<PreparedBatch> {
    let reason: string | undefined;
    for (;;) {
      const microBatch = Math.min(shape.batch, this.#limitOf(kind));
      // Plans of other batch sizes are kept, and may have taken the memory.
      const wasEmpty = this.#executor.byteLength === 0;
      try {
        const prepared = await this.#make(kind, shape, microBatch, options);
        if (reason !== undefined) {
          this.#options.onNote?.(describeCut(shape.batch, prepared.microBatches, reason));
        }
        return prepared;
      } catch (error) {
        if (!(error instanceof CapacityError)) throw error;
        // What the failed attempt allocated would be missing in the next one.
        this.#clear();
        if (!wasEmpty) continue;
        if (microBatch <= 1) throw error;
        reason ??= error.message.split("\n")[0]!;
        this.#microBatch[kind] = smallerMicroBatch(shape.batch, microBatch);
      }
    }
  }

  /** Hands a batch to the device without waiting for it; `finish` encodes what follows the gradients. */
  run(batch: PreparedBatch, input: BatchInput, finish?: (pass: GPUComputePassEncoder) => void): void {
    const { microBatches: [first], total } = batch;
    if (!total) {
      this.#begin(batch, first!, input);
      this.#unet.gpu.run((pass) => {
        first!.augmentation?.program.encode(pass);
        first!.ready.program.encode(pass);
        finish?.(pass);
      });
      return;
    }
    this.#forward(batch, input, (pass) => total.encode(pass));
    this.#backward(batch, input);
    if (finish) this.#unet.gpu.run(finish);
  }

  /**
   * Computes this rank's images of a batch that was prepared with its place among those of all ranks. Every rank gets
   * the record of the whole batch and, from training, its gradients. Waits for the device between forward and backward,
   * and after the backward.
   */
  async runShared(batch: PreparedBatch, input: BatchInput, collective: Collective): Promise<void> {
    const { gpu } = this.#unet;
    const { plan, lossPartials } = batch.microBatches.at(-1)!.ready;
    const reduce = async (buffer: GPUBuffer, byteLength: number) => {
      const values = new Float32Array(await gpu.read(buffer, 0, byteLength));
      // Here it is known whose images they come from; afterwards they are everybody's.
      if (!allFinite(values)) {
        throw new Error(
          "Training diverged: the loss or the gradients of this rank's images are not finite\n" +
            "hint: lower the learning rate, or look for images or weights that are not finite",
        );
      }
      await collective.allReduce(values);
      gpu.upload(buffer, 0, values);
    };
    gpu.clear(lossPartials!);
    this.#forward(batch, input);
    if (input.isEmpty) gpu.clear(lossPartials!);
    // Each rank fills its own images' places: the sum over ranks has the bits of the whole batch on one rank.
    await reduce(lossPartials!, plan.regions.lossPartials.byteLength);
    gpu.run((pass) => batch.total!.encode(pass));
    if (plan.spec.kind !== "train") return;
    this.#backward(batch, input);
    if (input.isEmpty) gpu.clear(this.#buffers.gradients);
    await reduce(this.#buffers.gradients, this.#buffers.gradients.size);
  }

  /** Frees everything that was allocated here. */
  destroy(): void {
    this.#clear();
  }

  /** Goes forward through all micro-batches; `finish` is encoded behind the last. */
  #forward(batch: PreparedBatch, input: BatchInput, finish?: (pass: GPUComputePassEncoder) => void): void {
    const last = batch.microBatches.at(-1)!;
    for (const microBatch of batch.microBatches) {
      const { augmentation, ready: { program, plan } } = microBatch;
      this.#begin(batch, microBatch, input);
      this.#unet.gpu.run((pass) => {
        augmentation?.program.encode(pass);
        program.encode(pass, 0, plan.backwardAt);
        if (microBatch === last) finish?.(pass);
      });
    }
  }

  /** Goes backward through all micro-batches after the totals are known; does nothing in an evaluation. */
  #backward(batch: PreparedBatch, input: BatchInput): void {
    const { gpu } = this.#unet;
    const last = batch.microBatches.at(-1)!;
    if (last.ready.plan.spec.kind !== "train") return;
    const backward = ({ ready: { program, plan } }: PreparedMicroBatch, pass: GPUComputePassEncoder) =>
      program.encode(pass, plan.backwardAt);
    gpu.run((pass) => backward(last, pass), (encoder) => encoder.clearBuffer(this.#buffers.gradients));
    for (const microBatch of batch.microBatches.slice(0, -1)) {
      const { augmentation, ready: { program, plan } } = microBatch;
      this.#begin(batch, microBatch, input);
      gpu.run((pass) => {
        augmentation?.program.encode(pass);
        program.encode(pass, 0, plan.kept.first);
        program.encode(pass, plan.kept.end, plan.lossAt);
        backward(microBatch, pass);
      });
    }
  }

  async #make(
    kind: BatchKind,
    shape: BatchShape,
    most: number,
    { augment = false, place, source }: PrepareBatchOptions,
  ): Promise<PreparedBatch> {
    const cut = cutBatch(shape.batch, most);
    const partOf = place?.batch ?? (cut.length > 1 ? shape.batch : undefined);
    const { loss } = this.#options;
    const microBatches: PreparedMicroBatch[] = [];
    // The last is the largest: the others reuse what it allocates.
    for (const [index, { first, count }] of [...cut.entries()].toReversed()) {
      const twice = kind === "train" ? runsTwice(index, cut.length) : undefined;
      const ready = await this.#executor.prepare({ ...shape, kind, batch: count, partOf, twice, loss });
      const augmentation = augment ? await this.#augmenter?.prepare(ready, source) : undefined;
      microBatches.unshift({ first, count, ready, augmentation });
    }
    return {
      microBatches,
      total: partOf === undefined ? undefined : await this.#total(microBatches.at(-1)!.ready, partOf),
      firstImage: place?.firstImage ?? 0,
    };
  }

  /** The program that makes totals and a record of the partial sums of `batch` images. */
  async #total(ready: ReadyPlan, batch: number): Promise<Program> {
    let total = this.#totals.get(ready);
    if (!total) {
      const { gpu, config } = this.#unet;
      const { height, width } = ready.plan.spec;
      const pixels = height * width;
      const { history, step } = this.#buffers;
      const buffers = [ready.lossPartials!, ready.batchSums!, history, step];
      const views = buffers.map(({ size }, buffer) => ({ buffer, offset: 0, byteLength: size }));
      const dispatch = lossTotal(
        lossBands(batch, pixels).total,
        batch * maskChannels(config) * pixels,
        lossSpec(config, this.#options.loss),
      );
      total = await Program.create(gpu, [{ dispatch, views }], buffers);
      this.#totals.set(ready, total);
    }
    return total;
  }

  /** If training does not fit, evaluation is cut likewise: its plans then share the memory of training's. */
  #limitOf(kind: BatchKind): number {
    const { train, evaluate } = this.#microBatch;
    return kind === "train" ? train : Math.min(train, evaluate);
  }

  #begin(
    { firstImage }: PreparedBatch,
    { first, count, ready, augmentation }: PreparedMicroBatch,
    { images, masks, writeStep }: BatchInput,
  ): void {
    const target = augmentation?.sources ?? ready;
    for (const [buffer, { shape, data }] of [[target.images, images], [target.masks, masks]] as const) {
      const size = data.length / shape[0]!;
      this.#unet.gpu.write(buffer, 0, data, first * size, count * size);
    }
    writeStep(firstImage + first);
  }

  #clear(): void {
    this.#executor.clear();
    this.#augmenter?.clear();
    for (const total of this.#totals.values()) total.destroy();
    this.#totals.clear();
  }
}

function describeCut(batch: number, microBatches: readonly Chunk[], reason: string): string {
  const [least, most] = [microBatches[0]!.count, microBatches.at(-1)!.count];
  return `a batch of ${batch} does not fit this device (${reason}): computing it in ${microBatches.length} ` +
    `micro-batches of ${least === most ? most : `${least} or ${most}`}, with the same result`;
}
