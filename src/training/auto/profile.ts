/**
 * The fingerprint of a dataset that `--recipe auto` chooses by: what its images and annotations are like, in numbers.
 * Pure: `read_profile.ts` reads the files.
 *
 * @module
 */
import { quantile } from "../../evaluation/statistics.ts";
import type { Size } from "../../image/image.ts";
import { type LabelFacts, mirrorRatios } from "./label_facts.ts";

/** A low, a middle and a high value. */
export interface Spread {
  /** The least value, or the tenth percentile of objects' diameters. */
  readonly low: number;
  /** The median. */
  readonly median: number;
  /** The largest value, or the ninetieth percentile of objects' diameters. */
  readonly high: number;
}

/** What a dataset is like. */
export interface DatasetProfile {
  /** Images that can be used, those of `train` that are annotated, and how many were looked at. */
  readonly images: {
    readonly train: number;
    readonly valid: number;
    readonly annotated: number;
    readonly looked: number;
  };
  /** Sizes in pixels, over all training images. */
  readonly sizes: {
    readonly width: Spread;
    readonly height: Spread;
    /** How many different ones there are. */
    readonly different: number;
    /** Width by height, the median. */
    readonly aspect: number;
    /** The largest of these ratios by the least. */
    readonly aspectRange: number;
    /** Mean pixels of an image. */
    readonly pixels: number;
  };
  /** Color channels that differ: 1 for gray images, however they are stored. */
  readonly channels: 1 | 3;
  /** Most bits per sample. */
  readonly bits: number;
  /** Brightness and contrast, in units of the mean deviation within an image. */
  readonly intensity: {
    /** Deviation between the means of images. */
    readonly brightness: number;
    /** Deviation between the deviations of images. */
    readonly contrast: number;
    /** Share of images with hardly any contrast next to the others. */
    readonly flat: number;
  };
  /** Share of foreground pixels in annotated images; null if nothing is foreground. */
  readonly foreground: Spread | null;
  /** Connected parts of the foreground; null if there are none. */
  readonly objects: {
    /** Per image with foreground. */
    readonly count: Spread;
    /** Diameter in pixels: that of a disk with the same ratio of area to outline; of a thin line twice its width. */
    readonly diameter: Spread;
    /** The same relative to the image's side (the root of its pixels). */
    readonly relative: Spread;
    /** The median relative diameter of the class with the smallest objects. */
    readonly smallestClass: number;
    /** Deviation of the logarithm of diameters over images, in pixels and relative to the image. */
    readonly deviation: { readonly pixels: number; readonly relative: number };
  } | null;
  /** Classes without the background. */
  readonly classes: number;
  /**
   * How often mirrored structures lie where others of their class do, relative to structures that are not mirrored: 1 if
   * sides make no difference, near 0 if each has its side. Null if places do not recur, or too few images show it.
   */
  readonly mirrored: { readonly horizontal: number; readonly vertical: number } | null;
  /** Near-duplicates that were found: training images that repeat another one, validation images that repeat one of those. */
  readonly duplicates: { readonly train: number; readonly shared: number };
}

/** Brightness of an image. */
export interface ImageFacts {
  /** Mean and deviation of its samples. */
  readonly mean: number;
  readonly deviation: number;
  /** Whether its channels differ. */
  readonly colored: boolean;
  /** Bits per sample. */
  readonly bits: number;
}

/** What a profile is made of. */
export interface ProfileParts {
  readonly images: Omit<DatasetProfile["images"], "looked">;
  /** Sizes of all training images. */
  readonly sizes: readonly Size[];
  /** What was seen of some of them. */
  readonly looked: readonly { readonly image: ImageFacts | null; readonly labels: LabelFacts | null }[];
  readonly classes: number;
  readonly duplicates: DatasetProfile["duplicates"];
}

/** An image with less of the usual deviation is flat: its own moments would turn noise into contrast. */
const FLAT = 0.1;

/** The profile of a dataset. */
export function profileOf({ images, sizes, looked, classes, duplicates }: ProfileParts): DatasetProfile {
  const seen = looked.flatMap(({ image }) => image ?? []);
  const labels = looked.flatMap(({ labels }) => labels ?? []);
  const shares = labels.map(({ share }) => share);
  return {
    images: { ...images, looked: looked.length },
    sizes: sizesOf(sizes),
    channels: seen.some(({ colored }) => colored) ? 3 : 1,
    bits: seen.reduce((most, { bits }) => Math.max(most, bits), 8),
    intensity: intensityOf(seen),
    foreground: shares.some((share) => share > 0) ? spreadOf(shares, 0, 1) : null,
    objects: objectsOf(labels, classes),
    classes,
    mirrored: mirrorRatios(labels, classes),
    duplicates,
  };
}

function sizesOf(sizes: readonly Size[]): DatasetProfile["sizes"] {
  const all = sizes.length > 0 ? sizes : [{ width: 1, height: 1 }];
  const aspects = all.map(({ width, height }) => width / height);
  const aspect = spreadOf(aspects, 0, 1);
  return {
    width: spreadOf(all.map(({ width }) => width), 0, 1),
    height: spreadOf(all.map(({ height }) => height), 0, 1),
    different: new Set(all.map(({ width, height }) => `${width} ${height}`)).size,
    aspect: aspect.median,
    aspectRange: digits(aspect.high / aspect.low),
    pixels: Math.round(meanOf(all.map(({ width, height }) => width * height))),
  };
}

function intensityOf(seen: readonly ImageFacts[]): DatasetProfile["intensity"] {
  if (seen.length === 0) return { brightness: 0, contrast: 0, flat: 0 };
  const deviations = seen.map(({ deviation }) => deviation);
  const usual = meanOf(deviations);
  if (usual === 0) return { brightness: 0, contrast: 0, flat: 1 };
  return {
    brightness: digits(deviationOf(seen.map(({ mean }) => mean)) / usual),
    contrast: digits(deviationOf(deviations) / usual),
    flat: digits(deviations.filter((each) => each < FLAT * usual).length / seen.length),
  };
}

function objectsOf(labels: readonly LabelFacts[], classes: number): DatasetProfile["objects"] {
  const shown = labels.filter(({ share }) => share > 0);
  const each = shown.flatMap(({ classes, side }) =>
    classes.map(({ label, diameter }) => ({ label, diameter, relative: diameter / side }))
  );
  if (each.length === 0) return null;
  const medians = Array.from(
    { length: classes },
    (_, at) => each.filter(({ label }) => label === at + 1).map(({ relative }) => relative),
  )
    .filter((values) => values.length > 0)
    .map((values) => spreadOf(values, 0, 1).median);
  const [pixels, relative] = [each.map(({ diameter }) => diameter), each.map(({ relative }) => relative)];
  return {
    count: spreadOf(shown.map(({ objects }) => objects), 0, 1),
    diameter: spreadOf(pixels, 0.1, 0.9),
    relative: spreadOf(relative, 0.1, 0.9),
    smallestClass: Math.min(...medians),
    deviation: {
      pixels: digits(deviationOf(pixels.map(Math.log))),
      relative: digits(deviationOf(relative.map(Math.log))),
    },
  };
}

function spreadOf(values: readonly number[], low: number, high: number): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    low: digits(quantile(sorted, low)),
    median: digits(quantile(sorted, 0.5)),
    high: digits(quantile(sorted, high)),
  };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviationOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)));
}

/** Four digits: enough to choose by, and the same wherever sums are added in another order. */
function digits(value: number): number {
  return Number(value.toPrecision(4));
}
