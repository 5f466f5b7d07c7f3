/**
 * Pairs images with masks: by names within the folders that they share, then by names only.
 *
 * @module
 */
import type { SplitName } from "../../dataset/roles.ts";
import { folderOf } from "../source_tree.ts";
import { parsePattern } from "../groups_by_name.ts";
import type { AssignedRoles, RoleFile } from "./assign_roles.ts";
import { type Affixes, type FolderName, matchNames, sharedEnds } from "./match_names.ts";
import { isSplitName, keyOfTokens, seriesName, splitOfName, splitOfTokens, tokensOf } from "./tokens.ts";

/** A mask of an image. */
export interface PairedMask {
  /** The path of its file. */
  readonly path: string;
  /** The folder that says that it is a mask; null if its own name does. */
  readonly folder: string | null;
  /** The name of that folder without a split. */
  readonly series: string;
  /** The folders below it. */
  readonly below: readonly string[];
  /** What its name has besides its image's. */
  readonly rest: readonly string[];
}

/** An image and its masks. */
export interface Pair {
  /** The path of the image. */
  readonly path: string;
  /** The split that the folders name; null for none. */
  readonly split: SplitName | null;
  /** Its masks, one or more. */
  readonly masks: readonly PairedMask[];
}

/** All pairs of a source, and what is left. */
export interface Pairing {
  /** The images with masks, in the order of their paths. */
  readonly pairs: readonly Pair[];
  /** Paths of images without a mask. */
  readonly loneImages: readonly string[];
  /** Paths of masks without an image. */
  readonly loneMasks: readonly string[];
}

/** A file and where it lies. */
interface Placed extends Affixes {
  readonly file: RoleFile;
  readonly split: SplitName | null;
  /** Keys of the folders above the one that tells its role, without splits. */
  readonly above: readonly string[];
  /** Names of the folders below that one, without splits. */
  readonly below: readonly string[];
}

/** An image that collects its masks. */
interface Collecting extends Placed {
  readonly masks: PairedMask[];
}

/** Pairs the files; `pattern` is the value of `--pairs`. */
export function pairFiles({ images, masks }: AssignedRoles, pattern?: string): Pairing {
  const collecting = placeAll(images).map((image): Collecting => ({ ...image, masks: [] }));
  const placed = placeAll(masks);
  if (pattern === undefined) refuseSameNames(collecting);
  const left = pattern === undefined
    ? pairByPlace(collecting, placed)
    : pairByPattern(collecting, placed, pattern);
  const paired = collecting.filter(({ masks }) => masks.length > 0);
  const named = splitsInNames(paired);
  return {
    pairs: paired.map(({ file, split, masks }, at) => ({
      path: file.path,
      split: named?.[at] ?? split ?? splitOfMasks(masks),
      masks: [...masks].sort((a, b) => a.path < b.path ? -1 : 1),
    })),
    loneImages: collecting.filter(({ masks }) => masks.length === 0).map(({ file }) => file.path),
    loneMasks: left.map(({ file }) => file.path),
  };
}

/** Throws an Error if images of one name lie where they would have the same masks. */
function refuseSameNames(images: readonly Collecting[]): void {
  const groups = Map.groupBy(
    images,
    ({ file, split, above, below }) =>
      JSON.stringify([split, above, below.map(keyOfName), keyOfTokens(file.tokens)]),
  );
  const same = [...groups.values()].find(({ length }) => length > 1);
  if (same === undefined) return;
  const [a, b] = same.map(({ file }) => file) as [RoleFile, RoleFile];
  const folders = [a, b].map(({ path }) => folderOf(path));
  const choices = folders[0] === folders[1]
    ? [a, b].map(({ path }) => `*${/\.[^.]*$/.exec(path)?.[0] ?? ""}`)
    : folders.map((folder) => folder.split("/").at(-1)!);
  throw new Error(
    `Cannot tell which images are meant: ${JSON.stringify(a.path)} or ${JSON.stringify(b.path)}\n` +
      `hint: choose with --images ${choices.map((choice) => JSON.stringify(choice)).join(" or --images ")}`,
  );
}

/** The splits that the names of all images state, as `train_1.png` and `test_1.png`; null if they do not. */
function splitsInNames(images: readonly Collecting[]): readonly SplitName[] | null {
  if (images.some(({ split, masks }) => split !== null || splitOfMasks(masks) !== null)) return null;
  const splits = images.map(({ file }) => splitOfTokens(file.tokens));
  // One and the same word in all names may be anything.
  return new Set(splits).size > 1 && splits.every((split) => split !== null) ? splits : null;
}

function splitOfMasks(masks: readonly PairedMask[]): SplitName | null {
  return masks.flatMap(({ path }) => splitOfPath(folderOf(path).split("/")) ?? [])[0] ?? null;
}

function splitOfPath(folders: readonly string[]): SplitName | null {
  return folders.map(splitOfName).findLast((split) => split !== null) ?? null;
}

function placeAll(files: readonly RoleFile[]): Placed[] {
  const shared = new Map(
    [...Map.groupBy(files, ({ path }) => folderOf(path))].map(([folder, files]) =>
      [folder, sharedEnds(files.map(({ tokens }) => tokens))] as const
    ),
  );
  return files.map((file) => ({ ...place(file), ...shared.get(folderOf(file.path))! }));
}

function place(file: RoleFile): Omit<Placed, keyof Affixes> {
  const { folders, at } = file;
  const telling = (names: readonly string[]) => names.filter((name) => !isSplitName(name));
  return {
    file,
    split: splitOfPath(folders),
    above: telling(at === -1 ? folders : folders.slice(0, at)).map(keyOfName),
    below: telling(at === -1 ? [] : folders.slice(at + 1)),
  };
}

function keyOfName(name: string): string {
  return keyOfTokens(tokensOf(name));
}

/** What files must share to be paired by their names, from the closest to nothing. */
const LEVELS: readonly ((placed: Placed) => readonly unknown[])[] = [
  ({ split, above, below }) => [split, above, below.map(keyOfName)],
  ({ split, above }) => [split, above],
  ({ split }) => [split],
  () => [],
];

/** Returns the masks without an image. */
function pairByPlace(images: readonly Collecting[], masks: readonly Placed[]): readonly Placed[] {
  let left = masks;
  for (const [level, keyOf] of LEVELS.entries()) {
    if (left.length === 0) break;
    // Farther apart only what found nothing closer: another patient's 001.png is another image.
    const open = level < 2 ? images : images.filter(({ masks }) => masks.length === 0);
    const byKey = Map.groupBy(open, (image) => JSON.stringify(keyOf(image)));
    const groups = Map.groupBy(left, (mask) => JSON.stringify(keyOf(mask)));
    left = [...groups].flatMap(([key, masks]) => pairGroup(byKey.get(key) ?? [], masks, level === 0));
  }
  return left;
}

/** Pairs the files of a group; returns the masks without an image. */
function pairGroup(
  images: readonly Collecting[],
  masks: readonly Placed[],
  close: boolean,
): readonly Placed[] {
  if (images.length === 0) return masks;
  const [only] = images;
  if (images.length === 1 && close && only!.above.length + only!.below.length > 0) {
    return pairOnly(only!, masks);
  }
  const byName = new Map(images.map((image) => [keyOfTokens(image.file.tokens), image]));
  return [...Map.groupBy(masks, ({ file }) => folderOf(file.path)).values()].flatMap((masks) => {
    const owner = masks[0]!.below.map((name) => byName.get(keyOfName(name))).findLast((image) =>
      image !== undefined
    );
    if (owner !== undefined) {
      for (const mask of masks) owner.masks.push(pairedMask(mask, mask.file.tokens, owner));
      return [];
    }
    const matches = matchNames(images.map(nameOf), masks.map(nameOf));
    return masks.filter((mask, at) => {
      const match = matches[at];
      if (match === null || match === undefined) return true;
      images[match.image]!.masks.push(pairedMask(mask, match.rest));
      return false;
    });
  });
}

function nameOf({ file: { tokens }, head, tail }: Placed): FolderName {
  return { tokens, head, tail };
}

/** The only image of a folder gets the masks with its name, or all of them if none has it. */
function pairOnly(image: Collecting, masks: readonly Placed[]): readonly Placed[] {
  const key = keyOfTokens(image.file.tokens);
  const named = masks.filter(({ file }) => keyOfTokens(file.tokens).includes(key));
  const own = named.length > 0 ? named : masks;
  for (const mask of own) {
    const tokens = mask.file.tokens.filter((token) =>
      named.length === 0 || !image.file.tokens.includes(token)
    );
    image.masks.push(pairedMask(mask, tokens));
  }
  return masks.filter((mask) => !own.includes(mask));
}

function pairedMask({ file, below }: Placed, rest: readonly string[], owner?: Placed): PairedMask {
  const folder = file.at === -1 ? null : file.folders.slice(0, file.at + 1).join("/");
  const ownName = owner === undefined ? null : keyOfTokens(owner.file.tokens);
  return {
    path: file.path,
    folder,
    series: file.at === -1 ? "" : seriesName(file.folders[file.at]!),
    below: below.filter((name) => keyOfName(name) !== ownName),
    rest,
  };
}

/** Pairs files whose paths have the same groups of a regular expression; returns the masks without an image. */
function pairByPattern(
  images: readonly Collecting[],
  masks: readonly Placed[],
  pattern: string,
): readonly Placed[] {
  const expression = parsePattern(pattern, "--pairs");
  const keyOf = ({ file: { path } }: Placed) => {
    const match = expression.exec(path);
    return match === null ? null : JSON.stringify(match.length > 1 ? match.slice(1) : match[0]);
  };
  const byKey = Map.groupBy(images, keyOf);
  byKey.delete(null);
  for (const [key, same] of byKey) {
    if (same.length === 1) continue;
    const [a, b] = same.map(({ file }) => JSON.stringify(file.path));
    throw new Error(
      `Cannot pair by ${JSON.stringify(pattern)}: images ${a} and ${b} both give ${key}\n` +
        "hint: add a group to --pairs that tells them apart",
    );
  }
  return masks.filter((mask) => {
    const image = byKey.get(keyOf(mask))?.[0];
    if (image === undefined) return true;
    const own = new Set(image.file.tokens);
    image.masks.push(pairedMask(mask, mask.file.tokens.filter((token) => !own.has(token))));
    return false;
  });
}
