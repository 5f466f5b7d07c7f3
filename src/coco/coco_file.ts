/**
 * COCO annotation files on disk.
 *
 * @module
 */
import { type CocoDataset, readCoco } from "./coco.ts";

/** The name of the annotation file in a folder of images, as Roboflow exports it. */
export const ANNOTATION_FILE = "_annotations.coco.json";

/** The longest string that V8 supports, in characters: 512 MiB. */
const MAX_TEXT_BYTES = 2 ** 29 - 24;

/** {@linkcode readCoco} of a file, which messages call by its path. Throws a RangeError for more than 512 MiB. */
export async function readCocoFile(path: string, options: { strict?: boolean } = {}): Promise<CocoDataset> {
  const { size } = await Deno.stat(path);
  if (size > MAX_TEXT_BYTES) {
    throw new RangeError(`Cannot read ${JSON.stringify(path)}: ${size} bytes, at most ${MAX_TEXT_BYTES}`);
  }
  return readCoco(await Deno.readTextFile(path), { ...options, name: JSON.stringify(path) });
}
