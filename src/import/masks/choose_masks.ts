/**
 * What several masks of one image are: drawn by several observers, of several classes, or of single objects.
 *
 * @module
 */
import { counted } from "../counted.ts";
import { baseName } from "../source_tree.ts";
import type { Pair, PairedMask } from "./pair_files.ts";
import {
  areDrawing,
  isMaskWord,
  keyOfTokens,
  observerOf,
  ordinalOf,
  stemOf,
  tokensOf,
  withoutObserver,
} from "./tokens.ts";

/** A mask whose role is settled. */
export interface ChosenMask {
  /** The path of its file. */
  readonly path: string;
  /** The class that its name states; null if only its values do. */
  readonly label: string | null;
}

/** An image and the masks that are read. */
export interface ChosenPair extends Pick<Pair, "path" | "split"> {
  /** Its masks. */
  readonly masks: readonly ChosenMask[];
}

/** What was chosen. */
export interface MaskChoice {
  /** The pairs. */
  readonly pairs: readonly ChosenPair[];
  /** Images that lack a mask of the chosen observer. */
  readonly unobserved: readonly string[];
  /** What was chosen, in sentences. */
  readonly lines: readonly string[];
}

/** Most classes that names of masks may state. */
const MAX_LABELS = 64;

/** Chooses among several masks per image; throws an Error with the candidates if it cannot tell. */
export function chooseMasks(
  pairs: readonly Pair[],
  options: { readonly observer?: string | undefined; readonly masks?: string | undefined },
): MaskChoice {
  const lines: string[] = [];
  const observed = chooseObserver(pairs, options.observer, lines);
  const kept = observed.filter(({ masks }) => masks.length > 0);
  const unobserved = observed.filter(({ masks }) => masks.length === 0).map(({ path }) => path);
  const listed = options.masks?.includes(",") ?? false;
  if (!listed) refuseAlternatives(kept);
  const labelOf = labelsOf(kept, listed, lines);
  const chosen = kept.map(({ path, split, masks }) => ({
    path,
    split,
    masks: masks.map((mask) => ({ path: mask.path, label: labelOf(mask) })),
  }));
  return { pairs: chosen, unobserved, lines };
}

/** The observer that a mask's folders and name state. */
function maskObserver({ folder, below, rest }: PairedMask): string | null {
  const own = folder === null ? [] : tokensOf(folder.slice(folder.lastIndexOf("/") + 1));
  return observerOf(own) ?? observerOf(below.flatMap(tokensOf)) ?? observerOf(rest);
}

function chooseObserver(
  pairs: readonly Pair[],
  wanted: string | undefined,
  lines: string[],
): readonly Pair[] {
  const all = new Map<PairedMask, string | null>();
  for (const { masks } of pairs) for (const mask of masks) all.set(mask, maskObserver(mask));
  const observers = [...new Set(all.values())].filter((observer) => observer !== null).sort(compareNames);
  if (observers.length < 2 && wanted === undefined) return pairs;
  const named = wanted === undefined ? observers[0] : findObserver(wanted, observers);
  if (named === undefined) {
    throw new RangeError(
      `Cannot take observer ${JSON.stringify(wanted)}: the masks name ${observers.join(", ") || "none"}\n` +
        "hint: name one of these with --observer, or choose a folder with --masks",
    );
  }
  lines.push(
    `masks by ${observers.length} observers (${observers.join(", ")}): those of ${named} are taken; ` +
      "--observer takes others",
  );
  return pairs.map((pair) => ({
    ...pair,
    masks: pair.masks.filter((mask) => (all.get(mask) ?? named) === named),
  }));
}

/** The observer that a user names: `2`, `2ndHO`, `second`, `rater_b`. */
function findObserver(wanted: string, observers: readonly string[]): string | undefined {
  const tokens = tokensOf(wanted);
  const number = tokens.find((token) => /^\p{N}+$/u.test(token));
  const said = [
    wanted.toLowerCase(),
    observerOf(tokens),
    number === undefined ? null : String(Number(number)),
    ordinalOf(tokens[0] ?? ""),
  ];
  return observers.find((observer) => said.includes(observer));
}

function compareNames(a: string, b: string): number {
  return Number(a) - Number(b) || (a < b ? -1 : 1);
}

/** Throws an Error if images have masks in several folders of which each may be the one that is meant. */
function refuseAlternatives(pairs: readonly Pair[]): void {
  const unclear = pairs.find(({ masks }) => new Set(masks.map(alternativeOf)).size > 1);
  if (unclear === undefined) return;
  const names = new Map(unclear.masks.map((mask) => [alternativeOf(mask), candidateOf(mask)]));
  const counts = [...names].map(([alternative, name]) => {
    const images = pairs.filter(({ masks }) =>
      masks.some((mask) => alternativeOf(mask) === alternative)
    ).length;
    return `${name} (${counted(images, "image")})`;
  });
  const [first, second] = [...names.values()];
  throw new Error(
    `Cannot tell which masks are meant: ${counts.join(" or ")}\n` +
      `hint: choose one with --masks ${first}, or take them as classes with --masks ${first},${second}`
        .replaceAll('","', ","),
  );
}

/** Masks of different alternatives exclude each other: other folders, or one folder and another within it. */
function alternativeOf({ series, below }: PairedMask): string {
  return JSON.stringify([series, below.length > 0]);
}

function candidateOf({ folder, below, path }: PairedMask): string {
  const name = folder === null ? path.slice(path.lastIndexOf("/") + 1) : [folder, ...below].join("/");
  return JSON.stringify(folder === null ? name : name.split("/").slice(-1 - below.length).join("/"));
}

/** Tells the class of each mask by its name, if images have several whose names differ in the same few words. */
function labelsOf(
  pairs: readonly Pair[],
  listed: boolean,
  lines: string[],
): (mask: PairedMask) => string | null {
  const masks = pairs.flatMap(({ masks }) => masks);
  if (masks.length === pairs.length) return () => null;
  const words = new Map(masks.map((mask) => [mask, wordsOf(mask, listed)]));
  const shared = sharedWords([...words.values()]);
  const labels = new Map(masks.map((mask) => [mask, nameOf(mask, words.get(mask)!, shared, listed)]));
  const distinct = new Set(labels.values());
  if (distinct.size < 2 || distinct.size > MAX_LABELS || 2 * distinct.size > masks.length) {
    lines.push(`${counted(masks.length, "mask")} of ${counted(pairs.length, "image")}: each is one object`);
    return () => null;
  }
  const drawn = masks.find((mask) => areDrawing(words.get(mask)!.filter((word) => !shared.has(word))));
  if (drawn !== undefined) throw severalDrawings(pairs, drawn);
  const names = [...distinct].sort();
  lines.push(`several masks per image, a class each: ${names.join(", ")}`);
  const partial = pairs.filter(({ masks }) =>
    new Set(masks.map((mask) => labels.get(mask))).size < names.length
  );
  if (partial.length > 0) {
    lines.push(`images without a mask of some class, which count as having none of it: ${partial.length}`);
  }
  return (mask) => labels.get(mask)!;
}

/** The error for masks of which some are drawings of others. */
function severalDrawings(pairs: readonly Pair[], drawn: PairedMask): Error {
  const { path, masks } = pairs.find(({ masks }) => masks.includes(drawn))!;
  const stem = stemOf(baseName(path));
  const patterns = masks.map((mask) => {
    const name = baseName(mask.path);
    let shared = 0;
    while (shared < stem.length && stem[shared] === name[shared]) shared++;
    return JSON.stringify(`*${name.slice(shared)}`);
  });
  return new Error(
    `Cannot tell which masks are meant: ${patterns.join(" or ")}, of ${JSON.stringify(path)}\n` +
      `hint: choose with --masks ${patterns[0]}`,
  );
}

/** The words that tell a mask from others of its image. */
function wordsOf(mask: PairedMask, listed: boolean): string[] {
  const own = listed && mask.folder !== null
    ? tokensOf(mask.folder.slice(mask.folder.lastIndexOf("/") + 1))
    : [];
  const tokens = [...own, ...mask.below.flatMap(tokensOf), ...mask.rest];
  return withoutObserver(tokens).filter((token) => /\p{L}/u.test(token) && !isMaskWord(token));
}

function sharedWords(all: readonly (readonly string[])[]): Set<string> {
  const [first = []] = all;
  return new Set(first.filter((word) => all.every((words) => words.includes(word))));
}

/** The name of a mask's class: that of its folder, or the words of its file's name. */
function nameOf(
  mask: PairedMask,
  words: readonly string[],
  shared: ReadonlySet<string>,
  listed: boolean,
): string {
  const telling = words.filter((word) => !shared.has(word));
  const folder = mask.below.at(-1) ?? (listed ? mask.folder?.split("/").at(-1) : undefined);
  if (folder !== undefined && telling.length > 0) {
    const inFolder = tokensOf(folder);
    if (telling.every((word) => inFolder.includes(word))) return cleanName(folder);
  }
  return telling.length === 0 ? "mask" : telling.join("_");
}

/** `1. Microaneurysms` is `Microaneurysms`, `leftMask` is `left`. */
function cleanName(folder: string): string {
  const name = folder.replace(/^\p{N}+[.)_\-\s]+/u, "");
  const parts = name.replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2").split(/[\s_-]+/);
  const telling = parts.filter((part) => !isMaskWord(part.toLowerCase()));
  return telling.length === 0 || keyOfTokens(telling) === "" ? name : telling.join(" ");
}
