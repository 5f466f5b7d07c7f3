/**
 * An image of the dataset as the page shows it: the file itself if browsers read it, else a PNG of it.
 *
 * @module
 */
import { join } from "node:path";
import { requireLinkWithin } from "../../fs/links.ts";
import { readBounded } from "../../fs/bounded_read.ts";
import { ifFound } from "../../fs/paths.ts";
import { decodeForDisplay } from "../../image/decode.ts";
import { encodeRgbPng } from "../../image/encode.ts";
import { inspectFile } from "../../image/header.ts";
import { MAX_BYTES } from "../../image/limits.ts";
import type { Split } from "../../dataset/dataset_source.ts";
import { RouteError } from "./route.ts";

/** Formats that browsers decode to the same 8 bits, and their types. */
const BROWSER_TYPES: Readonly<Record<string, string>> = {
  JPEG: "image/jpeg",
  PNG: "image/png",
  WebP: "image/webp",
  GIF: "image/gif",
  BMP: "image/bmp",
};

/**
 * The bytes of an image file of a split.
 *
 * @throws {RouteError} with status 404 if there is no such file
 * @throws {Error} with a hint if a link on its way leaves the dataset
 * @throws {RangeError} for a file of more than 128 MiB
 */
export async function readImageFile(split: Split, fileName: string): Promise<Uint8Array<ArrayBuffer>> {
  const path = join(split.folder, fileName);
  await requireLinkWithin(split.root ?? await Deno.realPath(split.folder), path);
  const bytes = await ifFound(readBounded(path, MAX_BYTES));
  if (bytes !== null) return bytes;
  throw new RouteError(404, `Cannot open image ${JSON.stringify(fileName)}: there is no such file`);
}

/** The type of an image file that browsers decode to the same 8 bits; null for any other. */
export function browserType(bytes: Uint8Array): string | null {
  const { format, bits } = inspectFile(bytes);
  return bits === 8 ? BROWSER_TYPES[format.name] ?? null : null;
}

/**
 * An image file as a PNG of 8 bits, windowed if it has more.
 *
 * @throws {SyntaxError | RangeError} as `decodeImage` for a damaged or too large file
 */
export async function convertImage(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return await encodeRgbPng(await decodeForDisplay(bytes)) as Uint8Array<ArrayBuffer>;
}
