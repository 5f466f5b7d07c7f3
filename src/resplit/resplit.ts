/**
 * Re-splits a dataset so that near-duplicates share a split: scores on the new test split do not measure
 * memorization.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { ANNOTATION_FILE } from "../coco/coco_file.ts";
import type { Problem } from "../coco/problems.ts";
import { COCO_SOURCE } from "../dataset/coco_source.ts";
import { inspectDataset } from "../dataset/inspect.ts";
import { findNearDuplicates } from "../dataset/near_duplicates.ts";
import { SPLIT_NAMES, type SplitName } from "../dataset/roles.ts";
import { findSplits } from "../dataset/splits.ts";
import { writeFolderAtomic } from "../fs/atomic_folder.ts";
import { assignGroups, type Shares, targetsOf } from "./assign.ts";
import { groupDuplicates, type ImageGroup } from "./groups.ts";
import { assertApart, assertReplaceable, RECORD_FILE, RECORD_KIND } from "./output.ts";
import { type LeftOut, readSourceImages, type SourceImages } from "./source_images.ts";

export type { LeftOut } from "./source_images.ts";

export type { Shares } from "./assign.ts";

/** Options of {@linkcode resplitDataset}. */
export interface ResplitOptions extends Partial<Shares> {
  /** An integer that determines the order of groups of equal size; defaults to 0. */
  readonly seed?: number;
  /** Whether anything at the output is replaced; by default only an earlier result is. */
  readonly force?: boolean;
  /** Called after every image that was inspected or copied. */
  readonly onProgress?: (phase: ResplitPhase, done: number, total: number) => void;
}

/** The phases: images are compared and copied, and the result is inspected. */
export type ResplitPhase = "inspecting images" | "copying images" | "inspecting the result";

/** What a split of the result contains. */
export interface ResplitSplit {
  /** Its images. */
  readonly images: number;
  /** How many were requested. */
  readonly target: number;
  /** The groups that they form. */
  readonly groups: number;
  /** Images with an annotation that can be drawn. */
  readonly annotated: number;
  /** Their annotations. */
  readonly annotations: number;
}

/** The groups that near-duplicates form. */
export interface ResplitGroups {
  /** How many; an image without near-duplicates is a group too. */
  readonly count: number;
  /** The number of groups of each size, the largest size first. */
  readonly sizes: readonly { readonly images: number; readonly groups: number }[];
  /** The largest: its images, the pairs of near-duplicates among them, and its split. */
  readonly largest: { readonly images: number; readonly pairs: number; readonly split: SplitName };
}

/** What {@linkcode resplitDataset} did. */
export interface ResplitReport {
  /** The result's folder, as it was given. */
  readonly output: string;
  /** The seed. */
  readonly seed: number;
  /** The requested shares. */
  readonly shares: Shares;
  /** Images in the result. */
  readonly images: number;
  /** Image files that no annotation file lists; they are not in the result. */
  readonly unlisted: number;
  /** Listed images that are not in the result, since their annotations or files cannot be trusted. */
  readonly leftOut: readonly LeftOut[];
  /** Images renamed because another split has one of the same name. */
  readonly renamed: number;
  /** Every problem of the source; skipped images are not in the result. */
  readonly problems: readonly Problem[];
  /** The groups. */
  readonly groups: ResplitGroups;
  /** The splits, without those with a share of zero. */
  readonly splits: { readonly [split in SplitName]?: ResplitSplit };
  /** Pairs of near-duplicates in different splits: of the source (10,000 at most) and of the result. */
  readonly sharedPairs: { readonly before: number; readonly after: number };
}

/**
 * Distributes the listed images of all annotated folders of a COCO dataset to `output/train`, `valid` and `test`.
 *
 * Near-duplicates, as `inspect` defines them, stay in one split, and so do all images that they connect. Images are
 * copied; annotations get new ids and keep all other fields. The result appears as a whole or not at all, and only
 * after {@linkcode inspectDataset} found no near-duplicates across its splits.
 *
 * @throws {RangeError} for shares out of bounds.
 * @throws {Error} if the output would overwrite the source or anything but an earlier result, if there are too few
 * groups, and if there is no dataset.
 */
export async function resplitDataset(
  folder: string,
  output: string,
  options: ResplitOptions = {},
): Promise<ResplitReport> {
  const { valid = 0.15, test = 0.15, seed = 0, force = false, onProgress = () => {} } = options;
  const shares = { valid, test };
  targetsOf(1, shares); // rejects shares out of bounds before any work
  const splits = (await findSplits(folder)).filter(({ source }) => source === COCO_SOURCE.name);
  await assertApart(output, splits);
  if (!force) await assertReplaceable(output);

  const source = await readSourceImages(
    splits,
    (done, total) => onProgress("inspecting images", done, total),
  );
  if (source.images.length === 0) throw nothingLeft(folder, source.leftOut);
  const groups = groupDuplicates(source.signatures);
  const targets = targetsOf(source.images.length, shares);
  assertEnough(source.images.length, groups.length, SPLIT_NAMES.filter((split) => targets[split] > 0));
  const groupSplits = assignGroups(groups.map(({ indices }) => indices.length), targets, seed);
  const assigned = new Array<Assignment>(source.images.length);
  for (const [group, { indices }] of groups.entries()) {
    for (const index of indices) assigned[index] = { split: groupSplits[group]!, group };
  }
  const result: { [split in SplitName]?: ResplitSplit } = {};
  await writeFolderAtomic(output, async (staging) => {
    await writeResult(staging, source, assigned, { seed, shares }, onProgress);
    const inspection = await inspectDataset(staging, {
      classes: { binary: true },
      onProgress: (done, total) => onProgress("inspecting the result", done, total),
    });
    const shared = inspection.nearDuplicates.pairs.length;
    if (shared > 0) throw new Error(`Cannot finish ${output}: inspect finds ${shared} shared pairs in it`);
    for (const { name, images, annotated, annotations } of inspection.splits) {
      const split = name as SplitName;
      const groups = groupSplits.filter((other) => other === split).length;
      result[split] = { images, target: targets[split], groups, annotated, annotations };
    }
  });
  return {
    output,
    seed,
    shares,
    images: source.images.length,
    unlisted: source.unlisted,
    leftOut: source.leftOut,
    renamed: source.images.filter(({ fileName, newName }) => fileName !== newName).length,
    problems: source.problems,
    groups: describeGroups(groups, groupSplits),
    splits: result,
    sharedPairs: { before: findNearDuplicates(source.signatures).pairs.length, after: 0 },
  };
}

function nothingLeft(folder: string, leftOut: readonly LeftOut[]): Error {
  const reasons = leftOut.map(({ images, reason }) => `${images} in ${reason}`).join("; ");
  const why = reasons === "" ? "it lists none" : reasons;
  return new Error(
    `Cannot split ${
      JSON.stringify(folder)
    }: no image can be used: ${why}\nhint: deno task inspect lists the problems`,
  );
}

/** The split of an image. */
interface Assignment {
  readonly split: SplitName;
  /** The index of its group. */
  readonly group: number;
}

function assertEnough(images: number, groups: number, splits: readonly SplitName[]): void {
  if (groups >= splits.length) return;
  const [last, ...others] = [...splits].reverse() as [SplitName, ...SplitName[]];
  const names = others.length === 0 ? last : `${others.reverse().join(", ")} and ${last}`;
  throw new Error(
    `Cannot split ${images} images into ${names}: near-duplicates form ${groups} ` +
      `${groups === 1 ? "group" : "groups"}, and each group must stay whole\n` +
      "hint: `inspect` lists near-duplicates; --valid 0 or --test 0 omits a split",
  );
}

/** Copies the images, and writes the annotation files and the record of each image's origin. */
async function writeResult(
  folder: string,
  { images, annotations }: SourceImages,
  assigned: readonly Assignment[],
  settings: { seed: number; shares: Shares },
  onProgress: NonNullable<ResplitOptions["onProgress"]>,
): Promise<void> {
  for (const split of new Set(assigned.map(({ split }) => split))) {
    const own = images.filter((_, index) => assigned[index]!.split === split);
    await Deno.mkdir(join(folder, split));
    await Deno.writeTextFile(
      join(folder, split, ANNOTATION_FILE),
      annotations.textOf(own, `${RECORD_KIND}, seed ${settings.seed}`),
    );
  }
  for (const [index, { path, newName }] of images.entries()) {
    const target = join(folder, assigned[index]!.split, newName);
    if (newName.includes("/")) await Deno.mkdir(dirname(target), { recursive: true });
    await Deno.copyFile(path, target);
    onProgress("copying images", index + 1, images.length);
  }
  const origins = images.map(({ split, fileName, newName }, index) => ({
    image: `${assigned[index]!.split}/${newName}`,
    from: `${split}/${fileName}`,
    group: assigned[index]!.group,
  }));
  const record = { kind: RECORD_KIND, ...settings, images: origins };
  await Deno.writeTextFile(join(folder, RECORD_FILE), `${JSON.stringify(record, null, 2)}\n`);
}

function describeGroups(groups: readonly ImageGroup[], groupSplits: readonly SplitName[]): ResplitGroups {
  const sizes = Map.groupBy(groups, ({ indices }) => indices.length);
  const largest = groups.reduce((a, b) => b.indices.length > a.indices.length ? b : a);
  return {
    count: groups.length,
    sizes: [...sizes].map(([images, { length }]) => ({ images, groups: length }))
      .sort((a, b) => b.images - a.images),
    largest: {
      images: largest.indices.length,
      pairs: largest.pairs,
      split: groupSplits[groups.indexOf(largest)]!,
    },
  };
}
