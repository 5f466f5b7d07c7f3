/**
 * The data road beside the network: how fast images are prepared, and how fast prepared ones are served in batches.
 * A training run is bound by the device as long as batches are served faster than steps are taken.
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

/** Pixels a side of the files, as in the usual export of annotated scans. */
const FILE_SIZE = 640;

/** Pixels a side of prepared images, the original's. */
const SIZE = 256;

/** Images of a batch. */
const BATCH = 8;

/** Images a second. */
export interface ImageRate {
  /** Measurements. */
  readonly runs: number;
  /** The fastest. */
  readonly best: number;
  /** The middle one. */
  readonly median: number;
}

/** What was measured. */
export interface DataRoad {
  /** Images, JPEGs of a made-up dataset. */
  readonly images: number;
  /** Pixels a side of their files. */
  readonly fileSize: number;
  /** Pixels a side after preparing. */
  readonly size: number;
  /** Reading, decoding, resizing and drawing masks, on all cores. */
  readonly preparing: ImageRate;
  /** Putting normalised batches together from memory. */
  readonly serving: ImageRate;
}

/** Makes so many images below `folder`, which is removed in the end, prepares and serves them. */
export async function measureDataRoad(
  folder: string,
  images: number,
  options: TurnOptions,
): Promise<DataRoad> {
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
