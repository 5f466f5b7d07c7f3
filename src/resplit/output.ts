/**
 * Guards the output folder of a re-split: nothing of value is overwritten.
 *
 * @module
 */
import { basename, dirname, join, sep } from "node:path";
import { SPLIT_NAMES } from "../dataset/roles.ts";
import type { Split } from "../dataset/dataset_source.ts";
import { ifFound, readJson } from "../fs/paths.ts";

/** Marks a folder as a result, and lists the origin of each image. */
export const RECORD_FILE = "split.json";

/** Identifies the record, and precedes the descriptions in the new annotation files. */
export const RECORD_KIND = "Re-split with near-duplicates kept together";

/** The kinds of records that may be replaced: this one and that of version 0.1.0. */
const KNOWN_KINDS = [RECORD_KIND, "Dealt anew, pictures that seem to be one together"];

/** Throws an Error if `output` is, contains or lies in a source folder; links are followed. */
export async function assertApart(output: string, sources: readonly Split[]): Promise<void> {
  const target = await realPathOf(output);
  const within = (inner: string, outer: string) => inner === outer || inner.startsWith(outer + sep);
  for (const { folder } of sources) {
    const source = await Deno.realPath(folder);
    if (within(target, source) || within(source, target)) {
      throw new Error(
        `Cannot write to ${JSON.stringify(output)}: the source images are in ${
          JSON.stringify(folder)
        }\nhint: choose another --output`,
      );
    }
  }
}

/** The path without links of a file or folder that may not exist yet. */
async function realPathOf(path: string): Promise<string> {
  const real = await ifFound(Deno.realPath(path));
  if (real === null && dirname(path) === path) return path;
  return real ?? join(await realPathOf(dirname(path)), basename(path));
}

/** Throws an Error unless `output` is missing, empty, or an earlier result without additions. */
export async function assertReplaceable(output: string): Promise<void> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(output)) names.push(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    if (!(error instanceof Deno.errors.NotADirectory)) throw error;
    throw occupied(output, "is not a folder");
  }
  if (names.length === 0) return;
  const own: readonly string[] = [...SPLIT_NAMES, RECORD_FILE];
  const foreign = names.filter((name) => !own.includes(name)).sort();
  if (!names.includes(RECORD_FILE) || !(await isRecord(join(output, RECORD_FILE)))) {
    throw occupied(output, "holds something that this task did not make");
  }
  if (foreign.length > 0) {
    throw occupied(output, `holds ${JSON.stringify(foreign[0])}, which this task did not make`);
  }
}

function occupied(output: string, reason: string): Error {
  return new Error(
    `Cannot write to ${
      JSON.stringify(output)
    }: it ${reason}\nhint: choose another folder, or replace it with --force`,
  );
}

async function isRecord(path: string): Promise<boolean> {
  const record = await readJson(path) as { kind?: string } | null;
  return KNOWN_KINDS.includes(record?.kind ?? "");
}
