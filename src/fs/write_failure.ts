/**
 * Failed writes, reported with the path and, for a full disk, the way out.
 *
 * @module
 */
import { escapeLine } from "../escape.ts";

/** A full disk, an exceeded quota, a file larger than the file system allows. */
const DISK_FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** Whether a write failed for lack of room: of the disk, a quota, or the largest size of a file. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? String(error.code) : "";
  return DISK_FULL.has(code) ||
    /no space left|quota exceeded|file too large|disk is full/i.test(error.message);
}

/** What to do about a file that the shell's limit does not allow; null for any other failure. */
export function limitHint(error: unknown): string | null {
  const tooLarge = error instanceof Error && /file too large/i.test(error.message);
  return tooLarge ? "raise the shell's limit on file sizes (ulimit -f unlimited)" : null;
}

/** The system's refusal to write a file; `code` is the system's. */
class WriteFailure extends Error {
  constructor(message: string, readonly code: string, cause: unknown) {
    super(message, { cause });
    this.name = "Error";
  }
}

/**
 * The error to throw if writing `path` failed. The system's errors say what happened, but not always to which file:
 * they get the path and keep their `code`. All others, and refused permissions, stay as they are.
 *
 * @param hint What to do about a full disk.
 */
export function writeFailure(path: string, error: unknown, hint?: string): unknown {
  if (error instanceof WriteFailure || error instanceof Deno.errors.NotCapable) return error;
  const limit = limitHint(error);
  if (limit !== null) {
    // The runtime gives it no code.
    const [reason] = (error as Error).message.split(": ");
    return new WriteFailure(`Cannot write ${escapeLine(path)}: ${reason}\nhint: ${limit}`, "EFBIG", error);
  }
  if (!(error instanceof Error && "code" in error && typeof error.code === "string")) return error;
  const full = DISK_FULL.has(error.code);
  const advice = full && hint !== undefined ? `\nhint: ${hint}` : "";
  const reason = full ? "the disk is full" : error.message;
  return new WriteFailure(`Cannot write ${escapeLine(path)}: ${reason}${advice}`, error.code, error);
}
