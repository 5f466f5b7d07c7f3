/**
 * Failed writes, reported with the path and, for a full disk, the way out.
 *
 * @module
 */

/** A full disk, an exceeded quota, a file larger than the file system allows. */
const DISK_FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

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
  if (!(error instanceof Error && "code" in error && typeof error.code === "string")) return error;
  const full = DISK_FULL.has(error.code);
  const advice = full && hint !== undefined ? `\nhint: ${hint}` : "";
  const reason = full ? "the disk is full" : error.message;
  return new WriteFailure(`Cannot write ${path}: ${reason}${advice}`, error.code, error);
}
