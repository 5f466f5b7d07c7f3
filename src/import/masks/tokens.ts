/**
 * Names of files and folders as sequences of words and numbers, and what single words mean.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { SPLIT_NAMES, type SplitName } from "../../dataset/roles.ts";

/** Words of folders that hold images. */
const IMAGE_WORDS = new Set(
  ("image images img imgs input inputs original originals photo photos picture pictures pic pics frame frames scan " +
    "scans rgb source src raw data cxr jpegimages").split(" "),
);

/** Words of folders and files of masks. */
const MASK_WORDS = new Set(
  ("mask masks msk msks label labels lbl lbls gt gts truth truths groundtruth groundtruths annotation annotations annot annots " +
    "anno annos manual segmentation segmentations seg segs segmented segmentationclass target targets trimap trimaps " +
    "matte mattes delineation delineations ho").split(" "),
);

/** Further words that mark a mask in the name of a file next to its image. */
const FILE_MASK_WORDS = new Set(["lesion", "lesions", "contour", "contours", "outline", "outlines"]);

/** The words of each split. */
const SPLIT_WORDS: { readonly [split in SplitName]: readonly string[] } = {
  train: ["train", "training", "trn", "trainval"],
  valid: ["valid", "val", "validation", "dev"],
  test: ["test", "testing", "tst"],
};

/** Short words of splits, only next to a word for images or masks: `imagesTr`. */
const SHORT_SPLIT_WORDS = new Map<string, SplitName>([["tr", "train"], ["va", "valid"], ["ts", "test"]]);

/** Words of people who drew masks. */
const OBSERVER_WORDS = new Set(
  ("manual ho observer observers obs rater raters reader readers expert experts annotator annotators grader graders")
    .split(" "),
);

/** What the names of folders say of their files. */
export type Role = "image" | "mask";

const COMPOUND = /^(training|train|validation|valid|val|testing|test)(\p{L}+)$/u;

/**
 * The words and numbers of a name, in lower case: `Image_01L_1stHO` is `image 01 l 1 st ho`, `GroundTruth` is
 * `ground truth`, `trainannot` is `train annot`.
 */
export function tokensOf(name: string): string[] {
  const spaced = name.normalize("NFC")
    .replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2")
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, "$1 $2")
    .replace(/(\p{L})(\p{N})/gu, "$1 $2")
    .replace(/(\p{N})(\p{L})/gu, "$1 $2");
  return (spaced.toLowerCase().match(/[\p{L}\p{M}]+|\p{N}+/gu) ?? []).flatMap((token) => {
    const [, split, rest] = COMPOUND.exec(token) ?? [];
    return split !== undefined && MASK_WORDS.has(rest!) ? [split, rest!] : [token];
  });
}

/** Tokens as a key in which separators do not matter, except between numbers. */
export function keyOfTokens(tokens: readonly string[]): string {
  let key = "";
  for (const token of tokens) {
    if (/\p{N}$/u.test(key) && /^\p{N}/u.test(token)) key += "_";
    key += token;
  }
  return key;
}

/** The name of a file without its ending. */
export function stemOf(fileName: string): string {
  return fileName.replace(/(?<=.)\.[^.]*$/, "");
}

/** The split that a folder's name states; null for none. */
export function splitOfName(name: string): SplitName | null {
  const tokens = tokensOf(name);
  for (const token of tokens) {
    const split = SPLIT_NAMES.find((split) => SPLIT_WORDS[split].includes(token));
    if (split !== undefined) return split;
  }
  if (roleOfTokens(tokens) === null) return null;
  return tokens.flatMap((token) => SHORT_SPLIT_WORDS.get(token) ?? [])[0] ?? null;
}

/** The split that the first or last word of a file's name states; null for none. */
export function splitOfTokens(tokens: readonly string[]): SplitName | null {
  const ends = [tokens[0], tokens.at(-1), tokens.find((token) => !/\p{N}/u.test(token))];
  return SPLIT_NAMES.find((split) =>
    ends.some((end) => end !== undefined && SPLIT_WORDS[split].includes(end))
  ) ?? null;
}

/** Words for other drawings of the same masks. */
const DRAWING_WORDS = new Set(
  "color colors colour colours instance instances id ids overlay overlays vis rgb".split(" "),
);

/** Whether words only say how the same masks are drawn: `_color`, `_instanceIds`. */
export function areDrawing(words: readonly string[]): boolean {
  return words.length > 0 && words.every((word) => DRAWING_WORDS.has(word));
}

/** Whether a folder's name says nothing but its split. */
export function isSplitName(name: string): boolean {
  const tokens = tokensOf(name).filter((token) => !/^\p{N}+$/u.test(token) && token !== "set");
  return tokens.length === 1 && splitOfName(name) !== null && roleOfTokens(tokens) === null;
}

/** What a folder's name says of its files; null for nothing. */
export function roleOfName(name: string): Role | null {
  return roleOfTokens(tokensOf(name));
}

function roleOfTokens(tokens: readonly string[]): Role | null {
  const words = tokens.filter((token) => !isSplitWord(token));
  if (words.length === 1 && (words[0] === "x" || words[0] === "y")) {
    return words[0] === "x" ? "image" : "mask";
  }
  if (words.some((word) => MASK_WORDS.has(word))) return "mask";
  return words.some((word) => IMAGE_WORDS.has(word)) ? "image" : null;
}

function isSplitWord(token: string): boolean {
  return SPLIT_NAMES.some((split) => SPLIT_WORDS[split].includes(token)) || SHORT_SPLIT_WORDS.has(token);
}

/** Whether a word means a mask and nothing else. */
export function isMaskWord(token: string): boolean {
  return MASK_WORDS.has(token);
}

/** Whether a word in the name of a file marks a mask: also what masks often show, as `_lesion`. */
export function marksMask(token: string): boolean {
  return MASK_WORDS.has(token) || FILE_MASK_WORDS.has(token);
}

/** A folder's name without its split: equal for `trainannot` and `valannot`. */
export function seriesName(name: string): string {
  return keyOfTokens(tokensOf(name).filter((token) => !isSplitWord(token)));
}

/** An observer in tokens: a number or letter next to a word such as `manual`; null if there is none. */
export function observerOf(tokens: readonly string[]): string | null {
  for (const [at, token] of tokens.entries()) {
    if (!OBSERVER_WORDS.has(token)) continue;
    const after = tokens[at + 1];
    if (after !== undefined && /^(\p{N}+|[a-z])$/u.test(after)) return numberOf(after);
    // `1st_manual`, `2nd manual`, `1 HO`
    const before = tokens[at - 1];
    const ordinal = before !== undefined && ["st", "nd", "rd", "th"].includes(before)
      ? tokens[at - 2]
      : before;
    if (ordinal !== undefined && /^\p{N}{1,2}$/u.test(ordinal) && (ordinal !== before || at === 1)) {
      return numberOf(ordinal);
    }
    const named = ordinalOf(before ?? "");
    if (named !== null) return named;
  }
  return null;
}

/** The number of `first`, `second` or `third`; null for other words. */
export function ordinalOf(word: string): string | null {
  return { first: "1", second: "2", third: "3" }[word] ?? null;
}

function numberOf(text: string): string {
  return /^\p{N}+$/u.test(text) ? String(Number(text)) : text;
}

/** Tokens without those that name an observer. */
export function withoutObserver(tokens: readonly string[]): string[] {
  if (observerOf(tokens) === null) return [...tokens];
  const ordinals = ["st", "nd", "rd", "th", "first", "second", "third"];
  return tokens.filter((token, at) =>
    !OBSERVER_WORDS.has(token) && !ordinals.includes(token) &&
    !(OBSERVER_WORDS.has(tokens[at - 1] ?? "") && /^(\p{N}+|[a-z])$/u.test(token)) &&
    !(/^\p{N}{1,2}$/u.test(token) &&
      (ordinals.includes(tokens[at + 1] ?? "") || OBSERVER_WORDS.has(tokens[at + 1] ?? "")))
  );
}
