/**
 * What the values and colors of Pascal VOC's segmentation masks mean.
 *
 * @module
 */

/** VOC's classes; the value of the first is 1. */
export const VOC_CLASSES: readonly string[] = [
  ...["aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"],
  ...[
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
  ],
];

/** The value of the border between objects, which nobody labeled. */
export const VOC_IGNORE = 255;

/** The color of a value in VOC's palette, as 0xrrggbb: its bits, from the lowest, go to the highest of the channels. */
export function vocColor(value: number): number {
  let color = 0;
  for (let bit = 7, rest = value; bit >= 0; bit--, rest >>= 3) {
    color |= (rest & 1) << (16 + bit) | ((rest >> 1) & 1) << (8 + bit) | ((rest >> 2) & 1) << bit;
  }
  return color;
}

/** A row of a `labelmap.txt`. */
export interface LabelmapRow {
  /** The name of its class. */
  readonly name: string;
  /** Its color, as 0xrrggbb; null if none is given. */
  readonly color: number | null;
}

/**
 * Parses a `labelmap.txt` as CVAT writes it, a row per class: `name:r,g,b:parts:actions`; `#` begins a comment. Throws a
 * SyntaxError for a row in another form, and if two classes have the same color.
 */
export function parseLabelmap(text: string, file: string): LabelmapRow[] {
  const rows: LabelmapRow[] = [];
  for (const [at, line] of text.split("\n").entries()) {
    const row = line.trim();
    if (row === "" || row.startsWith("#")) continue;
    const fail = (reason: string) => new SyntaxError(`Cannot read ${file}: line ${at + 1} ${reason}`);
    const [name, rgb = ""] = row.split(":").map((part) => part.trim()) as [string, string?];
    if (name === "") throw fail("has no name");
    if (rgb === "") {
      rows.push({ name, color: null });
      continue;
    }
    const channels = rgb.split(",").map((part) => /^\s*\d{1,3}\s*$/.test(part) ? Number(part) : NaN);
    if (channels.length !== 3 || !channels.every((value) => value <= 255)) {
      throw fail(`has the color ${JSON.stringify(rgb)}, expected red,green,blue in 0..255`);
    }
    const color = channels[0]! << 16 | channels[1]! << 8 | channels[2]!;
    const same = rows.find((other) => other.color === color);
    if (same !== undefined) throw fail(`has the color of ${same.name}`);
    rows.push({ name, color });
  }
  return rows;
}
