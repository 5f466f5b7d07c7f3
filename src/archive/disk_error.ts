/**
 * Failures of the disk, told as a person can mend them.
 *
 * @module
 */

/** A full disk, an exceeded quota, a file larger than the file system takes. */
const FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** Whether `error` came from the operating system because a disk had no more room. */
export function isDiskFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && FULL.has(String(error.code));
}

/** The error to throw for a failed write to `path`: a full disk is told with `advice` as the way out. */
export function writeError(path: string, error: unknown, advice: string): Error {
  if (isDiskFull(error)) {
    return new Error(`Cannot write ${path}: the disk is full\nhint: ${advice}`, { cause: error });
  }
  return error instanceof Error ? error : new Error(String(error));
}
