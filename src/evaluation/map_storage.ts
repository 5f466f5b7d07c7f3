/**
 * Stores the maps of an evaluation in a folder that appears whole or not at all.
 *
 * @module
 */
import { join } from "node:path";
import type { Sample } from "../dataset/samples.ts";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { writeFolderAtomic } from "../fs/atomic_folder.ts";
import { encodeGray16Png } from "../image/encode.ts";
import { createMapIndex, MAP_INDEX_FILE, type MapEntry, type MapIndex, mapSizeOf } from "./map_index.ts";
import { atSize } from "./compared_masks.ts";
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

/** The file of an image's maps, by its place in the split. */
function fileOf(place: number): string {
  return `${`${place + 1}`.padStart(5, "0")}.png`;
}

/** What encodes the maps of an image. */
function mapEncoder(description: MapDescription): (sample: Sample, maps: ImageMaps) => Promise<Uint8Array> {
  const { head, classes } = description;
  const thresholds = codedThresholds(description.threshold);
  return (sample, maps) => {
    const size = mapSizeOf(description, sample);
    const form = { head, classCount: classes.length, size: size.width, height: size.height };
    const data = packSheet(atSize(maps, size), form, thresholds);
    return encodeGray16Png({ ...sheetSize(form), data });
  };
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
  const encode = mapEncoder(description);
  const images: MapEntry[] = [];
  let byteLength = 0;
  let result: T;
  await writeFolderAtomic(folder, async (hidden) => {
    result = await evaluate(async (sample, maps) => {
      const { fileName, width, height } = sample;
      const place = images.length;
      images.push({ name: fileName, width, height, file: null });
      if (byteLength >= maxBytes) return;
      const bytes = await encode(sample, maps);
      const file = fileOf(place);
      await Deno.writeFile(join(hidden, file), bytes);
      byteLength += bytes.length;
      images[place] = { ...images[place]!, file };
    });
    await writeIndex(hidden, description, images);
  });
  return { result: result!, stored: describeStored(folder, images, byteLength) };
}

/** Stores the maps of images in any order in a folder that ranks share; {@linkcode placeMaps} puts them in place. */
export function storingParts(
  folder: string,
  description: MapDescription,
  samples: readonly Sample[],
): StoreMaps {
  const places = new Map(samples.map((sample, place) => [sample, place]));
  const encode = mapEncoder(description);
  return async (sample, maps) => {
    await Deno.mkdir(folder, { recursive: true });
    await writeFileAtomic(partOf(folder, places.get(sample)!), await encode(sample, maps));
  };
}

/** Where {@linkcode storingParts} stores the maps of an image, by its place in the split. */
export function partOf(folder: string, place: number): string {
  return join(folder, fileOf(place));
}

/** Makes the folder of maps that {@linkcode storingMaps} makes, of the files of {@linkcode storingParts}. */
export async function placeMaps(
  parts: string,
  folder: string,
  description: MapDescription,
  samples: readonly Sample[],
  { maxBytes = MAX_STORED_BYTES }: StoreOptions = {},
): Promise<StoredMaps> {
  const images: MapEntry[] = [];
  let byteLength = 0;
  await writeFolderAtomic(folder, async (hidden) => {
    for (const [place, { fileName, width, height }] of samples.entries()) {
      const fits = byteLength < maxBytes;
      images.push({ name: fileName, width, height, file: fits ? fileOf(place) : null });
      if (!fits) continue;
      const part = partOf(parts, place);
      byteLength += (await Deno.stat(part)).size;
      await Deno.rename(part, join(hidden, fileOf(place)));
    }
    await writeIndex(hidden, description, images);
  });
  return describeStored(folder, images, byteLength);
}

async function writeIndex(folder: string, description: MapDescription, images: MapEntry[]): Promise<void> {
  const index = createMapIndex({ ...description, images });
  await Deno.writeTextFile(join(folder, MAP_INDEX_FILE), `${JSON.stringify(index)}\n`);
}

function describeStored(folder: string, images: readonly MapEntry[], byteLength: number): StoredMaps {
  const kept = images.filter(({ file }) => file !== null).length;
  return { folder, images: kept, omitted: images.length - kept, byteLength };
}
