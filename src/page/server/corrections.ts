/**
 * Masks of the board's dataset that people correct: what is known of an image, and what is saved.
 *
 * @module
 */
import { join } from "node:path";
import { encodeRle, formatRuns } from "../../coco/rle.ts";
import {
  type CorrectedImage,
  type Corrections,
  CORRECTIONS_ENDING,
  newestOf,
  readCorrections,
} from "../../dataset/corrections.ts";
import { categoryName, isBackgroundName, isIgnoreName } from "../../dataset/class_names.ts";
import { categoryNames } from "../../dataset/classes.ts";
import type { Category, ListedImage } from "../../dataset/dataset_source.ts";
import { sizeMismatch } from "../../dataset/listed_file.ts";
import { hashBytes } from "../../fs/hash_bytes.ts";
import { ifFound } from "../../fs/paths.ts";
import { inspectFile } from "../../image/header.ts";
import type { Size } from "../../image/image.ts";
import { FOREGROUND, maskOf } from "../../image/label_map.ts";
import { orientSize } from "../../image/orient.ts";
import { classColor, colorToHex, IGNORE_COLOR } from "../../image/palette.ts";
import { MAX_CLASSES } from "../../image/class_spec.ts";
import type {
  AnnotationState,
  CorrectionClass,
  CorrectionVersion,
  ImageToCorrect,
  MaskRegion,
  MaskSource,
} from "../api/corrections.ts";
import { type BoardImage, type BoardSplit, readSplits } from "./dataset_splits.ts";
import { readImageFile } from "./image_file.ts";
import { type Board, RouteError } from "./route.ts";

/** The class of a dataset that names none. */
const ONLY_CLASS = "foreground";

/**
 * The path of a corrections file.
 *
 * @throws {RouteError} with status 400 for a name that could lead elsewhere
 */
export function correctionsPath(board: Board, name: unknown = board.correctionsName): string {
  if (typeof name === "string" && /^[\p{L}\p{N}](?:[\p{L}\p{N} ._-]{0,62}[\p{L}\p{N}])?$/u.test(name)) {
    return join(board.corrections, `${name}${CORRECTIONS_ENDING}`);
  }
  throw new RouteError(
    400,
    `Cannot use a corrections file named ${JSON.stringify(name)?.slice(0, 80)}\n` +
      "hint: choose letters, digits, spaces, dots, - and _, at most 64",
  );
}

/** The content of a corrections file; nothing if there is none. Throws a SyntaxError for a damaged one. */
export async function readSaved(path: string): Promise<Corrections> {
  return await ifFound(readCorrections(path)) ?? { categories: [], images: [], records: 0 };
}

/** The corrections of an image, or undefined. */
export function correctedOf(
  { images }: Corrections,
  split: string,
  fileName: string,
): CorrectedImage | undefined {
  return images.find((image) => image.split === split && image.fileName === fileName);
}

/** How much is known of an image's annotations. */
export function stateOf({ listed }: BoardImage): AnnotationState {
  if (listed === null) return "unlisted";
  return listed.partlyAnnotated ? "partly" : listed.state;
}

/** An image file with what its annotations say of it. */
export interface OpenedImage extends Size {
  readonly sha256: string;
  /** The dataset's annotations as masks; null if it has none that fit. */
  readonly annotation: readonly MaskRegion[] | null;
  /** Why what is not annotated is not known to be background; null if it is. */
  readonly doubt: string | null;
}

/**
 * Reads an image file, and draws its annotations.
 *
 * @throws {RouteError} if there is no such file; errors of damaged ones are the readers'
 */
export async function openImage(from: BoardSplit, image: BoardImage): Promise<OpenedImage> {
  const bytes = await readImageFile(from.split, image.fileName);
  const header = inspectFile(bytes);
  const { width, height } = orientSize(header, header.orientation);
  const about = { width, height, sha256: hashBytes(bytes) };
  const { listed } = image;
  if (listed === null) return { ...about, annotation: null, doubt: doubtOf(from, image) };
  const mismatch = sizeMismatch(header, listed);
  if (mismatch !== null) return { ...about, annotation: null, doubt: `${capitalized(mismatch)}.` };
  const isDrawn = listed.state === "annotated";
  const annotation = isDrawn ? await regionsOf(listed, from.listing!.categories) : null;
  return { ...about, annotation, doubt: doubtOf(from, image) };
}

function doubtOf({ listing }: BoardSplit, image: BoardImage): string | null {
  switch (stateOf(image)) {
    case "annotated":
    // An image that is listed without annotations has nothing to annotate, as everywhere in this project.
    case "unannotated":
      return null;
    case "partly":
      return "Some annotations of this image cannot be drawn: what they show is missing.";
    case "unusable":
      return "The annotations of this image cannot be drawn or trusted.";
    case "uncertain":
      return `This image may lack annotations: ${listing!.uncertainty}.`;
    case "unlisted":
      return listing === null
        ? "Nobody annotated the images of this split."
        : "The annotation file does not list this image: nobody annotated it.";
  }
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The annotations of an image, one mask per category. */
async function regionsOf(image: ListedImage, categories: readonly Category[]): Promise<MaskRegion[]> {
  const names = new Map(categories.map((category) => [category.id, categoryName(category)]));
  const regions: MaskRegion[] = [];
  for (const id of new Set(image.categoryIds)) {
    const map = await image.labelMap({
      classCount: FOREGROUND,
      overlapping: false,
      labelsOf: (other) => other === id ? [FOREGROUND] : [],
    });
    const category = (id === null ? undefined : names.get(id)) ?? ONLY_CLASS;
    if (!isBackgroundName(category)) regions.push({ category, rle: encodeRle(maskOf(map)) });
  }
  return regions;
}

/** The classes that can be painted: those that are outlined or corrected somewhere, else all that are listed. */
export async function classesOf(board: Board, saved: Corrections): Promise<CorrectionClass[]> {
  const listings = (await readSplits(board)).flatMap(({ listing }) => listing ?? []);
  const { listed, outlined } = categoryNames(listings);
  const known = [...outlined, ...saved.categories.map(({ name }) => name)];
  const names = [...new Set(known.length > 0 ? known : listed)].filter((name) => !isBackgroundName(name));
  const classes = names.filter((name) => !isIgnoreName(name)).slice(0, MAX_CLASSES);
  const ignored = names.find(isIgnoreName) ?? "ignore";
  return [
    ...(classes.length > 0 ? classes : [ONLY_CLASS]).map((name, index): CorrectionClass => ({
      name,
      color: colorToHex(classColor(index + 1)),
      kind: "class",
    })),
    { name: ignored, color: colorToHex(IGNORE_COLOR), kind: "ignore" },
  ];
}

/** Other categories that the dataset lists, as classes to add. */
async function otherCategories(board: Board, classes: readonly CorrectionClass[]): Promise<string[]> {
  const listings = (await readSplits(board)).flatMap(({ listing }) => listing ?? []);
  const known = new Set(classes.map(({ name }) => name));
  return categoryNames(listings).listed
    .filter((name) => !known.has(name) && !isBackgroundName(name) && !isIgnoreName(name));
}

/** A version without its masks. */
export function versionOf(
  { revision, annotator, time, source }: { readonly source: MaskSource } & CorrectionVersion,
): CorrectionVersion {
  return { revision, annotator, time, source };
}

/** All that the editor needs of an image besides its pixels. */
export async function describeImage(
  board: Board,
  from: BoardSplit,
  image: BoardImage,
  saved: Corrections,
): Promise<ImageToCorrect> {
  const { width, height, sha256, annotation, doubt } = await openImage(from, image);
  const corrected = correctedOf(saved, from.split.name, image.fileName);
  const newest = corrected && newestOf(corrected);
  const classes = await classesOf(board, saved);
  return {
    split: from.split.name,
    fileName: image.fileName,
    width,
    height,
    sha256,
    dataset: hashBytes(new TextEncoder().encode(await Deno.realPath(board.data))).slice(0, 16),
    classes,
    otherCategories: await otherCategories(board, classes),
    doubt: newest === undefined ? doubt : null,
    annotation,
    newest: newest === undefined ? null : { ...versionOf(newest), regions: regionsFrom(newest.regions) },
    versions: corrected?.corrections.map(versionOf) ?? [],
  };
}

/** Masks of a corrections file, whose texts may be lists of run lengths if somebody else wrote it. */
export function regionsFrom(
  regions: CorrectedImage["corrections"][number]["regions"],
): MaskRegion[] {
  return regions.map(({ category, rle }) => {
    const counts = typeof rle.counts === "string" ? rle.counts : formatRuns(rle.counts);
    return { category, rle: { size: rle.size, counts } };
  });
}
