/**
 * Shares of pixels by class, over the samples of a split: foreground, each class, ignored pixels and overlaps.
 *
 * @module
 */
import { BACKGROUND, classesOf, IGNORE, type LabelMap } from "../image/label_map.ts";
import type { ClassTable } from "./classes.ts";
import { mapConcurrently, READ_AHEAD } from "./map_concurrently.ts";
import type { Sample } from "./samples.ts";

/** What a split shows of a class. */
export interface ClassShare {
  /** The class. */
  readonly name: string;
  /** Its color, as `#rrggbb`. */
  readonly color: string;
  /** Samples with a pixel of it. */
  readonly images: number;
  /** Its share of the pixels that are not ignored, the mean over all samples; null without samples. */
  readonly share: number | null;
}

/** Common pixels of two classes. */
export interface OverlapShare {
  /** Their names. */
  readonly classes: readonly string[];
  /** Samples in which they overlap. */
  readonly images: number;
  /** Their common pixels. */
  readonly pixels: number;
}

/** Shares of pixels of a split. */
export interface PixelShares {
  /**
   * Share of foreground pixels per sample: the mean over all samples (equally weighted, as after resizing to one
   * size), and least, median and largest over the annotated ones. Null if there are none.
   */
  readonly foregroundShare: { mean: number; least: number; median: number; largest: number } | null;
  /** Pixel accuracy of predicting only background: the baseline of any model. Null without samples. */
  readonly allBackgroundAccuracy: number | null;
  /** The classes, in the order of their labels; none if there is only foreground. */
  readonly classes: readonly ClassShare[];
  /** Share of pixels that are ignored, the mean over all samples. */
  readonly ignoredShare: number;
  /** Pairs of classes that overlap, the largest overlap first. */
  readonly overlaps: readonly OverlapShare[];
}

/** The pixels of a sample, counted. */
interface Counts {
  readonly ignored: number;
  readonly foreground: number;
  /** By class, from the first. */
  readonly classes: readonly number[];
  /** Common pixels by pair, keyed by both labels. */
  readonly pairs: ReadonlyMap<string, number>;
  readonly pixels: number;
}

/** Counts the pixels of samples; draws each annotated one once. */
export async function measureShares(samples: readonly Sample[], table: ClassTable): Promise<PixelShares> {
  const all = await mapConcurrently(samples, READ_AHEAD, async (sample) => {
    const pixels = sample.width * sample.height;
    if (!sample.annotated) return { ignored: 0, foreground: 0, classes: [], pairs: new Map(), pixels };
    return countPixels(await sample.labelMap(), table.classes.length);
  });
  const shareOf = (count: number, { pixels, ignored }: Counts) => count / Math.max(1, pixels - ignored);
  const meanOf = (value: (counts: Counts) => number) =>
    all.reduce((sum, counts) => sum + value(counts), 0) / all.length;
  const shares = all.map((counts) => shareOf(counts.foreground, counts));
  const mean = meanOf((counts) => shareOf(counts.foreground, counts));
  const annotated = shares.filter((_, i) => samples[i]!.annotated).sort((a, b) => a - b);
  return {
    foregroundShare: annotated.length === 0 ? null : {
      mean,
      least: annotated[0]!,
      median: annotated[annotated.length >> 1]!,
      largest: annotated.at(-1)!,
    },
    allBackgroundAccuracy: samples.length === 0 ? null : 1 - mean,
    classes: table.isPlain ? [] : table.classes.map(({ name, color }, i) => ({
      name,
      color,
      images: all.filter(({ classes }) => (classes[i] ?? 0) > 0).length,
      share: all.length === 0 ? null : meanOf((counts) => shareOf(counts.classes[i] ?? 0, counts)),
    })),
    ignoredShare: all.length === 0 ? 0 : meanOf(({ ignored, pixels }) => ignored / pixels),
    overlaps: overlapsOf(all, table),
  };
}

function countPixels(map: LabelMap, classCount: number): Counts {
  const labels = new Float64Array(256);
  for (const label of map.data) labels[label]!++;
  const classes = new Array<number>(classCount).fill(0);
  const pairs = new Map<string, number>();
  labels.forEach((count, label) => {
    const shown = count === 0 ? [] : classesOf(map, label);
    shown.forEach((first, i) => {
      classes[first - 1]! += count;
      for (const second of shown.slice(i + 1)) {
        const pair = `${first} ${second}`;
        pairs.set(pair, (pairs.get(pair) ?? 0) + count);
      }
    });
  });
  const [ignored, pixels] = [labels[IGNORE]!, map.data.length];
  return { ignored, foreground: pixels - ignored - labels[BACKGROUND]!, classes, pairs, pixels };
}

function overlapsOf(all: readonly Counts[], { names }: ClassTable): OverlapShare[] {
  const entries = all.flatMap(({ pairs }) => [...pairs]);
  return [...Map.groupBy(entries, ([pair]) => pair)].map(([pair, found]) => ({
    classes: pair.split(" ").map((label) => names[Number(label) - 1]!),
    images: found.length,
    pixels: found.reduce((sum, [, pixels]) => sum + pixels, 0),
  })).sort((a, b) => b.pixels - a.pixels);
}
