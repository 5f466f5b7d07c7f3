/**
 * Stores the maps of an evaluation in a folder that appears whole or not at all.
 *
 * @module
 */
import { join } from "node:path";
import type { Sample } from "../dataset/samples.ts";
import { writeFolderAtomic } from "../fs/atomic_folder.ts";
import { encodeGray16Png } from "../image/encode.ts";
import { createMapIndex, MAP_INDEX_FILE, type MapEntry, type MapIndex } from "./map_index.ts";
import { type ImageMaps, packSheet, sheetSize } from "./map_sheet.ts";
import { codedThresholds } from "./probability_codes.ts";

/** Most bytes that the maps of a split take; the images after that have none. */
const MAX_STORED_BYTES = 2 ** 31;

/** What an index says besides its images. */
export type MapDescription = Omit<MapIndex, "version" | "images">;

/** Stores the maps of the next image. */
export type StoreMaps = (sample: Sample, maps: ImageMaps) => Promise<void>;

/** What was stored. */
export interface StoredMaps {
  /** The folder. */
  readonly folder: string;
  /** Images with maps. */
  readonly images: number;
  /** Images without, because {@linkcode StoreOptions.maxBytes} were reached. */
  readonly omitted: number;
  /** Bytes of all maps. */
  readonly byteLength: number;
}

/** Options of {@linkcode storingMaps}. */
export interface StoreOptions {
  /** Most bytes of all maps; defaults to 2 GiB. */
  readonly maxBytes?: number;
}

/**
 * Calls `evaluate` with what stores an image's maps, and puts them in place when it has returned: a folder of an earlier
 * evaluation stays until then, and if it fails.
 */
export async function storingMaps<T>(
  folder: string,
  description: MapDescription,
  evaluate: (store: StoreMaps) => Promise<T>,
  { maxBytes = MAX_STORED_BYTES }: StoreOptions = {},
): Promise<{ result: T; stored: StoredMaps }> {
  const form = { ...description, classCount: description.classes.length };
  const thresholds = codedThresholds(description.threshold);
  const images: MapEntry[] = [];
  let byteLength = 0;
  let result: T;
  await writeFolderAtomic(folder, async (hidden) => {
    result = await evaluate(async ({ fileName, width, height }, maps) => {
      const place = images.length;
      images.push({ name: fileName, width, height, file: null });
      if (byteLength >= maxBytes) return;
      const bytes = await encodeGray16Png({ ...sheetSize(form), data: packSheet(maps, form, thresholds) });
      const file = `${`${place + 1}`.padStart(5, "0")}.png`;
      await Deno.writeFile(join(hidden, file), bytes);
      byteLength += bytes.length;
      images[place] = { ...images[place]!, file };
    });
    const index = createMapIndex({ ...description, images });
    await Deno.writeTextFile(join(hidden, MAP_INDEX_FILE), `${JSON.stringify(index)}\n`);
  });
  const kept = images.filter(({ file }) => file !== null).length;
  return { result: result!, stored: { folder, images: kept, omitted: images.length - kept, byteLength } };
}
