/**
 * Files that appear whole or not at all.
 *
 * @module
 */
import { dirname } from "node:path";

/**
 * Writes `bytes` beside `path`, flushes them to the disk, and renames: a reader, or a run after a crash, sees
 * the old file or the new one, never half of it. On failure the temporary file is removed and `path` is as it was.
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array | string): Promise<void> {
  const content = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    const file = await Deno.open(temporary, { write: true, createNew: true });
    try {
      let rest = content;
      while (rest.length > 0) rest = rest.subarray(await file.write(rest));
      await file.sync();
    } finally {
      file.close();
    }
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}
