/**
 * COCO annotation files on disk.
 *
 * @module
 */
import { readBounded } from "../fs/bounded_read.ts";
import { JSON_TEXT, nameForeign } from "../image/foreign.ts";
import { type CocoDataset, readCoco } from "./coco.ts";
import { decodeJson } from "./text.ts";

/** The name of the annotation file in a folder of images, as Roboflow exports it. */
export const ANNOTATION_FILE = "_annotations.coco.json";

/** The longest string that V8 supports, in characters: 512 MiB. */
const MAX_TEXT_BYTES = 2 ** 29 - 24;

/** {@linkcode readCoco} of a file, which messages call by its path. Throws like {@linkcode readCocoText}. */
export async function readCocoFile(path: string, options: { strict?: boolean } = {}): Promise<CocoDataset> {
  return readCoco(await readCocoText(path), { ...options, name: JSON.stringify(path) });
}

/**
 * The text of an annotation file. Throws a RangeError for more than 512 MiB, and a SyntaxError for a file that is not
 * UTF-8 or that is something else than text in JSON.
 */
export async function readCocoText(path: string): Promise<string> {
  const name = JSON.stringify(path);
  const bytes = await readBounded(path, MAX_TEXT_BYTES);
  const foreign = nameForeign(bytes);
  if (foreign !== null && foreign.what !== JSON_TEXT) {
    const hint = foreign.hint === undefined ? "" : `\nhint: ${foreign.hint}`;
    throw new SyntaxError(`Cannot read ${name}: it is ${foreign.what}, not a COCO file${hint}`);
  }
  return decodeJson(bytes, name);
}
