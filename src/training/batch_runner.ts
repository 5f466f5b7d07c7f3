/**
 * Batches on a device: whole, or in parts where the whole does not fit or is to take less memory.
 *
 * The loss is one of the whole batch, so that its gradient needs sums over all images. A batch in parts therefore
 * goes forward part by part, keeping partial sums alone; then part by part forward once more and backward, the
 * gradients added up. The last part begins the second round: its activations are still there. Partial sums are cut
 * by images: loss, metrics and all gradients within an image are those of the whole batch, bit for bit where the same products are chosen.
 *
 * @module
 */
import type { Augmentation } from "../../kernels/augment/augment.ts";
import { lossBands, lossTotal } from "../../kernels/loss/loss.ts";
import { CapacityError } from "../gpu/capacity_error.ts";
import { Program } from "../graph/program.ts";
import type { Tensor } from "../tensor.ts";
import type { Chunk } from "../layers/activation.ts";
import { Executor, type ReadyPlan } from "../unet/executor.ts";
import type { UNet } from "../unet/unet.ts";
import { Augmenter, type PreparedAugmentation } from "./augmenter.ts";
import { type BatchShape, cutBatch, fewerAtOnce } from "./batch_memory.ts";

/** What is computed of a batch: metrics and gradients, or metrics alone. */
export type BatchKind = "train" | "evaluate";

/** Images that are computed at once, at most; null where any number may be. */
export type AtOnce = Readonly<Record<BatchKind, number | null>>;

/** Buffers that batches read and write. */
export interface BatchBuffers {
  /** Receive the gradients of a training batch. */
  readonly gradients: GPUBuffer;
  /** Seed, step and place of the record. */
  readonly step: GPUBuffer;
  /** Receives metrics. */
  readonly history: GPUBuffer;
}

/** How batches are run. */
export interface BatchRunnerOptions {
  /** Random changes of training batches. */
  readonly augmentation?: Augmentation | undefined;
  /** Images that are computed at once, at most; any number unless given. */
  readonly atOnce?: number | undefined;
  /** Told in a line where a batch did not fit, and what is done about it. */
  readonly onNote?: ((message: string) => void) | undefined;
}

interface PreparedPart extends Chunk {
  readonly ready: ReadyPlan;
  readonly augmentation: PreparedAugmentation | undefined;
}

/** A batch's plans, ready to run. */
export interface PreparedBatch {
  readonly parts: readonly PreparedPart[];
  /** Makes the record of a batch in parts. */
  readonly total: Program | undefined;
}

/** What is done with a batch. */
export interface BatchRun {
  /** [N, inChannels, H, W], normalised. */
  readonly images: Tensor;
  /** [N, outChannels, H, W], 0 or 1. */
  readonly masks: Tensor;
  /** Writes the uniform of the step, for a part that begins with so many images before it. */
  readonly writeStep: (firstImage: number) => void;
  /** Encodes what follows once the gradients are there. */
  readonly finish?: (pass: GPUComputePassEncoder) => void;
}

/** Runs batches of a network. */
export class BatchRunner {
  readonly #unet: UNet;
  readonly #buffers: BatchBuffers;
  readonly #options: BatchRunnerOptions;
  readonly #executor: Executor;
  readonly #augmenter: Augmenter | undefined;
  readonly #totals = new Map<ReadyPlan, Program>();
  readonly #atOnce: Record<BatchKind, number>;

  /** Prepares nothing yet. */
  constructor(unet: UNet, buffers: BatchBuffers, options: BatchRunnerOptions) {
    const { gpu, config, weights } = unet;
    this.#unet = unet;
    this.#buffers = buffers;
    this.#options = options;
    this.#executor = new Executor(gpu, config, { weights, ...buffers });
    const { augmentation, atOnce = Infinity } = options;
    this.#atOnce = { train: atOnce, evaluate: atOnce };
    const channels = { images: config.inChannels, masks: config.outChannels };
    this.#augmenter = augmentation && new Augmenter(gpu, augmentation, channels, buffers.step);
  }

  /** Images at once, as was asked for or as the device made it necessary: a run's last digits depend on it. */
  get atOnce(): AtOnce {
    const { train, evaluate } = this.#atOnce;
    const known = (count: number) => Number.isFinite(count) ? count : null;
    return { train: known(train), evaluate: known(evaluate) };
  }

  /** Goes on as another runner did. */
  set atOnce({ train, evaluate }: AtOnce) {
    this.#atOnce.train = train ?? Infinity;
    this.#atOnce.evaluate = evaluate ?? Infinity;
  }

  /** Bytes of all buffers that were allocated here, the augmentation's apart. */
  get byteLength(): number {
    return this.#executor.byteLength;
  }

  /**
   * Makes a batch ready; one that does not fit the device by itself is cut into halves until it does.
   *
   * @throws {RangeError} where height or width is no multiple of 32.
   * @throws {CapacityError} where not even one image fits.
   */
  async prepare(kind: BatchKind, shape: BatchShape, augment = false): Promise<PreparedBatch> {
    let reason: string | undefined;
    for (;;) {
      const atOnce = Math.min(shape.batch, this.#atOnceOf(kind));
      // Batches of other sizes, whose plans are kept, may take the room.
      const alone = this.#executor.byteLength === 0;
      try {
        const prepared = await this.#make(kind, shape, atOnce, augment);
        if (reason !== undefined) this.#options.onNote?.(describeCut(shape.batch, prepared.parts, reason));
        return prepared;
      } catch (error) {
        if (!(error instanceof CapacityError)) throw error;
        // What was allocated in vain would take the room of the next attempt.
        this.#clear();
        if (!alone) continue;
        if (atOnce <= 1) throw error;
        reason ??= error.message.split("\n")[0]!;
        this.#atOnce[kind] = fewerAtOnce(shape.batch, atOnce);
      }
    }
  }

  /** Hands a batch to the device; does not wait. */
  run({ parts, total }: PreparedBatch, batch: BatchRun): void {
    const { finish, writeStep } = batch;
    const begin = (part: PreparedPart) => {
      this.#upload(part, batch);
      writeStep(part.first);
    };
    const [only] = parts;
    if (!total) {
      begin(only!);
      this.#submit((pass) => {
        only!.augmentation?.program.encode(pass);
        only!.ready.program.encode(pass);
        finish?.(pass);
      });
      return;
    }
    const last = parts.at(-1)!;
    for (const part of parts) {
      begin(part);
      this.#submit((pass) => {
        part.augmentation?.program.encode(pass);
        part.ready.program.encode(pass, 0, part.ready.plan.backwardAt);
        if (part === last) total.encode(pass);
      });
    }
    if (last.ready.plan.spec.kind !== "train") return;
    const backward = ({ ready: { program, plan } }: PreparedPart, pass: GPUComputePassEncoder) =>
      program.encode(pass, plan.backwardAt);
    this.#submit((pass) => backward(last, pass), (encoder) => encoder.clearBuffer(this.#buffers.gradients));
    for (const part of parts.slice(0, -1)) {
      begin(part);
      this.#submit((pass) => {
        part.augmentation?.program.encode(pass);
        part.ready.program.encode(pass, 0, part.ready.plan.lossAt);
        backward(part, pass);
      });
    }
    if (finish) this.#submit(finish);
  }

  /** Frees everything that was allocated here. */
  destroy(): void {
    this.#clear();
  }

  async #make(
    kind: BatchKind,
    shape: BatchShape,
    atOnce: number,
    augment: boolean,
  ): Promise<PreparedBatch> {
    const cut = cutBatch(shape.batch, atOnce);
    const partOf = cut.length > 1 ? shape.batch : undefined;
    const parts: PreparedPart[] = [];
    // The last is the largest: what it allocates serves the others, too.
    for (const { first, count } of cut.toReversed()) {
      const ready = await this.#executor.prepare({ ...shape, kind, batch: count, partOf });
      const augmentation = augment ? await this.#augmenter?.prepare(ready) : undefined;
      parts.unshift({ first, count, ready, augmentation });
    }
    return {
      parts,
      total: partOf === undefined ? undefined : await this.#total(parts.at(-1)!.ready, partOf),
    };
  }

  /** The program that makes totals and a record of the partial sums that a batch's parts leave. */
  async #total(part: ReadyPlan, batch: number): Promise<Program> {
    let total = this.#totals.get(part);
    if (!total) {
      const { gpu, config } = this.#unet;
      const { height, width } = part.plan.spec;
      const image = config.outChannels * height * width;
      const { history, step } = this.#buffers;
      const buffers = [part.lossPartials!, part.batchSums!, history, step];
      const views = buffers.map(({ size }, buffer) => ({ buffer, offset: 0, byteLength: size }));
      const dispatch = lossTotal(lossBands(batch, image).total, batch * image);
      total = await Program.create(gpu, [{ dispatch, views }], buffers);
      this.#totals.set(part, total);
    }
    return total;
  }

  /** Where training does not fit, evaluation is cut likewise: its plans then share the memory of training's. */
  #atOnceOf(kind: BatchKind): number {
    return kind === "train" ? this.#atOnce.train : Math.min(this.#atOnce.train, this.#atOnce.evaluate);
  }

  #upload({ first, count, ready, augmentation }: PreparedPart, { images, masks }: BatchRun): void {
    const target = augmentation?.sources ?? ready;
    const { queue } = this.#unet.gpu.device;
    for (const [buffer, { shape, data }] of [[target.images, images], [target.masks, masks]] as const) {
      const size = data.length / shape[0]!;
      queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>, first * size, count * size);
    }
  }

  #submit(
    encode: (pass: GPUComputePassEncoder) => void,
    before?: (encoder: GPUCommandEncoder) => void,
  ): void {
    this.#unet.gpu.run(encode, before);
  }

  #clear(): void {
    this.#executor.clear();
    this.#augmenter?.clear();
    for (const total of this.#totals.values()) total.destroy();
    this.#totals.clear();
  }
}

function describeCut(batch: number, parts: readonly Chunk[], reason: string): string {
  const [least, most] = [parts[0]!.count, parts.at(-1)!.count];
  return `a batch of ${batch} does not fit this device (${reason}): computing it in ${parts.length} chunks of ` +
    `${least === most ? most : `${least} or ${most}`}, with the same result`;
}
