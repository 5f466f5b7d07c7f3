/**
 * Says which split and name each image of a source gets.
 *
 * @module
 */
import { SPLIT_NAMES, type SplitName } from "../dataset/roles.ts";
import { counted } from "./counted.ts";
import { groupByName } from "./groups_by_name.ts";
import type { ImageIndex } from "./image_index.ts";
import type { ImportImage } from "./import_kind.ts";
import { makeSplits } from "./make_splits.ts";
import { nameImages, type Placement } from "./write_dataset.ts";

/** Where an image of the source goes. */
export type PlacedImage = Placement & { readonly path: string };

/** Takes a valid split from the train split of the source; the other splits stay. */
export function divideTrain(
  images: readonly ImportImage[],
  { usable }: ImageIndex,
  { group, valid, seed }: Omit<SplitShares, "test">,
): { splits: readonly (SplitName | null)[]; lines: string[] } {
  const isOfTrain = ({ at }: { at: number }) => images[at]!.split === "train";
  const made = splitImages(usable.filter(isOfTrain), { group, valid, test: 0, seed });
  const taken = made.splits.filter((name) => name === "valid").length;
  const ofTrain = made.splits.values();
  return {
    splits: usable.map((image) => isOfTrain(image) ? ofTrain.next().value! : images[image.at]!.split),
    lines: [
      ...made.guess,
      ...made.empty,
      `the source has no valid split: as --valid asks, ${taken} of ${made.splits.length} images of its train split ` +
      "are that, near-duplicates together",
    ],
  };
}

/** Makes splits for a source that has none. */
export function splitAll(
  { usable }: ImageIndex,
  shares: SplitShares,
): { splits: readonly SplitName[]; lines: string[] } {
  const { splits, groups, guess, empty } = splitImages(usable, shares);
  const made = `no splits in the source: ${
    counted(groups, "group")
  } of images that must stay together were distributed`;
  return { splits, lines: [...guess, made, ...empty] };
}

/** How images are distributed. */
export interface SplitShares {
  readonly group: string | undefined;
  readonly valid: number;
  readonly test: number;
  readonly seed: number;
}

/** Distributes images; `guess` and `empty` are lines about groups by name and about splits without images. */
function splitImages(
  usable: ImageIndex["usable"],
  { group, valid, test, seed }: SplitShares,
): { splits: readonly SplitName[]; groups: number; guess: string[]; empty: string[] } {
  const signatures = usable.map(({ signature }) => signature!);
  const named = groupByName(signatures.map(({ fileName }) => fileName), group);
  const { splits, groups, empty } = makeSplits(signatures, named.keys, { valid, test }, seed);
  return {
    splits,
    groups,
    guess: named.line === null ? [] : [named.line],
    empty: empty.map((split) => `too few groups for three splits: ${split} stays empty`),
  };
}

/** What a user should know of the splits that the source has. */
export function linesOfKept(placements: readonly (Placement | null)[], group: string | undefined): string[] {
  const found = new Set(placements.flatMap((placement) => placement?.split ?? []));
  const missing = SPLIT_NAMES.filter((name) => !found.has(name));
  const kept = `the splits of the source are kept: ${
    SPLIT_NAMES.filter((name) => found.has(name)).join(", ")
  }`;
  return [
    group === undefined ? kept : `${kept}; --group applies only to sources without splits`,
    ...missing.length === 0 ? [] : [`the source has no ${missing.join(" and no ")} split`],
    ...found.has("train") && !found.has("valid")
      ? [
        "training needs a valid split: --valid 0.15 takes one from train; `deno task split` makes new splits of all",
      ]
      : [],
  ];
}

/** Where each image of the recognition goes; null for those that are left out, of which `unplaced` have no split. */
export function placeAll(
  images: readonly ImportImage[],
  { usable }: ImageIndex,
  made: readonly (SplitName | null)[] | null,
): { placements: (PlacedImage | null)[]; unplaced: string[] } {
  const placements = new Array<PlacedImage | null>(images.length).fill(null);
  const unplaced: string[] = [];
  const placed = usable.flatMap(({ at }, i) => {
    const { path, fileName, split: own } = images[at]!;
    const split = made?.[i] ?? own;
    if (split === null) unplaced.push(path);
    return split === null ? [] : [{ at, path, fileName, split }];
  });
  const names = nameImages(placed);
  for (const [i, { at, path, split }] of placed.entries()) {
    placements[at] = { path, split, fileName: names[i]!, bytes: images[at]!.bytes };
  }
  return { placements, unplaced };
}
