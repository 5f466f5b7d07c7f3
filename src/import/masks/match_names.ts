/**
 * Which mask belongs to which image, by their names: the same after stripping what a whole folder shares at either end,
 * or the image's name with something before or behind it.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { keyOfTokens } from "./tokens.ts";

/** The image of a mask. */
export interface NameMatch {
  /** Its index among the images. */
  readonly image: number;
  /** The words and numbers of the mask's name that are not the image's. */
  readonly rest: readonly string[];
}

/** The tokens of a name, and how many of them at either end all names of its folder share. */
export interface FolderName extends Affixes {
  /** The words and numbers of the name. */
  readonly tokens: readonly string[];
}

/** How many tokens are shared, or stripped, at either end. */
export interface Affixes {
  /** Leading ones. */
  readonly head: number;
  /** Trailing ones. */
  readonly tail: number;
}

/** Of longer shared beginnings or ends, only these lengths and the whole are tried. */
const TRIED = [0, 1, 2];

/** The matches of masks of one folder, each null if no image fits. */
export function matchNames(
  images: readonly FolderName[],
  masks: readonly FolderName[],
): (NameMatch | null)[] {
  const best = matchEqual(images, masks);
  if (best.every((match) => match !== null)) return best;
  const within = matchWithin(images, masks);
  const count = (matches: readonly (NameMatch | null)[]) => matches.filter((match) => match !== null).length;
  // A folder with one mask per image may lack images; one with several masks per image has no equal names.
  return count(within) > count(best) ? within : best;
}

/** One to one, by the stripping that matches most. */
function matchEqual(
  images: readonly FolderName[],
  masks: readonly FolderName[],
): (NameMatch | null)[] {
  const maskAffixes = affixesOf(masks);
  let best = { count: 0, found: masks.map((): number | null => null), stripped: { head: 0, tail: 0 } };
  for (const ofImages of affixesOf(images)) {
    if (best.count === masks.length) break;
    const byKey = uniqueKeys(images, ofImages);
    for (const stripped of maskAffixes) {
      const found = masks.map(({ tokens }) => byKey.get(strippedKey(tokens, stripped)) ?? null);
      const matched = found.filter((image) => image !== null);
      if (new Set(matched).size < matched.length || matched.length <= best.count) continue;
      best = { count: matched.length, found, stripped };
      if (matched.length === masks.length) break;
    }
  }
  const { head, tail } = best.stripped;
  return best.found.map((image, at) => {
    const { tokens } = masks[at]!;
    return image === null
      ? null
      : { image, rest: [...tokens.slice(0, head), ...tokens.slice(tokens.length - tail)] };
  });
}

/** The image's name within the mask's, at either end of what the masks do not share; the longest one wins. */
function matchWithin(
  images: readonly FolderName[],
  masks: readonly FolderName[],
): (NameMatch | null)[] {
  const shared = leastOf(masks);
  let best: (NameMatch | null)[] = masks.map(() => null);
  let bestCount = 0;
  for (const affixes of affixesOf(images)) {
    const byKey = uniqueKeys(images, affixes);
    const matches = masks.map(({ tokens }) => findWithin(tokens, byKey, shared));
    const count = matches.filter((match) => match !== null).length;
    if (count <= bestCount) continue;
    best = matches;
    bestCount = count;
    if (count === masks.length) break;
  }
  return best;
}

function findWithin(
  tokens: readonly string[],
  byKey: ReadonlyMap<string, number | null>,
  shared: Affixes,
): NameMatch | null {
  for (let length = tokens.length; length > 0; length--) {
    for (let start = 0; start + length <= tokens.length; start++) {
      const end = start + length;
      // Never in the middle: 3 of p_3_17 may be anything.
      if (start > shared.head && end < tokens.length - shared.tail) continue;
      const image = byKey.get(keyOfTokens(tokens.slice(start, end))) ?? null;
      if (image !== null) return { image, rest: [...tokens.slice(0, start), ...tokens.slice(end)] };
    }
  }
  return null;
}

/** Every stripping of the tokens that all names share, the least first. */
function affixesOf(names: readonly FolderName[]): Affixes[] {
  const { head, tail } = leastOf(names);
  return triedLengths(head).flatMap((head) => triedLengths(tail).map((tail) => ({ head, tail })))
    .sort((a, b) => a.head + a.tail - b.head - b.tail);
}

function leastOf(names: readonly FolderName[]): Affixes {
  return {
    head: names.reduce((least, { head }) => Math.min(least, head), Infinity),
    tail: names.reduce((least, { tail }) => Math.min(least, tail), Infinity),
  };
}

function triedLengths(shared: number): number[] {
  return [...new Set([...TRIED.filter((length) => length <= shared), shared])];
}

/**
 * The tokens that the names of a folder share at either end. Of a single name, only words, and numbers next to them that
 * lie farther outside: in `21_manual1` the number 21 tells images apart.
 */
export function sharedEnds(names: readonly (readonly string[])[]): Affixes {
  const [first] = names;
  if (first === undefined) return { head: 0, tail: 0 };
  if (names.length === 1) {
    const isWord = (token: string) => /\p{L}/u.test(token);
    const number = first.findIndex((token) => !isWord(token));
    const head = number === -1 ? first.length - 1 : number;
    return {
      head,
      tail: number === -1
        ? first.length - 1
        : first.slice(number + 1).some(isWord)
        ? first.length - 1 - number
        : 0,
    };
  }
  return {
    head: sharedLength(names, (tokens, at) => tokens[at]),
    tail: sharedLength(names, (tokens, at) => tokens[tokens.length - 1 - at]),
  };
}

function sharedLength(
  names: readonly (readonly string[])[],
  tokenAt: (tokens: readonly string[], at: number) => string | undefined,
): number {
  let length = 0;
  const shares = (tokens: readonly string[]) => {
    const token = tokenAt(tokens, length);
    return token !== undefined && token === tokenAt(names[0]!, length);
  };
  while (names.every(shares)) length++;
  return length;
}

function strippedKey(tokens: readonly string[], { head, tail }: Affixes): string {
  return keyOfTokens(tokens.slice(head, tokens.length - tail));
}

/** Indices by the keys of names; null for a key that several have, or that is empty. */
function uniqueKeys(names: readonly FolderName[], affixes: Affixes): Map<string, number | null> {
  const byKey = new Map<string, number | null>();
  for (const [index, { tokens }] of names.entries()) {
    const key = strippedKey(tokens, affixes);
    byKey.set(key, key === "" || byKey.has(key) ? null : index);
  }
  return byKey;
}
