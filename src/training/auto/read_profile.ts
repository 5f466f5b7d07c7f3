/**
 * Reads the fingerprint of a dataset for `--recipe auto`: sizes and names of all images, pixels and labels of some.
 *
 * @module
 */
import {
  categoryNames,
  chooseClasses,
  type ClassOptions,
  labelingOf,
  plainTable,
} from "../../dataset/classes.ts";
import type { ClassTable } from "../../dataset/classes.ts";
import type { OpenSplit } from "../../dataset/class_overlaps.ts";
import type { ListedImage, SplitListing } from "../../dataset/dataset_source.ts";
import { readListedFile } from "../../dataset/listed_file.ts";
import { mapConcurrently, READ_AHEAD } from "../../dataset/map_concurrently.ts";
import { type ImageSignature, visitDuplicates } from "../../dataset/near_duplicates.ts";
import { openSplit } from "../../dataset/source_registry.ts";
import { findSplits, splitOf } from "../../dataset/splits.ts";
import { makeThumbnail } from "../../dataset/thumbnail.ts";
import { evenPlace } from "../../evaluation/statistics.ts";
import { hashBytes } from "../../fs/hash_bytes.ts";
import { decodeSamples } from "../../image/decode.ts";
import { displayImage } from "../../image/display.ts";
import type { SampleImage } from "../../image/image.ts";
import { type LabelFacts, labelFacts } from "./label_facts.ts";
import { type DatasetProfile, type ImageFacts, profileOf } from "./profile.ts";

/** How a dataset is looked at. */
export interface ReadProfileOptions {
  /** The classes that were asked for. */
  readonly classes?: ClassOptions | undefined;
  /** Seconds of the run's budget: a longer run looks at more images. */
  readonly seconds: number;
  /** Aborts the work. */
  readonly signal?: AbortSignal | undefined;
}

/** Images whose pixels are read: one per so many seconds of the budget, and how few and many of them. */
const LOOKS = { seconds: 4, least: 24, most: 200 } as const;

/** Pixels that are read at most: the last images of a large dataset are left out. */
const MOST_PIXELS = 2 ** 28;

/** Pixels of which moments are taken, about; evenly spread over the image. */
const SAMPLED_PIXELS = 2 ** 16;

/** Channels that differ by this share of the range, on average, are colors. */
const COLORED = 0.01;

/**
 * Reads the profile of a dataset; the same one for the same dataset and budget. Images that cannot be read are passed
 * over: whoever prepares them says what is wrong.
 *
 * @throws {Error} if there is no dataset, a split is missing, or the signal aborted the work
 */
export async function readProfile(
  dataFolder: string,
  { classes, seconds, signal }: ReadProfileOptions,
): Promise<DatasetProfile> {
  const splits = await findSplits(dataFolder);
  const [train, valid] = await Promise.all((["train", "valid"] as const).map(async (role) => {
    const split = splitOf(splits, role);
    return { split, listing: await openSplit(split) };
  })) as [OpenSplit, OpenSplit];
  const table = tableOf([train.listing, valid.listing], classes);
  const usable = (images: readonly ListedImage[]) =>
    images.filter(({ state }) => state === "annotated" || state === "unannotated");
  const [own, held] = [usable(train.listing.images), usable(valid.listing.images)];
  const most = Math.max(LOOKS.least, Math.min(LOOKS.most, Math.floor(seconds / LOOKS.seconds)));
  const look = (open: OpenSplit, images: readonly ListedImage[], count: number) =>
    mapConcurrently(withinPixels(spread(images, count)), READ_AHEAD, (image) => {
      signal?.throwIfAborted();
      return lookAt(open, image, table);
    });
  const annotated = own.filter(({ state }) => state === "annotated");
  const looked = await look(train, annotated.length > 0 ? annotated : own, most);
  const compared = await look(valid, held, Math.ceil(most / 4));
  return profileOf({
    images: { train: own.length, valid: held.length, annotated: annotated.length },
    sizes: own,
    looked,
    classes: table.classes.length,
    duplicates: countDuplicates(
      signaturesOf(train, own, looked),
      signaturesOf(valid, held, compared),
    ),
  });
}

/** Categories that cannot be classes are reported when the run reads its data. */
function tableOf(listings: readonly SplitListing[], classes: ClassOptions = {}): ClassTable {
  try {
    return chooseClasses(categoryNames(listings), classes);
  } catch {
    return plainTable();
  }
}

/** Up to `count` of them, evenly spread. */
function spread<T>(all: readonly T[], count: number): T[] {
  const most = Math.min(count, all.length);
  return Array.from({ length: most }, (_, place) => all[Math.floor(place * all.length / most)]!);
}

function withinPixels(images: readonly ListedImage[]): ListedImage[] {
  let left = MOST_PIXELS;
  return images.filter(({ width, height }, place) => (left -= width * height) >= 0 || place === 0);
}

/** What was seen of an image. */
interface Look {
  readonly name: string;
  readonly image: ImageFacts | null;
  readonly labels: LabelFacts | null;
  readonly signature: ImageSignature | null;
}

async function lookAt(
  { split, listing }: OpenSplit,
  listed: ListedImage,
  table: ClassTable,
): Promise<Look> {
  const { fileName, state, categoryIds } = listed;
  const nothing = { name: fileName, image: null, labels: null, signature: null };
  const bytes = await readListedFile(split, listed);
  if (!(bytes instanceof Uint8Array)) return nothing;
  try {
    const { raster } = await decodeSamples(bytes);
    const signature = {
      split: split.name,
      fileName,
      sha256: hashBytes(bytes),
      thumbnail: makeThumbnail(displayImage(raster)),
    };
    const map = state === "annotated"
      ? await listed.labelMap(labelingOf(table, listing.categories, true))
      : null;
    return {
      name: fileName,
      image: imageFacts(raster),
      labels: map && labelFacts(map, categoryIds.length),
      signature,
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return nothing;
  }
}

/** Mean, deviation, colors and bits of an image. */
export function imageFacts({ data, channels, bits, range }: SampleImage): ImageFacts {
  const [low, high] = range ?? [0, 255];
  const pixels = data.length / channels;
  const share = SAMPLED_PIXELS / pixels;
  let [count, sum, squares, apart] = [0, 0, 0, 0];
  for (let pixel = 0; pixel < pixels; pixel++) {
    if (evenPlace(pixel) >= share) continue;
    const values = Array.from(data.subarray(pixel * channels, (pixel + 1) * channels));
    const gray = values.reduce((all, value) => all + value, 0) / channels;
    count++;
    sum += gray;
    squares += gray ** 2;
    apart += Math.max(...values) - Math.min(...values);
  }
  const mean = sum / count;
  const deviation = Math.sqrt(Math.max(0, squares / count - mean ** 2));
  return { mean, deviation, colored: apart / count > COLORED * (high - low), bits };
}

/** All images by name; those that were looked at by their bytes and pixels, too. */
function signaturesOf(
  { split }: OpenSplit,
  images: readonly ListedImage[],
  looked: readonly Look[],
): ImageSignature[] {
  const known = new Map(looked.map(({ name, signature }) => [name, signature]));
  return images.map(({ fileName }) =>
    known.get(fileName) ??
      { split: split.name, fileName, sha256: JSON.stringify([split.name, fileName]), thumbnail: null }
  );
}

function countDuplicates(
  train: readonly ImageSignature[],
  valid: readonly ImageSignature[],
): DatasetProfile["duplicates"] {
  const [repeated, shared] = [new Set<number>(), new Set<number>()];
  visitDuplicates([...train, ...valid], (i) => i < train.length, (_, j) => {
    (j < train.length ? repeated : shared).add(j);
    return true;
  });
  return { train: repeated.size, shared: shared.size };
}
