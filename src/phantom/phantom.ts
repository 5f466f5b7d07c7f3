/**
 * A synthetic dataset in the layout of real ones: `train/`, `valid/` and `test/`, each a folder of JPEGs with
 * `_annotations.coco.json`. For demonstrations and tests: nothing is downloaded, and no patient is shown.
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
import { type LookName, parseLooks } from "./looks.ts";
import { hashOf } from "./noise.ts";
import { drawPhantomSlice } from "./slice.ts";
import { ANNOTATION_FILE } from "../coco/coco_file.ts";
import { SPLIT_NAMES, type SplitName } from "../dataset/roles.ts";

/** Options of {@linkcode makePhantom}. */
export interface PhantomOptions {
  /** Images for training; defaults to 96. */
  train?: number;
  /** Images for validation; defaults to 16. */
  valid?: number;
  /** Images for testing; defaults to 16. */
  test?: number;
  /** Width and height of the images, 32 to 2048 pixels; defaults to 256. */
  size?: number;
  /** An integer; the same seed yields the same bytes. Defaults to 0. */
  seed?: number;
  /** What images look like, one of these each; by default, one of three MRI sequences. */
  looks?: readonly LookName[];
  /** Also writes the dataset as a zip to this path. */
  zip?: string;
  /** Called after every image. */
  onProgress?: (done: number, total: number) => void;
}

/** What {@linkcode makePhantom} created. */
export interface PhantomReport {
  /** The dataset's folder. */
  output: string;
  /** The zip, or null if none was requested. */
  zip: string | null;
  /** Width and height of the images. */
  size: number;
  /** The seed. */
  seed: number;
  /** The looks; absent by default. */
  looks?: readonly LookName[];
  /** Counts of each split. */
  splits: Record<SplitName, PhantomCounts>;
}

/** Counts of one split. */
export interface PhantomCounts {
  /** Its images. */
  images: number;
  /** Its annotations, one per tumor. */
  annotations: number;
  /** Its images without a tumor. */
  empty: number;
}

const DEFAULTS = { train: 96, valid: 16, test: 16, size: 256, seed: 0 };

/** Most images of one split. */
const MAX_IMAGES = 100_000;

const JPEG_QUALITY = 92;

/** Starts the description in the annotations of every phantom; a folder without it is never replaced. Version 0.1.0's words stay. */
const DESCRIPTION = "Phantom: synthetic brain slices, no patient's picture";

/** The date in all files: with the current date, no two zips would be equal. */
const DATE = { iso: "2024-01-01T00:00:00+00:00", zip: new Date(2024, 0, 1) };

/**
 * Creates a phantom dataset in `folder`, as a whole or not at all; an existing phantom is replaced.
 *
 * Throws a RangeError for counts, sizes and seeds beyond the limits, and an Error if `folder` contains anything but a
 * phantom.
 */
export async function makePhantom(folder: string, options: PhantomOptions = {}): Promise<PhantomReport> {
  const settings = checkOptions(options);
  const looks = options.looks && parseLooks(options.looks.join(","));
  const output = folder.replace(/(?<=.)[\\/]+$/, "");
  await assertReplaceable(output);
  const total = SPLIT_NAMES.reduce((sum, split) => sum + settings[split], 0);
  const archive: Record<string, [Uint8Array, { level: 0 | 6; mtime: Date }]> = {};
  const splits: Record<string, PhantomCounts> = {};
  let done = 0;
  await writeFolderAtomic(output, async (staging) => {
    for (const split of SPLIT_NAMES) {
      await Deno.mkdir(join(staging, split));
      const coco = new CocoWriter(split, settings, looks);
      const write = async (name: string, bytes: Uint8Array, level: 0 | 6) => {
        await Deno.writeFile(join(staging, split, name), bytes);
        if (options.zip !== undefined) archive[`${split}/${name}`] = [bytes, { level, mtime: DATE.zip }];
      };
      for (let i = 0; i < settings[split]; i++) {
        const seed = hashOf(settings.seed, SPLIT_NAMES.indexOf(split), i);
        const { image, outlines } = drawPhantomSlice(seed, settings.size, looks);
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
  const named = looks === undefined ? {} : { looks };
  return {
    output,
    zip: options.zip ?? null,
    size,
    seed,
    ...named,
    splits: splits as PhantomReport["splits"],
  };
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
        `Cannot create a phantom with ${name} ${value}: expected an integer from ${least} to ${most}`,
      );
    }
    settings[name] = value;
  }
  return settings;
}

/** Collects the annotations of a split. */
class CocoWriter {
  readonly #split: SplitName;
  readonly #settings: Settings;
  /** Named in the description. */
  readonly #looks: string;
  readonly #images: Record<string, unknown>[] = [];
  readonly #annotations: Record<string, unknown>[] = [];
  #empty = 0;

  constructor(split: SplitName, settings: Settings, looks: readonly LookName[] = []) {
    this.#split = split;
    this.#settings = settings;
    this.#looks = looks.length === 0 ? "" : `, looks ${looks.join(" ")}`;
  }

  /** Adds an image with its outlines; returns its file name. */
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
        description: `${DESCRIPTION}; seed ${seed}, ${size} pixels${this.#looks}`,
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

/** The bounding box of a polygon (x, y, width, height) and its area by the shoelace formula, in pixels. */
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

/** Throws unless `output` is missing, empty, or a phantom. */
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
    `Cannot create a phantom in ${output}: it contains something else\nhint: choose another folder`,
  );
}
