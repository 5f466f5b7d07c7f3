/**
 * The shell's limit on file sizes (`ulimit -f`) and the software adapter: Mesa keeps a device's memory in a file in
 * memory, and beyond the limit the process ends by SIGBUS, without a word.
 *
 * @module
 */
import { join } from "node:path";
import { temporaryPath } from "../fs/temporary_name.ts";

/** Larger than what shells are limited to by mistake; a hole of this size takes no room on the disk. */
const PROBED_BYTES = 2 ** 28;

let probes = false;

/** Lets {@linkcode isFileSizeLimited} probe: only where SIGXFSZ is handled, which otherwise ends the process. */
export function probeFileLimit(): void {
  probes = true;
}

/** Whether the shell limits files to less than 256 MiB, as far as a file may be written in `folder`. */
export async function isFileSizeLimited(folder: string): Promise<boolean> {
  if (!probes || (await Deno.permissions.query({ name: "write", path: folder })).state !== "granted") {
    return false;
  }
  const path = temporaryPath(join(folder, "limit"));
  try {
    await Deno.mkdir(folder, { recursive: true });
    using file = await Deno.open(path, { write: true, createNew: true });
    await file.truncate(PROBED_BYTES);
    return false;
  } catch (error) {
    return error instanceof Error && /file too large/i.test(error.message);
  } finally {
    await Deno.remove(path).catch(() => {});
  }
}
