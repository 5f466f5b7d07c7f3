/**
 * Validation of a network that is trained on patches: whole images by sliding windows, as they are predicted.
 *
 * @module
 */
import { addSums, recordOf, sumBatch } from "../../kernels/loss/batch_loss.ts";
import type { LossName, LossSums } from "../../kernels/loss/definition.ts";
import type { ServedBatch } from "../dataset/batches.ts";
import { logitsByWindows } from "../prediction/windows.ts";
import { lossSpec } from "../unet/network_plan.ts";
import type { UNet } from "../unet/unet.ts";
import { allTexts, type Collective, SINGLE_RANK } from "./collective.ts";
import { addBatch, type MetricSums } from "./epoch_metrics.ts";

/** A validation and its progress. */
export interface WindowValidation {
  /** The images, one by one. */
  readonly images: AsyncIterable<ServedBatch>;
  /** How many there are. */
  readonly count: number;
  /** Width and height of a window. */
  readonly side: number;
  /** What is minimized. */
  readonly loss: LossName;
  /** Images whose loss is one record, as it is of a batch. */
  readonly batchSize: number;
  /** Metrics of the finished batches; this adds to them. */
  readonly sums: MetricSums;
  /** Whether to stop: asked before each batch. */
  readonly shouldStop: () => boolean | Promise<boolean>;
  /** Called after each batch. */
  readonly onRead: () => void;
  /** The ranks that share the images; defaults to one. */
  readonly collective?: Collective | undefined;
}

/** What an image adds to the loss of its batch. */
interface ImageSums {
  readonly sums: readonly LossSums[];
  readonly targets: number;
}

/**
 * Validates all images; returns whether it reached the end.
 *
 * @throws {Error} if a loss is not finite.
 */
export async function validateByWindows(unet: UNet, validation: WindowValidation): Promise<boolean> {
  const { images, count, batchSize, sums, shouldStop, onRead, collective = SINGLE_RANK } = validation;
  let batch: (ImageSums | null)[] = [];
  let index = 0;
  for await (const image of images) {
    if (batch.length === 0 && await shouldStop()) return false;
    // The ranks take turns.
    batch.push(index % collective.size === collective.rank ? await sumImage(unet, image, validation) : null);
    index++;
    if (batch.length < batchSize && index < count) continue;
    addTo(sums, await collect(batch, collective), unet, validation);
    batch = [];
    onRead();
  }
  return true;
}

async function sumImage(
  unet: UNet,
  { images, masks }: ServedBatch,
  { side, loss }: WindowValidation,
): Promise<ImageSums> {
  const [, ...shape] = images.shape as [number, number, number, number];
  const { data: logits } = await logitsByWindows(unet, { shape, data: images.data }, side);
  const pixels = shape[1]! * shape[2]!;
  const batch = { logits, targets: masks.data, pixels };
  return { sums: sumBatch(batch, lossSpec(unet.config, loss)), targets: masks.data.length };
}

/** The sums of all images of a batch, in their order, on every rank. */
async function collect(batch: readonly (ImageSums | null)[], collective: Collective): Promise<ImageSums[]> {
  if (collective.size === 1) return batch.map((sums) => sums!);
  const texts = await allTexts(collective, JSON.stringify(batch));
  const lists = texts.map((text) => JSON.parse(text) as (ImageSums | null)[]);
  return batch.map((_, at) => lists.map((list) => list[at]).find((sums) => sums)!);
}

function addTo(
  sums: MetricSums,
  images: readonly ImageSums[],
  { config }: UNet,
  { loss }: WindowValidation,
): void {
  const targets = images.reduce((total, image) => total + image.targets, 0);
  const record = recordOf(addSums(images.map(({ sums }) => sums)), targets, lossSpec(config, loss));
  if (!Number.isFinite(record.loss)) {
    throw new Error(
      `Training diverged: the loss of validation is ${record.loss}\n` +
        "hint: lower the learning rate, or look for images that are not finite",
    );
  }
  addBatch(sums, record, images.length);
}
