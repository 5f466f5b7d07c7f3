/**
 * Files that appear whole or not at all.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { dirname } from "node:path";
import { temporaryPath } from "./temporary_name.ts";

/** How {@linkcode writeFileAtomic} writes. */
export interface AtomicOptions {
  /** Read the file back and compare before it takes the place of the old one. */
  readonly prove?: boolean;
}

/**
 * Writes `content`, whole or in parts one after the other, beside `path`, flushes it to the disk, and renames: a
 * reader, or a run after a crash, sees the old file or the new one, never half of it. On failure the temporary file is
 * removed and `path` is as it was.
 *
 * @throws {Error} where the disk is full or fails, naming `path`, and where `prove` is set and the file reads back as
 * something else.
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
      for (let rest of parts) {
        while (rest.length > 0) rest = rest.subarray(await file.write(rest));
      }
      await file.sync();
    } finally {
      file.close();
    }
    if (options.prove && !await holds(temporary, parts)) {
      throw new Error(`Cannot write ${path}: what was written reads back as something else`);
    }
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw writeFailure(path, error);
  }
}

/**
 * What to throw where writing `path` failed: errors of the system say what is wrong, but not always with what. Their
 * `code` stays.
 */
export function writeFailure(path: string, error: unknown): unknown {
  if (!(error instanceof Error && "code" in error && typeof error.code === "string")) return error;
  if (error instanceof Deno.errors.NotCapable) return error;
  const failure = new Error(`Cannot write ${path}: ${error.message}`, { cause: error });
  return Object.assign(failure, { code: error.code });
}

/** Whether a file holds these parts and nothing else; read little by little, for it may be as large as half the memory. */
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
