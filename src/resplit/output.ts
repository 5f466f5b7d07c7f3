/**
 * Where a regrouped dataset may go: nowhere that would cost a person something.
 *
 * @module
 */
import { basename, dirname, join, sep } from "node:path";
import { DEALT_SPLITS } from "./assign.ts";
import type { Split } from "../dataset/splits.ts";

/** Marks a folder as a result, and tells of each image where it came from. */
export const RECORD_FILE = "split.json";

/** Begins the record, and the new annotation files' descriptions. */
export const RECORD_KIND = "Dealt anew, images that seem to be one together";

/** Throws an Error where `output` is, holds or lies in a folder that is dealt from; links are followed. */
export async function assertApart(output: string, sources: readonly Split[]): Promise<void> {
  const goal = await realPathOf(output);
  const within = (inner: string, outer: string) => inner === outer || inner.startsWith(outer + sep);
  for (const { folder } of sources) {
    const source = await Deno.realPath(folder);
    if (within(goal, source) || within(source, goal)) {
      throw new Error(
        `Cannot write to ${JSON.stringify(output)}: the images that are dealt are in ${
          JSON.stringify(folder)
        }\nhint: --output names another folder`,
      );
    }
  }
}

/** The path without links of a file or folder that may not be there yet. */
async function realPathOf(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound) || dirname(path) === path) throw error;
    return join(await realPathOf(dirname(path)), basename(path));
  }
}

/** Throws an Error unless `output` is missing, an empty folder, or an earlier result that nothing was added to. */
export async function assertReplaceable(output: string): Promise<void> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(output)) names.push(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    if (!(error instanceof Deno.errors.NotADirectory)) throw error;
    throw occupied(output, "is no folder");
  }
  if (names.length === 0) return;
  const own: readonly string[] = [...DEALT_SPLITS, RECORD_FILE];
  const strange = names.filter((name) => !own.includes(name)).sort();
  if (!names.includes(RECORD_FILE) || !(await isRecord(join(output, RECORD_FILE)))) {
    throw occupied(output, "holds something that this task did not make");
  }
  if (strange.length > 0) {
    throw occupied(output, `holds ${JSON.stringify(strange[0])}, which this task did not make`);
  }
}

function occupied(output: string, reason: string): Error {
  return new Error(
    `Cannot write to ${
      JSON.stringify(output)
    }: it ${reason}\nhint: name another folder, or replace it with --force`,
  );
}

async function isRecord(path: string): Promise<boolean> {
  try {
    return JSON.parse(await Deno.readTextFile(path)).kind === RECORD_KIND;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return false;
  }
}
