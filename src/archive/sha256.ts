/**
 * SHA-256 of files of any size, and its record next to a downloaded file.
 *
 * @module
 */
import { readBoundedText } from "../fs/bounded_read.ts";
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { ifFound } from "../fs/paths.ts";

const CHUNK = 1 << 20;

/**
 * Passes the whole content of an open file to `update` in chunks, with constant memory. The file's position is its end
 * afterwards. `onProgress` receives the number of bytes read so far; the total is returned.
 */
export async function readThrough(
  file: Deno.FsFile,
  update: (bytes: Uint8Array) => void,
  onProgress?: (byteLength: number) => void,
): Promise<number> {
  const buffer = new Uint8Array(CHUNK);
  await file.seek(0, Deno.SeekMode.Start);
  let total = 0;
  for (;;) {
    const count = await file.read(buffer);
    if (count === null) return total;
    update(buffer.subarray(0, count));
    total += count;
    onProgress?.(total);
  }
}

/** The SHA-256 of an open file, as 64 lower-case hexadecimal digits. */
export async function hashFile(
  file: Deno.FsFile,
  onProgress?: (byteLength: number) => void,
): Promise<string> {
  const hash = createHash("sha256");
  await readThrough(file, (bytes) => hash.update(bytes), onProgress);
  return hash.digest("hex");
}

/** A SHA-256 in canonical form, 64 lower-case hexadecimal digits. Throws a RangeError for anything else. */
export function parseSha256(text: string): string {
  const digest = text.trim().toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(digest)) {
    throw new RangeError(`Cannot use ${JSON.stringify(text)} as a SHA-256: expected 64 hexadecimal digits`);
  }
  return digest;
}

/** The path of the recorded SHA-256 of `path`: a file that `sha256sum -c` understands. */
export function hashRecordPath(path: string): string {
  return `${path}.sha256`;
}

/** The recorded SHA-256 of `path`, or null without a record. Throws a SyntaxError if the record is unreadable. */
export async function readHashRecord(path: string): Promise<string | null> {
  const record = hashRecordPath(path);
  const text = await ifFound(readBoundedText(record, 2 ** 20));
  if (text === null) return null;
  const digest = /^([0-9a-fA-F]{64})\b/.exec(text)?.[1];
  if (digest === undefined) {
    throw new SyntaxError(
      `Cannot read ${record}: it does not begin with a SHA-256\n` +
        `hint: remove it, and the next download records the hash again`,
    );
  }
  return digest.toLowerCase();
}

/** Records the SHA-256 of `path` next to it. */
export async function writeHashRecord(path: string, sha256: string): Promise<void> {
  await writeFileAtomic(hashRecordPath(path), `${sha256}  ${basename(path)}\n`);
}
