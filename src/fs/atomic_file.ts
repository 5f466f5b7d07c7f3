/**
 * Files that appear whole or not at all.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { dirname } from "node:path";
import { temporaryPath } from "./temporary_name.ts";
import { writeFailure } from "./write_failure.ts";
import { writeWhole } from "./write_whole.ts";

/** How {@linkcode writeFileAtomic} writes. */
export interface AtomicOptions {
  /** Read the file back and compare it before it replaces the old one. */
  readonly prove?: boolean;
}

/**
 * Writes `content` (bytes, text, or parts to be joined) to a temporary file next to `path`, flushes it to the disk,
 * and renames it: a reader, or a run after a crash, sees the old file or the new one, never half of it. On failure the
 * temporary file is removed and `path` is unchanged.
 *
 * @throws {Error} if the disk is full or fails, naming `path`, and if `prove` is set and the file reads back
 * differently.
 */
export async function writeFileAtomic(
  path: string,
  content: Uint8Array | string | readonly Uint8Array[],
  options: AtomicOptions = {},
): Promise<void> {
  const whole = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const parts = whole instanceof Uint8Array ? [whole] : whole;
  const temporary = temporaryPath(path);
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    const file = await Deno.open(temporary, { write: true, createNew: true });
    try {
      for (const part of parts) await writeWhole(file, part);
      await file.sync();
    } finally {
      file.close();
    }
    if (options.prove && !await holds(temporary, parts)) {
      throw new Error(`Cannot write ${path}: the file reads back differently`);
    }
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw writeFailure(path, error);
  }
}

/** Whether a file holds exactly these parts; read in pieces, since it may be as large as half the memory. */
async function holds(path: string, parts: readonly Uint8Array[]): Promise<boolean> {
  const file = await Deno.open(path);
  try {
    const buffer = new Uint8Array(2 ** 20);
    for (const part of parts) {
      for (let at = 0; at < part.length;) {
        const count = await file.read(buffer.subarray(0, Math.min(buffer.length, part.length - at)));
        if (count === null) return false;
        if (Buffer.compare(buffer.subarray(0, count), part.subarray(at, at + count)) !== 0) return false;
        at += count;
      }
    }
    return await file.read(buffer) === null;
  } finally {
    file.close();
  }
}
