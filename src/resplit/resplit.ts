/**
 * A dataset's annotated images dealt anew, so that images that seem to be one share a split: what a model scores
 * on the new test split is no memory of training.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { writeFolderAtomic } from "../fs/atomic_folder.ts";
import { dealGroups, DEALT_SPLITS, type DealtSplit, type Shares, targetsOf } from "./assign.ts";
import { groupAlike, type ImageGroup } from "./groups.ts";
import { inspectDataset } from "../dataset/inspect.ts";
import { findLeaks } from "../dataset/near_duplicates.ts";
import type { Problem } from "../coco/problems.ts";
import { assertApart, assertReplaceable, RECORD_FILE, RECORD_KIND } from "./output.ts";
import { readSources, type RegroupSources } from "./sources.ts";
import { ANNOTATION_FILE, findSplits } from "../dataset/splits.ts";

export type { DealtSplit, Shares } from "./assign.ts";

/** How {@linkcode regroupDataset} deals. */
export interface RegroupOptions extends Partial<Shares> {
  /** What the order of equal groups is drawn from, a whole number; 0 unless given. */
  readonly seed?: number;
  /** Replace what stands at the output, whatever it is; false unless given. */
  readonly force?: boolean;
  /** Told after every image that was looked at or copied. */
  readonly onProgress?: (phase: RegroupPhase, done: number, total: number) => void;
}

/** What is going on: images are compared, copied, and the result is inspected. */
export type RegroupPhase = "looking at images" | "copying images" | "inspecting the result";

/** What a split of the result holds. */
export interface RegroupedSplit {
  /** Its images. */
  readonly images: number;
  /** How many were asked for. */
  readonly target: number;
  /** The groups that they form. */
  readonly groups: number;
  /** Images with an annotation that can be drawn. */
  readonly annotated: number;
  /** Their annotations. */
  readonly annotations: number;
}

/** What the images that seem to be one form. */
export interface RegroupGroups {
  /** How many; an image like no other is a group, too. */
  readonly count: number;
  /** How many of each size, the largest size first. */
  readonly sizes: readonly { readonly images: number; readonly groups: number }[];
  /** The largest: its images, the pairs among them that seem to be one, and where it went. */
  readonly largest: { readonly images: number; readonly pairs: number; readonly split: DealtSplit };
}

/** What {@linkcode regroupDataset} did. */
export interface RegroupReport {
  /** The result's folder, as it was named. */
  readonly output: string;
  /** What the order was drawn from. */
  readonly seed: number;
  /** The shares that were asked for. */
  readonly shares: Shares;
  /** Images dealt. */
  readonly images: number;
  /** Image files of the source that no annotation file lists: they are not in the result. */
  readonly unlisted: number;
  /** Images renamed, since another split has one of the same name. */
  readonly renamed: number;
  /** What is wrong in the source; what is skipped is not in the result. */
  readonly problems: readonly Problem[];
  /** The groups. */
  readonly groups: RegroupGroups;
  /** The splits, those with a share of zero left out. */
  readonly splits: { readonly [split in DealtSplit]?: RegroupedSplit };
  /** Pairs of images that `inspect` finds in different splits: of the source (10,000 at most), of the result. */
  readonly sharedPairs: { readonly before: number; readonly after: number };
}

/**
 * Deals the listed images of all annotated folders of the dataset `folder` to `output/train`, `valid` and `test`.
 *
 * Two images are bound to one split where `inspect` would call them one, also within a split, and so are all that
 * such pairs chain together. Images are copied; annotations get new ids and keep all else. The result appears whole
 * or not at all, and only after {@linkcode inspectDataset} found nothing in it that its splits share.
 *
 * @throws {RangeError} for shares out of bounds.
 * @throws {Error} where the output would destroy the source or something that is no earlier result, where there are
 * too few groups, and where there is no dataset.
 */
export async function regroupDataset(
  folder: string,
  output: string,
  options: RegroupOptions = {},
): Promise<RegroupReport> {
  const { valid = 0.15, test = 0.15, seed = 0, force = false, onProgress = () => {} } = options;
  const shares = { valid, test };
  targetsOf(1, shares); // Refuses shares out of bounds before the work.
  const splits = (await findSplits(folder)).filter((split) => split.annotationFile !== null);
  await assertApart(output, splits);
  if (!force) await assertReplaceable(output);

  const sources = await readSources(splits, (done, total) => onProgress("looking at images", done, total));
  const groups = groupAlike(sources.prints);
  const targets = targetsOf(sources.images.length, shares);
  assertEnough(sources.images.length, groups.length, DEALT_SPLITS.filter((split) => targets[split] > 0));
  const homes = dealGroups(groups.map(({ places }) => places.length), targets, seed);
  const dealt = new Array<Dealt>(sources.images.length);
  for (const [group, { places }] of groups.entries()) {
    for (const place of places) dealt[place] = { split: homes[group]!, group };
  }
  const result: { [split in DealtSplit]?: RegroupedSplit } = {};
  await writeFolderAtomic(output, async (staging) => {
    await writeResult(staging, sources, dealt, { seed, shares }, onProgress);
    const inspection = await inspectDataset(staging, {
      onProgress: (done, total) => onProgress("inspecting the result", done, total),
    });
    const shared = inspection.leaks.pairs.length;
    if (shared > 0) throw new Error(`Cannot finish ${output}: inspect finds ${shared} shared pairs in it`);
    for (const { name, images, annotated, annotations } of inspection.splits) {
      const split = name as DealtSplit;
      const groups = homes.filter((home) => home === split).length;
      result[split] = { images, target: targets[split], groups, annotated, annotations };
    }
  });
  return {
    output,
    seed,
    shares,
    images: sources.images.length,
    unlisted: sources.unlisted,
    renamed: sources.images.filter(({ fileName, newName }) => fileName !== newName).length,
    problems: sources.problems,
    groups: describeGroups(groups, homes),
    splits: result,
    sharedPairs: { before: findLeaks(sources.prints).leaks.length, after: 0 },
  };
}

/** Where an image goes. */
interface Dealt {
  readonly split: DealtSplit;
  /** The place of its group. */
  readonly group: number;
}

function assertEnough(images: number, groups: number, splits: readonly DealtSplit[]): void {
  if (groups >= splits.length) return;
  const [last, ...others] = [...splits].reverse() as [DealtSplit, ...DealtSplit[]];
  const names = others.length === 0 ? last : `${others.reverse().join(", ")} and ${last}`;
  throw new Error(
    `Cannot deal ${images} images to ${names}: those that seem to be one form ${groups} ` +
      `${groups === 1 ? "group" : "groups"}, and each must stay whole\n` +
      "hint: `inspect` lists images that seem to be one; --valid 0 or --test 0 leaves a split out",
  );
}

/** Copies the images, and writes the annotation files and the record of where each image came from. */
async function writeResult(
  folder: string,
  { images, annotations }: RegroupSources,
  dealt: readonly Dealt[],
  settings: { seed: number; shares: Shares },
  onProgress: NonNullable<RegroupOptions["onProgress"]>,
): Promise<void> {
  for (const split of new Set(dealt.map(({ split }) => split))) {
    const own = images.filter((_, place) => dealt[place]!.split === split);
    await Deno.mkdir(join(folder, split));
    await Deno.writeTextFile(
      join(folder, split, ANNOTATION_FILE),
      annotations.textOf(own, `${RECORD_KIND}, seed ${settings.seed}`),
    );
  }
  for (const [place, { path, newName }] of images.entries()) {
    const goal = join(folder, dealt[place]!.split, newName);
    if (newName.includes("/")) await Deno.mkdir(dirname(goal), { recursive: true });
    await Deno.copyFile(path, goal);
    onProgress("copying images", place + 1, images.length);
  }
  const origins = images.map(({ split, fileName, newName }, place) => ({
    image: `${dealt[place]!.split}/${newName}`,
    from: `${split}/${fileName}`,
    group: dealt[place]!.group,
  }));
  const record = { kind: RECORD_KIND, ...settings, images: origins };
  await Deno.writeTextFile(join(folder, RECORD_FILE), `${JSON.stringify(record, null, 2)}\n`);
}

function describeGroups(groups: readonly ImageGroup[], homes: readonly DealtSplit[]): RegroupGroups {
  const sizes = Map.groupBy(groups, ({ places }) => places.length);
  const largest = groups.reduce((a, b) => b.places.length > a.places.length ? b : a);
  return {
    count: groups.length,
    sizes: [...sizes].map(([images, { length }]) => ({ images, groups: length }))
      .sort((a, b) => b.images - a.images),
    largest: {
      images: largest.places.length,
      pairs: largest.pairs,
      split: homes[groups.indexOf(largest)]!,
    },
  };
}
