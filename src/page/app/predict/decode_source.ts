/**
 * Decodes what a user drops: with the decoders that `predict` uses, so that the same file gives the same samples, or
 * else with the browser's.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { decodeRasterWith } from "../../../image/decode_own.ts";
import { detectFormat } from "../../../image/formats.ts";
import { checkContent, type FileHeader, withinFile } from "../../../image/header.ts";
import {
  assertImage,
  type DecodedRaster,
  dropColor,
  type ImageNote,
  type RgbImage,
  type SampleImage,
} from "../../../image/image.ts";
import { assertFileSize, assertImageSize } from "../../../image/limits.ts";
import { uprightCopy } from "../../../image/exif.ts";
import type { DecodedBy, EngineSource } from "./engine_types.ts";
import { storedPixels } from "./stored_pixels.ts";

/** A decoded image, and who decoded it. */
export interface DecodedSource extends Omit<DecodedRaster<RgbImage | SampleImage>, "own"> {
  /** Who decoded it. */
  readonly decodedBy: DecodedBy;
}

const OWN: DecodedBy = { decoder: "own", message: "decoded as deno task predict does" };
/** ImageMagick rounds the 16 bits of a TIFF's palette otherwise. */
const PALETTE: DecodedBy = {
  decoder: "own",
  message: "decoded by our own reader: colors of its palette may differ by 1 of 255 from deno task predict",
};
const PIXELS: DecodedBy = { decoder: "pixels", message: "given as pixels" };

/** By the format's name. */
const byBrowser = (format: string): DecodedBy => ({
  decoder: "browser",
  message: `${format} decoded by the browser: pixels may differ slightly from those of deno task predict`,
});

/** Throws a SyntaxError for a file that cannot be decoded, and a RangeError for one that exceeds the limits. */
export async function decodeSource(source: EngineSource): Promise<DecodedSource> {
  if (source instanceof Blob) {
    assertFileSize(source.size);
    return await decodeFile(new Uint8Array(await source.arrayBuffer()));
  }
  if (source instanceof Uint8Array) return await decodeFile(source);
  assertImageSize("given", source.width, source.height);
  assertImage(source, 3, "predict the image");
  return { raster: source, notes: [], decodedBy: PIXELS };
}

async function decodeFile(bytes: Uint8Array): Promise<DecodedSource> {
  let name: string;
  try {
    ({ name } = detectFormat(bytes));
  } catch (error) {
    return await decodeForeign(bytes, error);
  }
  let stored: DecodedBy | null = null;
  const { raster, notes, own } = await decodeRasterWith(bytes, async (bytes, header) => {
    const found = decodeStored(bytes, header);
    if (found === null) return await decodeByBrowser(bytes, header);
    stored = found.hasPalette ? PALETTE : OWN;
    return found;
  });
  return { raster, notes, decodedBy: own ? OWN : stored ?? byBrowser(name) };
}

/** A format that only the browser may know, such as AVIF; the error of our own detection if it does not. */
async function decodeForeign(bytes: Uint8Array, error: unknown): Promise<DecodedSource> {
  const pixels = await paint(bytes).catch(() => null);
  if (pixels === null) throw error;
  const raster = { ...dropColor(pixels), bits: 8, range: null };
  return { raster, notes: pixels.notes, decodedBy: byBrowser("this format is") };
}

/** A TIFF without lossy compression, by the reader of masks; null for all other files. */
function decodeStored(
  bytes: Uint8Array,
  { format, bits }: FileHeader,
): DecodedRaster & { readonly hasPalette: boolean } | null {
  if (format.name !== "TIFF" || bits > 8) return null;
  const labels = withinFile(format, () => format.decodeLabels?.(bytes) ?? null);
  if (labels === null) return null;
  return { raster: storedPixels(labels), notes: labels.notes, hasPalette: labels.kind === "index" };
}

/** Decodes with the browser; the orientation is not applied. */
async function decodeByBrowser(bytes: Uint8Array, header: FileHeader): Promise<DecodedRaster> {
  const { format, orientation } = header;
  checkContent(bytes, header);
  const block = format.exifBlock?.(bytes) ?? null;
  const upright = orientation === 1 || block === null ? bytes : uprightCopy(bytes, block);
  let pixels: Painted;
  try {
    pixels = await paint(upright);
  } catch (error) {
    throw new SyntaxError(
      `Cannot decode the ${format.name} image: the browser refuses it (${(error as Error).message})\n` +
        "hint: it is damaged, or of a kind that browsers do not read: convert it to PNG, or use deno task predict",
    );
  }
  if (pixels.width !== header.width || pixels.height !== header.height) {
    throw new SyntaxError(
      `Cannot decode the ${format.name} image: the browser reads ${pixels.width} x ${pixels.height} pixels, its ` +
        `header says ${header.width} x ${header.height}`,
    );
  }
  return { raster: dropColor(pixels), notes: pixels.notes };
}

/** A painted image, with a note if it has transparent pixels. */
interface Painted extends RgbImage {
  readonly notes: readonly ImageNote[];
}

/** A canvas multiplies colors by their alpha, and divides them again. */
const TRANSPARENT: ImageNote = {
  kind: "oddity",
  message: "it has transparent pixels, whose colors the browser does not keep: save it without transparency",
};

/** The pixels of an image file as the browser decodes it: no color profile is applied, transparency is dropped. */
async function paint(bytes: Uint8Array): Promise<Painted> {
  const bitmap = await createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>]), {
    colorSpaceConversion: "none",
    premultiplyAlpha: "none",
  });
  try {
    const { width, height } = bitmap;
    assertImageSize("given", width, height);
    const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    if (context === null) throw new Error("it offers no canvas");
    context.drawImage(bitmap, 0, 0);
    const { data: rgba } = context.getImageData(0, 0, width, height);
    const data = new Uint8Array(3 * width * height);
    let notes: readonly ImageNote[] = [];
    for (let from = 0, to = 0; to < data.length; from += 4) {
      if (rgba[from + 3] !== 255) notes = [TRANSPARENT];
      data[to++] = rgba[from]!;
      data[to++] = rgba[from + 1]!;
      data[to++] = rgba[from + 2]!;
    }
    return { width, height, data, notes };
  } finally {
    bitmap.close();
  }
}
