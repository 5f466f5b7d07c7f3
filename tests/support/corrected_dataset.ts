/**
 * A small dataset of phantoms whose masks a test corrects.
 *
 * @module
 */
import { join } from "node:path";
import { encodeRle } from "../../src/coco/rle.ts";
import { appendCorrection, type CorrectionRecord } from "../../src/dataset/corrections.ts";
import { hashBytes } from "../../src/fs/hash_bytes.ts";
import type { Mask } from "../../src/image/mask.ts";
import { makePhantom } from "../../src/phantom/phantom.ts";
import { completeTrainConfig } from "../../src/training/recipe.ts";
import { type DataOptions, loadData, type TrainData } from "../../src/training/train_data.ts";
import type { TrainRunOptions } from "../../src/training/run_job.ts";
import { inTempFolder } from "./temp_folder.ts";
import { TINY } from "./tiny_data.ts";

/** Width and height of the images. */
export const SIDE = 32;
/** Settings with which corrected images are drawn three times. */
export const CORRECTED = completeTrainConfig({ ...TINY, epochs: 1, oversample: 3 });

/** An image as the annotation file lists it. */
export interface Listed {
  id: number;
  file_name: string;
}

/** A dataset of phantoms with a folder of images that nobody annotated, and a way to correct its images. */
export class CorrectedDataset {
  readonly data: string;
  readonly corrections: string;
  readonly notes: string[] = [];

  constructor(readonly folder: string) {
    this.data = join(folder, "data");
    this.corrections = join(folder, "mine.coco.json");
  }

  static async with(body: (fixture: CorrectedDataset) => Promise<void>): Promise<void> {
    await inTempFolder(async (folder) => {
      const fixture = new CorrectedDataset(folder);
      await makePhantom(fixture.data, { train: 10, valid: 4, test: 2, size: SIDE });
      await makePhantom(join(folder, "other"), { train: 2, valid: 0, test: 0, size: SIDE, seed: 5 });
      await Deno.mkdir(join(fixture.data, "raw"));
      for (const [i, { file_name }] of (await fixture.list("train", "other")).entries()) {
        await Deno.copyFile(join(folder, "other", "train", file_name), join(fixture.data, "raw", `${i}.png`));
      }
      await body(fixture);
    });
  }

  async list(split: string, data = "data"): Promise<Listed[]> {
    const text = await Deno.readTextFile(join(this.folder, data, split, "_annotations.coco.json"));
    return (JSON.parse(text) as { images: Listed[] }).images;
  }

  async correct(
    split: string,
    fileName: string,
    mask: Mask | null,
    more: Partial<CorrectionRecord> = {},
  ): Promise<void> {
    const bytes = await Deno.readFile(join(this.data, split, fileName)).catch(() => new Uint8Array());
    await appendCorrection(this.corrections, {
      image: { split, fileName, width: SIDE, height: SIDE, sha256: hashBytes(bytes) },
      annotator: "A",
      source: "empty",
      model: null,
      base: null,
      before: { source: "empty", model: null, regions: [] },
      regions: mask === null ? [] : [{ category: "tumor", rle: encodeRle(mask) }],
      ...more,
    });
  }

  /** The path of something next to the dataset. */
  at(name: string): string {
    return join(this.folder, name);
  }

  /** Both splits, with all corrections. */
  async load(config = CORRECTED, options: Partial<DataOptions> = {}): Promise<TrainData> {
    const { data } = await loadData(this.data, config, {
      cacheFolder: this.at("cache"),
      corrections: [{ path: this.corrections }],
      onNote: (note) => this.notes.push(note),
      ...options,
    });
    return data;
  }

  /** Options of a run on the dataset. */
  run(name: string, more: Partial<TrainRunOptions> = {}): TrainRunOptions {
    return {
      folder: join(this.folder, name),
      dataFolder: this.data,
      cacheFolder: join(this.folder, "cache"),
      config: { ...TINY, epochs: 2 },
      tracking: { swanlab: "off", tensorboard: false },
      samples: 0,
      ...more,
    };
  }
}
