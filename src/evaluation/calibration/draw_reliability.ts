/**
 * The reliability diagram: the share of foreground by predicted probability, before and after calibration.
 *
 * @module
 */
import { CURVE_COLORS, drawCharts } from "../../image/draw_chart.ts";
import type { RgbImage } from "../../image/image.ts";
import { RELIABILITY_BINS, type ReliabilityBin } from "./reliability.ts";

/** A class's bins and expected calibration error, before and after. */
export interface ReliabilityOfClass {
  /** Its name. */
  readonly name: string;
  /** As the network says. */
  readonly before: { readonly bins: readonly ReliabilityBin[]; readonly error: number };
  /** At the fitted temperature. */
  readonly after: { readonly bins: readonly ReliabilityBin[]; readonly error: number };
}

/** Most classes that are drawn. */
const MOST_CLASSES = 6;

/** Draws a chart per class: on the gray line, probabilities are what they say. */
export function drawReliability(classes: readonly ReliabilityOfClass[], title: string): Promise<RgbImage> {
  const charts = classes.slice(0, MOST_CLASSES).map(({ name, before, after }) => ({
    axis: `${name}: predicted probability, in tenths`,
    range: [0, 1] as const,
    curves: [
      {
        name: "ideal",
        color: [160, 160, 160] as const,
        values: Array.from({ length: RELIABILITY_BINS }, (_, bin) => (bin + 0.5) / RELIABILITY_BINS),
      },
      curve(`before, ECE ${before.error.toFixed(4)}`, CURVE_COLORS[1], before.bins),
      curve(`after, ECE ${after.error.toFixed(4)}`, CURVE_COLORS[0], after.bins),
    ],
  }));
  return drawCharts(charts, title);
}

function curve(
  name: string,
  color: readonly [number, number, number],
  bins: readonly ReliabilityBin[],
): { name: string; color: readonly [number, number, number]; values: number[] } {
  return { name, color, values: bins.map(({ frequency }) => frequency ?? NaN) };
}
