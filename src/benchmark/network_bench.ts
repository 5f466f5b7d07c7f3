/**
 * The whole network: forward passes and training steps on synthetic batches.
 *
 * @module
 */
import type { Gpu } from "../gpu/gpu.ts";
import { uniformFloats } from "../random.ts";
import type { Tensor } from "../tensor.ts";
import { type MemoryUse, planBatch } from "../training/batch_memory.ts";
import { Trainer } from "../training/trainer.ts";
import { completeConfig, DEPTHS, type UNetConfig } from "../unet/config.ts";
import { Executor, type ReadyPlan } from "../unet/executor.ts";
import { parameterTable } from "../unet/parameters.ts";
import { UNet } from "../unet/unet.ts";

/** A network and its batches. */
export interface NetworkShape {
  /** Feature maps of the first block. */
  readonly filters: number;
  /** Height and width of an image. */
  readonly size: number;
  /** Images per batch. */
  readonly batch: number;
  /** Poolings; defaults to 5. */
  readonly depth?: number;
}

/** Share of foreground pixels in a synthetic mask. */
const MASK_SHARE = 0.2;

/**
 * Floating-point operations of a forward pass: those of its convolutions, counted as direct ones. A training step has
 * three times as many.
 */
export function forwardOperations({ filters, size, batch, depth = DEPTHS.default }: NetworkShape): number {
  const { list } = parameterTable(completeConfig({ filters, depth }));
  return list.filter(({ name }) => name.endsWith(".weight"))
    .reduce(
      (sum, parameter) => sum + 2 * parameter.size * (size / 2 ** levelOf(parameter.name, depth)) ** 2,
      0,
    ) *
    batch;
}

/** How often the image was halved before a layer. */
function levelOf(name: string, depth: number): number {
  const [, kind, level, up] = /^(down|up|bottleneck|outc)(\d?)\.(up)?/.exec(name)!;
  if (kind === "down") return Number(level) - 1;
  if (kind === "up") return depth - Number(level) + (up === undefined ? 0 : 1);
  return kind === "bottleneck" ? depth : 0;
}

/** A batch of random images and masks. */
export function makeBatch(
  config: UNetConfig,
  { size, batch }: NetworkShape,
): { images: Tensor; masks: Tensor } {
  const make = (channels: number, stream: number) => {
    const data = new Float32Array(batch * channels * size * size);
    uniformFloats(data, 0, stream, 1);
    return { shape: [batch, channels, size, size], data };
  };
  const masks = make(config.outChannels, 1);
  masks.data.forEach((value, index) => masks.data[index] = value < 2 * MASK_SHARE - 1 ? 1 : 0);
  return { images: make(config.inChannels, 0), masks };
}

/** A network that is ready for forward passes and training steps on one random batch. */
export class NetworkBench {
  /** The network. */
  readonly unet: UNet;
  /** Its trainer. */
  readonly trainer: Trainer;
  /** The batch. */
  readonly batch: { readonly images: Tensor; readonly masks: Tensor };
  readonly #executor: Executor;
  #forward: ReadyPlan | undefined;

  private constructor(unet: UNet, trainer: Trainer, batch: NetworkBench["batch"]) {
    this.unet = unet;
    this.trainer = trainer;
    this.batch = batch;
    this.#executor = new Executor(unet.gpu, unet.config, { weights: unet.weights });
  }

  /** Creates a network and its batch; plans are created on first use. */
  static async create(
    gpu: Gpu,
    shape: NetworkShape,
    { norm = "none", memory = "normal" }: { norm?: UNetConfig["norm"]; memory?: MemoryUse } = {},
  ): Promise<NetworkBench> {
    const unet = await UNet.create(gpu, { filters: shape.filters, norm });
    const { size, batch } = shape;
    const { microBatch } = planBatch(unet.config, gpu, { batch, height: size, width: size }, memory);
    return new NetworkBench(unet, await Trainer.create(unet, { microBatch }), makeBatch(unet.config, shape));
  }

  /** Runs forward passes on the batch, which is on the device already, and waits once. */
  async forward(times: number): Promise<void> {
    const { gpu } = this.unet;
    const { program } = this.#forward ??= await this.#prepareForward();
    for (let i = 0; i < times; i++) gpu.run((pass) => program.encode(pass));
    await gpu.idle();
  }

  /** Takes training steps as a training loop does, including the upload of the batch, and reads metrics once. */
  async step(times: number): Promise<void> {
    for (let i = 0; i < times; i++) await this.trainer.enqueue(this.batch.images, this.batch.masks);
    await this.trainer.readMetrics();
  }

  /** Evaluates the batch repeatedly, including its upload, and reads metrics once. */
  async evaluate(times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      await this.trainer.enqueueEvaluation(this.batch.images, this.batch.masks);
    }
    await this.trainer.readMetrics();
  }

  /** Frees everything but the device. */
  close(): void {
    this.#executor.clear();
    this.trainer.close();
    this.unet.close();
  }

  async #prepareForward(): Promise<ReadyPlan> {
    const { data, shape } = this.batch.images;
    const [batch, , height, width] = shape as [number, number, number, number];
    const ready = await this.#executor.prepare({ kind: "predict", batch, height, width }, true);
    this.unet.gpu.write(ready.images, 0, data);
    return ready;
  }
}
