/**
 * Images that browsers do not decode, converted once and kept in the board's cache.
 *
 * @module
 */
import { join } from "node:path";
import type { Split } from "../../dataset/dataset_source.ts";
import { writeFileAtomic } from "../../fs/atomic_file.ts";
import { readBounded } from "../../fs/bounded_read.ts";
import { hashBytes } from "../../fs/hash_bytes.ts";
import { ifFound, listFolder, removeFile } from "../../fs/paths.ts";
import { MAX_BYTES } from "../../image/limits.ts";
import { browserType, convertImage, readImageFile } from "./image_file.ts";
import type { Board } from "./route.ts";

/** Most bytes of converted images that are kept. */
const MOST_BYTES = 2 ** 30;

/** Conversions between two looks at how much is kept. */
const BETWEEN = 32;

let conversions = 0;

/**
 * An image of a split as a response that browsers show at its full size: its file, or a kept PNG of it, which `convert`
 * asks for of any file. The same file is not sent twice: `etag` is of its content.
 *
 * @throws as {@linkcode readImageFile}, and as `decodeImage` for a damaged or too large file
 */
export async function cachedImageResponse(
  { cache }: Pick<Board, "cache">,
  headers: Headers,
  split: Split,
  fileName: string,
  { convert = false }: { readonly convert?: boolean } = {},
): Promise<Response> {
  const bytes = await readImageFile(split, fileName);
  const hash = hashBytes(bytes);
  const type = convert ? null : browserType(bytes);
  const etag = `"${hash.slice(0, 32)}${type === null ? "-png" : ""}"`;
  // The browser asks every time, and is answered without the image if it is the same.
  const common = { etag, "cache-control": "private, no-cache" };
  if (headers.get("if-none-match") === etag) return new Response(null, { status: 304, headers: common });
  const [body, kind] = type === null ? [await converted(cache, hash, bytes), "image/png"] : [bytes, type];
  return new Response(body, { headers: { ...common, "content-type": kind } });
}

async function converted(
  cache: string,
  hash: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const folder = join(cache, "shown");
  const path = join(folder, `${hash}.png`);
  const kept = await ifFound(readBounded(path, MAX_BYTES));
  if (kept !== null) return kept;
  const png = await convertImage(bytes);
  // What cannot be kept is shown nevertheless.
  await writeFileAtomic(path, png).catch(() => {});
  if (conversions++ % BETWEEN === 0) await trim(folder).catch(() => {});
  return png;
}

/** Removes the oldest images until half of the limit is free. */
async function trim(folder: string): Promise<void> {
  const files = await Promise.all((await listFolder(folder)).map(async ({ name }) => {
    const info = await ifFound(Deno.stat(join(folder, name)));
    return { name, size: info?.size ?? 0, time: info?.mtime?.getTime() ?? 0 };
  }));
  let total = files.reduce((sum, { size }) => sum + size, 0);
  if (total <= MOST_BYTES) return;
  for (const { name, size } of files.sort((a, b) => a.time - b.time)) {
    if (total <= MOST_BYTES / 2) return;
    await removeFile(join(folder, name));
    total -= size;
  }
}
