/**
 * The image files that show a label map: gray values for one class, indices of a palette for several, and, if classes
 * overlap, a gray image per class.
 *
 * @module
 */
import type { Color } from "../image/draw.ts";
import { encodeGrayPng, encodeIndexedPng } from "../image/encode.ts";
import { IGNORE, type LabelMap, maskOf } from "../image/label_map.ts";
import { colorOfHex, IGNORE_COLOR } from "../image/palette.ts";
import type { ClassTable } from "./classes.ts";

/** How the masks of a dataset are stored. */
export type MaskForm = "gray" | "indexed" | "per class";

/** The gray of ignored pixels next to 0 and 255. */
const IGNORE_GRAY = 128;

const BLACK: Color = [0, 0, 0];

/** What the values of the files mean, for the manifest. */
export const MASK_FORMS: Readonly<Record<MaskForm, string>> = {
  gray: "grayscale PNG masks, 0 background, 255 foreground",
  indexed: "indexed PNG masks, 0 background, then the classes in their order, 255 ignored",
  "per class": "grayscale PNG masks, one per class, 0 background, 255 foreground, 128 ignored",
};

/** The form that shows everything: whether classes overlap in any image decides between those of several classes. */
export function maskForm({ classes }: ClassTable, overlap: boolean): MaskForm {
  return classes.length === 1 ? "gray" : overlap ? "per class" : "indexed";
}

/** The files of an image: the part of their path that names the class, empty for one file, and the labels shown. */
export function maskFiles({ names }: ClassTable, form: MaskForm): { folder: string; label: number }[] {
  if (form !== "per class") return [{ folder: "", label: 1 }];
  const folders = names.map((name) => name.replace(/[^\p{L}\p{N}_-]+/gu, "_"));
  const unique = new Set(folders.map((folder) => folder.toLowerCase())).size === folders.length;
  return folders.map((folder, i) => ({ folder: unique ? folder : `${i + 1}_${folder}`, label: i + 1 }));
}

/** The PNG of a file of {@linkcode maskFiles}. */
export function encodeMask(
  map: LabelMap,
  label: number,
  form: MaskForm,
  { colors }: ClassTable,
): Promise<Uint8Array> {
  const { width, height, data } = map;
  if (form === "indexed") {
    const classes = [BLACK, ...colors.map((color) => colorOfHex(color)!)];
    const all = Array.from({ length: 256 }, (_, i) => i === IGNORE ? IGNORE_COLOR : classes[i] ?? BLACK);
    return encodeIndexedPng({ width, height, data }, data.includes(IGNORE) ? all : classes);
  }
  const mask = maskOf(map, label).data;
  const gray = mask.map((value, i) => data[i] === IGNORE ? IGNORE_GRAY : 255 * value);
  return encodeGrayPng({ width, height, data: gray });
}
