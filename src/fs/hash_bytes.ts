/**
 * SHA-256 of bytes in memory, without a turn of the event loop.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** The SHA-256 of the parts, one after the other, as 64 lower-case hexadecimal digits. */
export function hashBytes(...parts: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}
