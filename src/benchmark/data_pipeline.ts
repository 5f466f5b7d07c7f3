/**
 * The data pipeline: how fast images are prepared, and how fast batches of prepared images are assembled. Training is
 * limited by the device as long as batches are assembled faster than steps are taken.
 *
 * @module
 */
import { join } from "node:path";
import { batches } from "../dataset/batches.ts";
import { makePhantom } from "../phantom/phantom.ts";
import { prepareSplit } from "../dataset/prepare.ts";
import { readSplit } from "../dataset/samples.ts";
import { findSplits, splitOf } from "../dataset/splits.ts";
import { type Contestant, takeTurns, type TurnOptions } from "../tuning/timing.ts";
import { closeDecoders } from "../image/decode.ts";

/** Width and height of the image files in pixels, as annotation tools usually export scans. */
const FILE_SIZE = 640;

/** Width and height of prepared images in pixels, as in the original. */
const SIZE = 256;

/** Images per batch. */
const BATCH = 8;

/** Images per second. */
export interface ImageRate {
  /** Number of measurements. */
  readonly runs: number;
  /** The fastest. */
  readonly best: number;
  /** The median. */
  readonly median: number;
}

/** Throughput of the data pipeline. */
export interface DataPipeline {
  /** Number of images: JPEGs of a synthetic dataset. */
  readonly images: number;
  /** Width and height of their files in pixels. */
  readonly fileSize: number;
  /** Width and height after preparation in pixels. */
  readonly size: number;
  /** Reading, decoding, resizing and drawing masks, on all cores. */
  readonly preparing: ImageRate;
  /** Assembling normalized batches from memory. */
  readonly serving: ImageRate;
}

/** Generates images below `folder`, prepares and batches them, and removes the folder. */
export async function measureDataPipeline(
  folder: string,
  images: number,
  options: TurnOptions,
): Promise<DataPipeline> {
  try {
    const data = join(folder, "phantom");
    await makePhantom(data, { train: images, valid: 0, test: 0, size: FILE_SIZE });
    const { samples } = await readSplit(splitOf(await findSplits(data), "train"));
    const prepare = () => prepareSplit(samples, { size: SIZE, cacheFolder: null });
    const prepared = await prepare();
    const serve = async () => {
      for await (const { images } of batches(prepared, { batchSize: BATCH })) {
        if (images.shape[2] !== SIZE) throw new Error(`Cannot measure: a batch has shape [${images.shape}]`);
      }
    };
    try {
      await serve();
      const contestants = [timed(async () => await (await prepare()).close()), timed(serve)];
      const [preparing, serving] = (await takeTurns(contestants, options)).map(({ runs, best, median }) => ({
        runs,
        best: images / best,
        median: images / median,
      }));
      return { images, fileSize: FILE_SIZE, size: SIZE, preparing: preparing!, serving: serving! };
    } finally {
      await prepared.close();
    }
  } finally {
    await closeDecoders();
    await Deno.remove(folder, { recursive: true }).catch(() => {});
  }
}

function timed(work: () => Promise<void>): Contestant {
  return {
    run: async () => {
      const start = performance.now();
      await work();
      return (performance.now() - start) / 1000;
    },
  };
}
