/**
 * Names and colors of labels for the programs that show label images, which a grayscale image cannot hold.
 *
 * @module
 */
import type { ClassSpec } from "../image/class_spec.ts";
import { colorOfHex } from "../image/palette.ts";

/** The names of the tables in the output folder. */
export const LABEL_FILES = { itkSnap: "labels.txt", slicer: "labels.ctbl" } as const;

/**
 * ITK-SNAP's label descriptions, after the head of the files that it writes: index, red, green, blue, opacity, whether
 * visible in slices and as a mesh, name.
 */
export function itkSnapLabels(classes: readonly ClassSpec[]): string {
  const line = (index: number, color: readonly number[], opacity: number, visible: number, name: string) =>
    [index, ...color, opacity, visible, visible, `"${name.replaceAll(/["\r\n]/g, "'")}"`].join("\t");
  return [
    "################################################",
    "# ITK-SnAP Label Description File",
    "# File format:",
    "# index red green blue opacity visible mesh label",
    "################################################",
    line(0, [0, 0, 0], 0, 0, "Clear Label"),
    ...classes.map(({ name, color }, index) => line(index + 1, colorOfHex(color)!, 1, 1, name)),
    "",
  ].join("\n");
}

/** 3D Slicer's color table: index, name without blanks, red, green, blue, opacity. */
export function slicerColors(classes: readonly ClassSpec[]): string {
  const line = (index: number, name: string, color: readonly number[], opacity: number) =>
    [index, name.trim().replaceAll(/\s+/g, "_"), ...color, opacity].join(" ");
  return [
    `# Color table file labels.ctbl`,
    `# ${classes.length + 1} values`,
    line(0, "background", [0, 0, 0], 0),
    ...classes.map(({ name, color }, index) => line(index + 1, name, colorOfHex(color)!, 255)),
    "",
  ].join("\n");
}
