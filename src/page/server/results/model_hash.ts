/**
 * Hashes of model files, computed once per version of a file.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { ifFound } from "../../../fs/paths.ts";

/** Bytes that are hashed before other requests get their turn. */
const PIECE_BYTES = 2 ** 22;

const known = new Map<string, { readonly stamp: string; readonly hash: Promise<string> }>();

/** The SHA-256 of a file; null if there is none. */
export async function hashOf(path: string): Promise<string | null> {
  const info = await ifFound(Deno.stat(path));
  if (!info?.isFile) return null;
  const stamp = `${info.mtime?.getTime()} ${info.size} ${info.ino}`;
  let entry = known.get(path);
  if (entry?.stamp !== stamp) known.set(path, entry = { stamp, hash: hashFile(path) });
  const { hash } = entry;
  hash.catch(() => known.get(path)?.hash === hash && known.delete(path));
  return await hash;
}

async function hashFile(path: string): Promise<string> {
  using file = await Deno.open(path);
  const hash = createHash("sha256");
  const piece = new Uint8Array(PIECE_BYTES);
  for (;;) {
    const count = await file.read(piece);
    if (count === null) return hash.digest("hex");
    hash.update(piece.subarray(0, count));
  }
}
