/**
 * The contact sheet of a dataset: images of every split with the outlines of their classes, so that one look tells
 * whether the masks lie on the images.
 *
 * @module
 */
import { basename, resolve } from "node:path";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { decodeForDisplay } from "../image/decode.ts";
import { type Color, scaleToFit } from "../image/draw.ts";
import { drawFigure, type Panel } from "../image/draw_figure.ts";
import { fitLabelMap, outlineLabels } from "../image/draw_labels.ts";
import type { LegendEntry } from "../image/draw_legend.ts";
import { raiseContrast } from "../image/display.ts";
import { encodeRgbPng } from "../image/encode.ts";
import type { RgbImage } from "../image/image.ts";
import { IGNORE, type LabelMap } from "../image/label_map.ts";
import { colorOfHex, IGNORE_COLOR } from "../image/palette.ts";
import { categoryNames, chooseClasses, type ClassOptions, type ClassTable, labelingOf } from "./classes.ts";
import type { ListedImage, Split, SplitListing } from "./dataset_source.ts";
import { readListedFile } from "./listed_file.ts";
import { type Candidate, shareCount, showOrder } from "./overview_choice.ts";
import { openSplit } from "./source_registry.ts";
import { findSplits } from "./splits.ts";

/** Options of {@linkcode drawOverview}. */
export interface OverviewOptions {
  /** Which categories are classes; by default every outlined one. */
  readonly classes?: ClassOptions | undefined;
  /** The name of the dataset; defaults to that of its folder. */
  readonly name?: string | undefined;
  /** Called after every image. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Images on a sheet. */
const SHOWN = 24;

const COLUMNS = 6;

/** Width and height of an image on the sheet: six of them fill a screen. */
const CELL = { width: 300, height: 300 };

/** Images that may be unreadable before the sheet has to do with fewer. */
const MOST_UNREADABLE = 24;

/** Classes that the line below an image names. */
const NAMED_CLASSES = 3;

/** An annotated split, and what its annotations are labeled as. */
interface Opened {
  readonly split: Split;
  readonly listing: SplitListing;
  readonly images: readonly ListedImage[];
  readonly candidates: readonly Candidate[];
  /** The annotations of each class, per image. */
  readonly counts: readonly ReadonlyMap<number, number>[];
  readonly labelMap: (image: ListedImage) => Promise<LabelMap>;
}

/** Draws the sheet of a dataset, and writes it as a PNG. Throws as {@linkcode drawOverview}. */
export async function writeOverview(
  folder: string,
  path: string,
  options: OverviewOptions = {},
): Promise<void> {
  await writeFileAtomic(path, await encodeRgbPng(await drawOverview(folder, options)));
}

/**
 * Draws 24 images of a dataset, spread over splits and classes, one after the other in memory: outlines in the colors of
 * the classes, names, sizes and counts. Images that cannot be read are passed over.
 *
 * @throws {Error} if there is no dataset in the folder, or none of its images can be shown
 */
export async function drawOverview(folder: string, options: OverviewOptions = {}): Promise<RgbImage> {
  const { name = basename(resolve(folder)), onProgress = () => {} } = options;
  const { opened, classes } = await openAll(folder, options.classes);
  const colors = classes.colors.map((color): Color => colorOfHex(color) ?? IGNORE_COLOR);
  const shares = shareCount(
    opened.map(({ split: { role }, images }) => ({ role, images: images.length })),
    SHOWN,
  );
  const total = shares.reduce((sum, share) => sum + share, 0);
  const panels: Panel[] = [];
  let raised = 0;
  for (const [index, source] of opened.entries()) {
    const chosen: { fileName: string; panel: Panel }[] = [];
    let unreadable = 0;
    for (const at of showOrder(source.candidates, classes.names.length)) {
      if (chosen.length === shares[index] || unreadable === MOST_UNREADABLE) break;
      const drawn = await drawImage(source, at, classes, colors);
      if (drawn === null) unreadable++;
      else {
        chosen.push({ fileName: source.images[at]!.fileName, panel: drawn.panel });
        if (drawn.isRaised) raised++;
        onProgress(panels.length + chosen.length, total);
      }
    }
    chosen.sort((a, b) => a.fileName < b.fileName ? -1 : 1);
    panels.push(...chosen.map(({ panel }) => panel));
  }
  if (panels.length === 0) {
    throw new Error(
      `Cannot draw an overview of ${JSON.stringify(folder)}: none of its images can be shown\n` +
        "hint: deno task inspect lists the problems of the dataset",
    );
  }
  return await drawFigure(panels, {
    title: name,
    subtitle: describeAll(opened, panels.length, raised),
    legend: legendOf(opened, classes, colors),
    align: "left",
    columns: COLUMNS,
    leastColumns: 3,
    cell: CELL,
  });
}

async function openAll(
  folder: string,
  options: ClassOptions | undefined,
): Promise<{ opened: Opened[]; classes: ClassTable }> {
  const splits: { split: Split; listing: SplitListing }[] = [];
  for (const split of await findSplits(folder)) {
    if (split.annotationFile !== null) splits.push({ split, listing: await openSplit(split) });
  }
  const classes = chooseClasses(categoryNames(splits.map(({ listing }) => listing)), options);
  return { opened: splits.map(({ split, listing }) => openImages(split, listing, classes)), classes };
}

function openImages(split: Split, listing: SplitListing, classes: ClassTable): Opened {
  const exclusive = labelingOf(classes, listing.categories);
  const overlapping = labelingOf(classes, listing.categories, true);
  const images = listing.images.filter(({ state }) => state === "annotated" || state === "unannotated");
  const counts = images.map(({ categoryIds }) => {
    const count = new Map<number, number>();
    for (const label of categoryIds.flatMap((id) => exclusive.labelsOf(id))) {
      count.set(label, (count.get(label) ?? 0) + 1);
    }
    return count;
  });
  return {
    split,
    listing,
    images,
    counts,
    candidates: images.map(({ fileName }, index) => ({
      fileName,
      classes: [...counts[index]!.keys()].filter((label) => label !== IGNORE).map((label) => label - 1),
    })),
    // More combinations of classes than labels: the later annotation is drawn over the others.
    labelMap: (image) => image.labelMap(overlapping).catch(() => image.labelMap(exclusive)),
  };
}

/** The panel of an image; null if it cannot be read. */
async function drawImage(
  { split, images, counts, labelMap }: Opened,
  index: number,
  classes: ClassTable,
  colors: readonly Color[],
): Promise<{ panel: Panel; isRaised: boolean } | null> {
  const image = images[index]!;
  const bytes = await readListedFile(split, image);
  if (!(bytes instanceof Uint8Array)) return null;
  let fitted: RgbImage;
  try {
    fitted = scaleToFit(await decodeForDisplay(bytes), CELL);
  } catch {
    return null;
  }
  const map = fitLabelMap(await labelMap(image), fitted);
  const raised = raiseContrast(fitted);
  const counted = describeCounts(counts[index]!, classes);
  return {
    panel: {
      image: outlineLabels(raised ?? fitted, map, colors, { reach: 1 }),
      caption: image.fileName,
      note: `${split.name} · ${image.width} × ${image.height} · ${counted}`,
    },
    isRaised: raised !== null,
  };
}

/** `lung: 2, heart: 1`; of one class, or of many, only the number. */
function describeCounts(counts: ReadonlyMap<number, number>, { names }: ClassTable): string {
  const present = [...counts].filter(([label]) => label !== IGNORE).sort(([a], [b]) => a - b);
  const ignored = counts.has(IGNORE) ? ", ignored" : "";
  if (present.length === 0) return `no foreground${ignored}`;
  if (names.length === 1) return countOf(present[0]![1], "annotation") + ignored;
  if (present.length > NAMED_CLASSES) return `${present.length} classes${ignored}`;
  return present.map(([label, count]) => `${names[label - 1]}: ${count}`).join(", ") + ignored;
}

/** `24 of 220 images · train 154, valid 33, test 33 · 256 × 256 to 1024 × 1024`. */
function describeAll(opened: readonly Opened[], shown: number, raised: number): string {
  const images = opened.flatMap(({ images }) => images);
  const perSplit = opened.map(({ split, images }) => `${split.name} ${formatNumber(images.length)}`).join(
    ", ",
  );
  const bySize = images.toSorted((a, b) => a.width * a.height - b.width * b.height);
  const [least, largest] = [bySize[0]!, bySize.at(-1)!].map(({ width, height }) => `${width} × ${height}`);
  const sizes = least === largest ? `${least}` : `${least} to ${largest}`;
  const empty = opened.flatMap(({ candidates }) => candidates).filter(({ classes }) => classes.length === 0);
  const without = empty.length === 0 ? "" : ` · ${formatNumber(empty.length)} without foreground`;
  const contrast = raised === 0 ? "" : ` · contrast of ${countOf(raised, "dark or flat image")} raised here`;
  return `${formatNumber(shown)} of ${
    countOf(images.length, "image")
  } · ${perSplit} · ${sizes} px${without}${contrast}`;
}

function legendOf(
  opened: readonly Opened[],
  { names }: ClassTable,
  colors: readonly Color[],
): LegendEntry[] {
  const counts = opened.flatMap(({ counts }) => counts);
  const entryOf = (name: string, label: number, color: Color): LegendEntry => {
    const having = counts.flatMap((count) => count.get(label) ?? []);
    const annotations = having.reduce((sum, count) => sum + count, 0);
    return {
      name: `${name}: ${countOf(annotations, "annotation")} in ${countOf(having.length, "image")}`,
      color,
    };
  };
  return [
    ...names.map((name, index) => entryOf(name, index + 1, colors[index]!)),
    ...(counts.some((count) => count.has(IGNORE)) ? [entryOf("ignored", IGNORE, IGNORE_COLOR)] : []),
  ];
}

function countOf(count: number, noun: string): string {
  return `${formatNumber(count)} ${noun}${count === 1 ? "" : "s"}`;
}

function formatNumber(value: number): string {
  return value.toLocaleString("en-US");
}
