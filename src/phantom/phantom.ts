/**
 * A synthetic dataset in the layout of the real ones: `train/`, `valid/` and `test/`, each a folder of JPEGs with
 * `_annotations.coco.json`. For demonstrations and tests: nothing is fetched, and no patient is shown.
 *
 * @module
 */
import { zipSync } from "fflate";
import { join } from "node:path";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { writeFolderAtomic } from "../fs/atomic_folder.ts";
import { isTaken } from "../fs/paths.ts";
import { grayToRgb } from "../image/draw.ts";
import { encodeJpeg } from "../image/encode.ts";
import { hashOf } from "./noise.ts";
import { drawPhantomSlice } from "./slice.ts";
import { ANNOTATION_FILE } from "../dataset/splits.ts";

/** What {@linkcode makePhantom} makes. */
export interface PhantomOptions {
  /** Images to train on; 96 unless given. */
  train?: number;
  /** Images to validate with; 16 unless given. */
  valid?: number;
  /** Images to test with; 16 unless given. */
  test?: number;
  /** Width and height of the images, 32 to 2048 pixels; 256 unless given. */
  size?: number;
  /** A whole number; the same seed gives the same bytes. 0 unless given. */
  seed?: number;
  /** Writes the dataset as a zip under this path, too. */
  zip?: string;
  /** Told after each image how many of all are done. */
  onProgress?: (done: number, total: number) => void;
}

/** What {@linkcode makePhantom} made. */
export interface PhantomReport {
  /** The dataset's folder. */
  output: string;
  /** The zip, where one was asked for. */
  zip: string | null;
  /** Width and height of the images. */
  size: number;
  /** The seed. */
  seed: number;
  /** Counts of each split. */
  splits: Record<PhantomSplit, PhantomCounts>;
}

/** Counts of one split. */
export interface PhantomCounts {
  /** Its images. */
  images: number;
  /** Its annotations, one for each tumor. */
  annotations: number;
  /** Its images without a tumor. */
  empty: number;
}

/** A split of a phantom dataset. */
export type PhantomSplit = "train" | "valid" | "test";

/** The splits, in the order in which they are made. */
const SPLITS: readonly PhantomSplit[] = ["train", "valid", "test"];

const DEFAULTS = { train: 96, valid: 16, test: 16, size: 256, seed: 0 };

/** Most images of one split. */
const MAX_IMAGES = 100_000;

const JPEG_QUALITY = 92;

/** Begins the description in every phantom's annotations; a folder without it is never replaced. */
const DESCRIPTION = "Phantom: synthetic brain slices, no patient's image";

/** The day in all files: a zip of today would differ from one of yesterday. */
const DATE = { iso: "2024-01-01T00:00:00+00:00", zip: new Date(2024, 0, 1) };

/**
 * Draws a phantom dataset into `folder`, which appears whole or not at all; a phantom that was there
 * is replaced.
 *
 * Throws a RangeError for counts, sizes and seeds beyond the limits, and an Error where `folder` holds something
 * that is no phantom.
 */
export async function makePhantom(folder: string, options: PhantomOptions = {}): Promise<PhantomReport> {
  const settings = checkOptions(options);
  const output = folder.replace(/(?<=.)[\\/]+$/, "");
  await assertReplaceable(output);
  const total = SPLITS.reduce((sum, split) => sum + settings[split], 0);
  const archive: Record<string, [Uint8Array, { level: 0 | 6; mtime: Date }]> = {};
  const splits: Record<string, PhantomCounts> = {};
  let done = 0;
  await writeFolderAtomic(output, async (staging) => {
    for (const split of SPLITS) {
      await Deno.mkdir(join(staging, split));
      const coco = new CocoWriter(split, settings);
      const write = async (name: string, bytes: Uint8Array, level: 0 | 6) => {
        await Deno.writeFile(join(staging, split, name), bytes);
        if (options.zip !== undefined) archive[`${split}/${name}`] = [bytes, { level, mtime: DATE.zip }];
      };
      for (let i = 0; i < settings[split]; i++) {
        const seed = hashOf(settings.seed, SPLITS.indexOf(split), i);
        const { image, outlines } = drawPhantomSlice(seed, settings.size);
        const name = coco.add(i, outlines);
        await write(name, await encodeJpeg(grayToRgb(image), JPEG_QUALITY), 0);
        options.onProgress?.(++done, total);
      }
      await write(ANNOTATION_FILE, new TextEncoder().encode(coco.text()), 6);
      splits[split] = coco.counts();
    }
    if (options.zip !== undefined) await writeFileAtomic(options.zip, zipSync(archive));
  });
  const { size, seed } = settings;
  return { output, zip: options.zip ?? null, size, seed, splits: splits as PhantomReport["splits"] };
}

type Settings = typeof DEFAULTS;

function checkOptions(options: PhantomOptions): Settings {
  const settings = { ...DEFAULTS };
  const limits = {
    train: [0, MAX_IMAGES],
    valid: [0, MAX_IMAGES],
    test: [0, MAX_IMAGES],
    size: [32, 2048],
    seed: [0, 2 ** 32 - 1],
  } as const;
  for (const name of Object.keys(limits) as (keyof Settings)[]) {
    const value = options[name] ?? DEFAULTS[name];
    const [least, most] = limits[name];
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      throw new RangeError(
        `Cannot make a phantom with ${name} ${value}: a whole number from ${least} to ${most} is wanted`,
      );
    }
    settings[name] = value;
  }
  return settings;
}

/** Collects one split's annotations. */
class CocoWriter {
  readonly #split: PhantomSplit;
  readonly #settings: Settings;
  readonly #images: Record<string, unknown>[] = [];
  readonly #annotations: Record<string, unknown>[] = [];
  #empty = 0;

  constructor(split: PhantomSplit, settings: Settings) {
    this.#split = split;
    this.#settings = settings;
  }

  /** Adds the image of an index with its outlines; returns its file's name. */
  add(index: number, outlines: readonly (readonly number[])[]): string {
    const name = `phantom_${this.#split}_${String(index).padStart(5, "0")}.jpg`;
    const { size } = this.#settings;
    this.#images.push({
      id: index,
      license: 1,
      file_name: name,
      height: size,
      width: size,
      date_captured: DATE.iso,
    });
    if (outlines.length === 0) this.#empty++;
    for (const outline of outlines) {
      this.#annotations.push({
        id: this.#annotations.length,
        image_id: index,
        category_id: 1,
        ...measure(outline),
        segmentation: [outline],
        iscrowd: 0,
      });
    }
    return name;
  }

  counts(): PhantomCounts {
    return { images: this.#images.length, annotations: this.#annotations.length, empty: this.#empty };
  }

  text(): string {
    const { seed, size } = this.#settings;
    return JSON.stringify({
      info: {
        year: "2024",
        version: "1",
        description: `${DESCRIPTION}; seed ${seed}, ${size} pixels`,
        contributor: "",
        url: "",
        date_created: DATE.iso,
      },
      licenses: [{ id: 1, url: "https://creativecommons.org/publicdomain/zero/1.0/", name: "CC0 1.0" }],
      categories: [
        { id: 0, name: "Tumor", supercategory: "none" },
        { id: 1, name: "Tumor", supercategory: "Tumor" },
      ],
      images: this.#images,
      annotations: this.#annotations,
    });
  }
}

/** A polygon's box (x, y, width, height) and its area, in pixels, by the shoelace formula. */
function measure(outline: readonly number[]): { bbox: number[]; area: number } {
  const round = (value: number) => Math.round(value * 100) / 100;
  const xs = outline.filter((_, i) => i % 2 === 0);
  const ys = outline.filter((_, i) => i % 2 === 1);
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  let twice = 0;
  xs.forEach((x, i) => {
    const next = (i + 1) % xs.length;
    twice += x * (ys[next] as number) - (xs[next] as number) * (ys[i] as number);
  });
  return {
    bbox: [left, top, round(Math.max(...xs) - left), round(Math.max(...ys) - top)],
    area: round(Math.abs(twice) / 2),
  };
}

/** Throws unless `output` is missing, an empty folder, or a phantom. */
async function assertReplaceable(output: string): Promise<void> {
  try {
    let empty = true;
    for await (const _ of Deno.readDir(output)) empty = false;
    if (empty) return;
    const annotations = await Deno.readTextFile(join(output, "train", ANNOTATION_FILE));
    if (annotations.includes(`"description":"${DESCRIPTION}`)) return;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound && !(await isTaken(output))) return;
    if (!(error instanceof Deno.errors.NotFound) && !(error instanceof Deno.errors.NotADirectory)) {
      throw error;
    }
  }
  throw new Error(
    `Cannot make a phantom in ${output}: something that is no phantom is there\nhint: name another folder`,
  );
}
