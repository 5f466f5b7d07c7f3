/**
 * nnU-Net's `dataset.json`, in the forms of its versions 1 and 2.
 *
 * @module
 */
import { isEntry } from "../../coco/coco_images.ts";
import { showValue } from "../../coco/problems.ts";

/** What a `dataset.json` says. */
export interface NnunetDataset {
  /** The values of each category, background left out. */
  readonly labels: ReadonlyMap<string, readonly number[]>;
  /** The names of the channels by their numbers. */
  readonly channels: ReadonlyMap<number, string>;
  /** The ending of the files, `.png`; null if it is not said. */
  readonly ending: string | null;
  /** The name of the data's licence; null if it is not said. */
  readonly licence: string | null;
}

/**
 * Reads the value of a `dataset.json`; null if it is another file. Version 1 maps values to names, version 2 names to a
 * value or, for regions, to several. Throws a SyntaxError for labels in neither form.
 */
export function readNnunetDataset(root: unknown, file: string): NnunetDataset | null {
  if (!isEntry(root) || !isEntry(root.labels)) return null;
  const labels = new Map<string, readonly number[]>();
  for (const [key, value] of Object.entries(root.labels)) {
    const isOfVersion1 = typeof value === "string" && /^\d+$/.test(key);
    const name = isOfVersion1 ? value : key;
    const values = isOfVersion1 ? [Number(key)] : Array.isArray(value) ? value : [value];
    if (!values.every((item) => Number.isSafeInteger(item) && item >= 0)) {
      const text = `the value of label ${showValue(key)} is ${showValue(value)}`;
      throw new SyntaxError(`Cannot read ${file}: ${text}, expected an integer or a list of integers`);
    }
    // Two values of one name are one category.
    labels.set(name, [...labels.get(name) ?? [], ...values]);
  }
  for (const [name, values] of labels) {
    // What is called background in other words is still 0.
    if (values.every((value) => value === 0)) labels.delete(name);
  }
  const channels = root.channel_names ?? root.modality;
  // nnU-Net writes "licence", the Medical Segmentation Decathlon too; others spell it the other way.
  const licence = root.licence ?? root.license;
  return {
    labels,
    channels: new Map(
      Object.entries(isEntry(channels) ? channels : {}).map(([key, name]) => [Number(key), String(name)]),
    ),
    ending: typeof root.file_ending === "string" ? root.file_ending.toLowerCase() : null,
    licence: typeof licence === "string" && licence.trim() !== "" ? licence.trim().slice(0, 200) : null,
  };
}
