/**
 * Writes predictions as COCO files, and replaces no others.
 *
 * @module
 */
import { extname } from "node:path";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { ifFound } from "../fs/paths.ts";
import { COCO_MARK, type CocoResults } from "./coco_results.ts";

/** The file of results next to a COCO file: `NAME_results.json`. */
export function resultsPath(path: string): string {
  return path.slice(0, path.length - extname(path).length) + "_results.json";
}

/**
 * Writes the dataset to `path` and the list of results next to it.
 *
 * @param info the model and settings, for the head of the dataset
 */
export async function writeCocoResults(
  results: CocoResults,
  path: string,
  classes: readonly string[],
  info: Readonly<Record<string, unknown>>,
): Promise<void> {
  const documents = results.documents(classes, info);
  await writeFileAtomic(path, documents.dataset);
  await writeFileAtomic(resultsPath(path), documents.results);
}

/**
 * Throws an Error if a file that `predict` did not write would be replaced: annotations, most likely. The list of results
 * has no head that would tell; it is `predict`'s if the dataset next to it is.
 */
export async function assertReplaceable(path: string): Promise<void> {
  const info = await ifFound(Deno.stat(path));
  if (info === null) return await assertAbsent(resultsPath(path));
  if (info.isFile) {
    using file = await Deno.open(path);
    const head = new Uint8Array(COCO_MARK.length);
    const count = await file.read(head) ?? 0;
    if (new TextDecoder().decode(head.subarray(0, count)) === COCO_MARK) return;
  }
  throw notReplaced(path);
}

async function assertAbsent(path: string): Promise<void> {
  if (await ifFound(Deno.stat(path)) !== null) throw notReplaced(path);
}

function notReplaced(path: string): Error {
  return new Error(
    `Cannot write predictions to ${JSON.stringify(path)}: it exists and is not a COCO file of predict\n` +
      "hint: give another name with --coco",
  );
}
