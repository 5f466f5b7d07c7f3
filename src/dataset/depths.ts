/**
 * The bit depths of a split's images, and how much of them the samples use.
 *
 * @module
 */
import type { SampleRange } from "../image/image.ts";
import type { SampleLevels } from "../image/levels.ts";
import { uniteRanges } from "../image/sample_range.ts";

/** Images of one bit depth. */
export interface DepthReport {
  /** Bits per sample in the files, at least 8. */
  readonly bits: number;
  /** Whether samples may be fractions: the images are floating-point. */
  readonly fractional: boolean;
  /** How many images. */
  readonly images: number;
  /** The lowest and the highest sample of all. */
  readonly lowest: number;
  /** See {@linkcode DepthReport.lowest}. */
  readonly highest: number;
  /** Different values in an image: the fewest and the most. */
  readonly levels: { readonly least: number; readonly largest: number };
  /** The samples that become 0 and 1 in training with the split: those of the bits that are used; 0 and 255 for 8. */
  readonly range: SampleRange;
}

/** Sums up the levels of images, the most frequent depth first. */
export function reportDepths(images: readonly SampleLevels[]): DepthReport[] {
  const depths = Map.groupBy(images, ({ bits, fractional }) => `${bits} ${fractional}`).values();
  // One range serves all images of more than 8 bits.
  const range = uniteRanges(images.map(({ range }) => range));
  return [...depths].map((same): DepthReport => ({
    bits: same[0]!.bits,
    fractional: same[0]!.fractional,
    images: same.length,
    lowest: Math.min(...same.map(({ extremes }) => extremes[0])),
    highest: Math.max(...same.map(({ extremes }) => extremes[1])),
    levels: {
      least: Math.min(...same.map(({ levels }) => levels)),
      largest: Math.max(...same.map(({ levels }) => levels)),
    },
    range: same[0]!.range === null ? [0, 255] : range!,
  })).sort((a, b) => b.images - a.images);
}

/** A depth in words: `16 bits, 12 used: 0 to 4071, 3912 to 4070 gray levels per image; 0 to 4095 become 0 to 1`. */
export function describeDepth({ bits, fractional, lowest, highest, levels, range }: DepthReport): string {
  const usesDepth = range[0] === 0 && bits > 8 && !fractional && Number.isInteger(Math.log2(range[1] + 1));
  const used = usesDepth ? `, ${Math.log2(range[1] + 1)} used` : "";
  const { least, largest } = levels;
  const counts = least === largest ? `${least}` : `${least} to ${largest}`;
  const scaled = bits > 8 ? `; ${range[0]} to ${range[1]} become 0 to 1` : "";
  return `${bits} bits${fractional ? ", floating point" : used}: ${round(lowest)} to ${round(highest)}, ` +
    `${counts} gray ${largest === 1 ? "level" : "levels"} per image${scaled}`;
}

function round(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(4));
}
