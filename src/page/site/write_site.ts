/**
 * Writes the static site: whole or not at all, and over nothing but such a site.
 *
 * @module
 */
import { join } from "node:path";
import { writeFolderAtomic } from "../../fs/atomic_folder.ts";
import { ifFound, listFolder, readJson } from "../../fs/paths.ts";
import { SITE_FORMAT, SITE_LIST } from "./site_files.ts";

/**
 * Writes files to the folder `output`; an older site there is replaced.
 *
 * @throws {Error} if `output` is a file, or holds anything that `page` did not write
 */
export async function writeSite(output: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  await assertReplaceable(output);
  await writeFolderAtomic(output, async (folder) => {
    for (const [name, bytes] of files) await Deno.writeFile(join(folder, name), bytes);
  }, { apart: true });
}

/** Throws an Error unless `output` is free, an empty folder, or a site without anything else in it. */
export async function assertReplaceable(output: string): Promise<void> {
  const info = await ifFound(Deno.stat(output));
  if (info === null) return;
  if (!info.isDirectory) throw refusal(output, "it is a file");
  const entries = await listFolder(output);
  if (entries.length === 0) return;
  const list = await readJson(join(output, SITE_LIST)) as { format?: unknown; files?: unknown } | null;
  if (list?.format !== SITE_FORMAT || !Array.isArray(list.files)) {
    throw refusal(output, "it is not empty, and no page that this command wrote");
  }
  const own = new Set<unknown>(list.files);
  const foreign = entries.find(({ name, isFile }) => !isFile || !own.has(name));
  if (foreign !== undefined) {
    throw refusal(output, `${JSON.stringify(foreign.name)} in it is not part of the page`);
  }
}

function refusal(output: string, why: string): Error {
  return new Error(
    `Cannot write the page to ${JSON.stringify(output)}: ${why}\n` +
      "hint: move that away, or choose another folder with --output",
  );
}
