/**
 * The curves of a run as an image: losses and Dice per epoch.
 *
 * @module
 */
import { basename, join } from "node:path";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { RUN_FILES } from "../fs/layout.ts";
import { CURVE_COLORS, drawCharts } from "../image/draw_chart.ts";
import { encodeRgbPng } from "../image/encode.ts";
import type { RgbImage } from "../image/image.ts";
import type { EpochRecord } from "../tracking/run_log.ts";

/** Draws the losses and Dice of a run's epochs; `best` is the epoch whose model was saved. */
export function drawRunCurves(
  epochs: readonly EpochRecord[],
  title: string,
  best: number | null = null,
): Promise<RgbImage> {
  const curve = (part: "train" | "valid", metric: "loss" | "dice") => ({
    name: `${part} ${metric}`,
    color: CURVE_COLORS[part === "train" ? 0 : 1],
    values: epochs.map(({ metrics }) => metrics[`${part}/${metric}`] ?? NaN),
  });
  const mark = best === null ? undefined : { at: best, name: `best epoch ${best}` };
  return drawCharts([
    { axis: "epoch", curves: [curve("train", "loss"), curve("valid", "loss")], mark },
    { axis: "epoch", curves: [curve("train", "dice"), curve("valid", "dice")], range: [0, 1], mark },
  ], title);
}

/** Writes `curves.png` to a run's folder. */
export async function writeCurves(
  folder: string,
  epochs: readonly EpochRecord[],
  best: number | null,
): Promise<void> {
  const image = await drawRunCurves(epochs, basename(folder), best);
  await writeFileAtomic(join(folder, RUN_FILES.curves), await encodeRgbPng(image));
}
