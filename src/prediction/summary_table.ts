/**
 * The predictions of all images as one table.
 * This module is browser compatible.
 *
 * @module
 */
import { type Cell, formatCsv } from "../csv_text.ts";
import type { ImageNumbers } from "./image_report.ts";
import { spacingText } from "./millimeters.ts";

/** Within the output folder: one row per image and class. */
export const SUMMARY_FILE = "summary.csv";

const HEADER = [
  "image",
  "size",
  "area",
  "lesions",
  "class",
  "spacing",
  "area_mm2",
  "share",
  "mean_probability",
];

/**
 * One row per image, or per image and class if there are several, below a header: path, `WIDTHxHEIGHT`, pixels, number of
 * lesions, class, spacing in millimeters, square millimeters, share of the image from 0 to 1, mean probability, and, if
 * the model's file tells, the distance from the training images, and, if an image was adapted, how each was.
 *
 * @param className of a model of one class
 */
export function summaryTable(images: readonly ImageNumbers[], className: string): string {
  // Models that keep no appearance write the table of before.
  const judged = images.some(({ appearance }) => appearance !== undefined);
  const changed = images.some(({ adapted }) => adapted !== undefined);
  const rows = images.flatMap((report): Cell[][] => {
    const { image, width, height, spacing } = report;
    return (report.classes ?? [{ ...report, name: className }]).map((part) => [
      image,
      `${width}x${height}`,
      part.area,
      part.lesions.length,
      part.name,
      spacing ? spacingText(spacing) : null,
      part.areaMm2 ?? null,
      part.share,
      part.meanProbability,
      ...(judged ? [report.appearance?.distance ?? null] : []),
      ...(changed ? [report.adapted ?? null] : []),
    ]);
  });
  const further = [...(judged ? ["appearance_distance"] : []), ...(changed ? ["adapted"] : [])];
  return formatCsv([[...HEADER, ...further], ...rows]);
}
