/**
 * Sources of `import` in memory, and what is read of them.
 *
 * @module
 */
import { deflateSync } from "node:zlib";
import { joinBytes } from "../../src/bytes.ts";
import { decodeRle } from "../../mod.ts";
import type { Recognition, RecognizeOptions } from "../../src/import/import_kind.ts";
import { recognizeSource } from "../../src/import/kinds.ts";
import type { SourceTree } from "../../src/import/source_tree.ts";
import type { Size } from "../../src/image/image.ts";
import { pngChunk, uint32 } from "./image_files.ts";

/** Files by their paths. */
export type SourceFiles = Record<string, string | Uint8Array>;

/** A source of these files; an image file whose content does not matter may be empty. */
export function sourceOf(files: SourceFiles, name = "/data/source"): SourceTree {
  const bytes = new Map(
    Object.entries(files).map(([path, content]) => [
      path,
      typeof content === "string" ? new TextEncoder().encode(content) : new Uint8Array(content),
    ]),
  );
  return {
    name,
    files: [...bytes].map(([path, { byteLength }]) => ({ path, byteLength })).sort((a, b) =>
      a.path < b.path ? -1 : 1
    ),
    stamp: "",
    read: (path, maxBytes) => {
      const content = bytes.get(path);
      if (content === undefined) return Promise.reject(new Deno.errors.NotFound(path));
      return content.length <= maxBytes
        ? Promise.resolve(content)
        : Promise.reject(new RangeError(`Cannot read ${path}: too large`));
    },
    diskPath: () => null,
    [Symbol.dispose]: () => {},
  };
}

/** What a source of these files is recognized as. */
export function recognize(
  files: SourceFiles,
  options: RecognizeOptions = {},
  name?: string,
): Promise<Recognition> {
  return recognizeSource(sourceOf(files, name), options);
}

/** The regions of an image, by its path: category and pixels, `#` in rows of text, for small ones. */
export async function regionsOf(
  { images }: Recognition,
  path: string,
  size: Size,
): Promise<{ category: string; rows: string[] }[]> {
  const image = images.find((image) => image.path === path)!;
  return (await image.regions(size)).map(({ category, runs }) => {
    const { data } = decodeRle({ size: [size.height, size.width], counts: runs });
    const row = (y: number) =>
      Array.from(data.subarray(y * size.width, (y + 1) * size.width), (v) => ".#"[v]).join("");
    return { category, rows: Array.from({ length: size.height }, (_, y) => row(y)) };
  });
}

/** An 8-bit PNG: gray values, or indices if there is a palette of 0xrrggbb. */
export function labelPng(
  { width, height }: Size,
  values: ArrayLike<number>,
  palette?: readonly number[],
): Uint8Array {
  const lines = Array.from(
    { length: height },
    (_, y) => [0, ...Array.from({ length: width }, (_, x) => values[y * width + x]!)],
  );
  const colors = palette?.flatMap((color) => [color >> 16, color >> 8 & 255, color & 255]);
  return joinBytes([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    pngChunk("IHDR", joinBytes([uint32(width), uint32(height), Uint8Array.of(8, colors ? 3 : 0, 0, 0, 0)])),
    ...colors ? [pngChunk("PLTE", Uint8Array.from(colors))] : [],
    pngChunk("IDAT", deflateSync(Uint8Array.from(lines.flat()))),
    pngChunk("IEND", new Uint8Array(0)),
  ]);
}
