/**
 * The value of each pixel of a mask file: a gray level, a palette index, or a color.
 *
 * @module
 */
import { decodeLabelImage } from "../../image/decode.ts";
import type { SampleData, Size } from "../../image/image.ts";
import type { LabelImage } from "../../image/label_image.ts";

/** What the values of a mask are. */
export type CodeSpace = "gray" | "index" | "color";

/** A mask's values. */
export interface MaskCodes extends Size {
  /** What they are. */
  readonly space: CodeSpace;
  /** One per pixel; a color as `0xrrggbb`. */
  readonly codes: Uint8Array | Uint16Array | Uint32Array;
  /** The color of each palette index, as `0xrrggbb`. */
  readonly palette?: Uint32Array;
  /** Whether the file's compression changes values: JPEG, lossy WebP. */
  readonly lossy: boolean;
  /** Pages of the file, of which the first is read. */
  readonly pages: number;
}

/** Gray levels of one pixel that JPEG may turn into slightly different red, green and blue. */
const LOSSY_GRAY = 8;

/** Decodes a mask file. Rejects like `decodeLabelImage`. */
export async function readMaskCodes(bytes: Uint8Array): Promise<MaskCodes> {
  const image = await decodeLabelImage(bytes);
  const { width, height } = image;
  const lossy = isLossy(bytes);
  const pages = Number(
    /of (\d+) /.exec(image.notes.find(({ kind }) => kind === "pages")?.message ?? "")?.[1] ?? 1,
  );
  return { width, height, lossy, pages, ...codesOf(image, lossy) };
}

function isLossy(bytes: Uint8Array): boolean {
  const isJpeg = bytes[0] === 0xff && bytes[1] === 0xd8;
  // RIFF, its length, WEBP, and VP8 with a space.
  return isJpeg || bytes[8] === 0x57 && bytes[12] === 0x56 && bytes[15] === 0x20;
}

function codesOf(image: LabelImage, lossy: boolean): Pick<MaskCodes, "space" | "codes" | "palette"> {
  const { kind, data, palette } = image;
  if (kind === "index") {
    const colors = new Uint32Array((palette?.length ?? 0) / 3);
    for (let i = 0; i < colors.length; i++) colors[i] = pack(palette!, 3 * i);
    return { space: "index", codes: integers(data), palette: colors };
  }
  if (kind === "grey") return { space: "gray", codes: integers(data) };
  const bytes = eightBits(data);
  const channels = kind === "rgb" ? 3 : 4;
  const pixels = image.width * image.height;
  if (channels === 4 && isTransparent(bytes)) return { space: "color", codes: visibleColors(bytes, pixels) };
  const tolerance = lossy ? LOSSY_GRAY : 0;
  if (isGray(bytes, channels, tolerance)) {
    const gray = new Uint8Array(pixels);
    for (let i = 0; i < pixels; i++) gray[i] = bytes[channels * i + 1]!;
    return { space: "gray", codes: gray };
  }
  const colors = new Uint32Array(pixels);
  for (let i = 0; i < pixels; i++) colors[i] = pack(bytes, channels * i);
  return { space: "color", codes: colors };
}

function pack(bytes: ArrayLike<number>, at: number): number {
  return bytes[at]! << 16 | bytes[at + 1]! << 8 | bytes[at + 2]!;
}

/** Floating-point samples as integers: fractions of 1 as 0 to 255. */
function integers(data: SampleData): Uint8Array | Uint16Array {
  if (!(data instanceof Float32Array)) return data;
  const fractions = data.every((value) => value >= 0 && value <= 1) && data.some((value) => value % 1 !== 0);
  const scale = fractions ? 255 : 1;
  return Uint16Array.from(data, (value) => Math.min(0xffff, Math.max(0, Math.round(scale * value))));
}

function eightBits(data: SampleData): Uint8Array {
  if (data instanceof Uint8Array) return data;
  const scale = data instanceof Float32Array ? 255 : 1 / 257;
  return Uint8Array.from(data, (value) => Math.round(scale * value));
}

function isGray(bytes: Uint8Array, channels: number, tolerance: number): boolean {
  for (let at = 0; at < bytes.length; at += channels) {
    const [red, green, blue] = [bytes[at]!, bytes[at + 1]!, bytes[at + 2]!];
    if (Math.max(red, green, blue) - Math.min(red, green, blue) > tolerance) return false;
  }
  return true;
}

/** Whether the alpha channel tells pixels apart. */
function isTransparent(bytes: Uint8Array): boolean {
  for (let at = 7; at < bytes.length; at += 4) if (bytes[at] !== bytes[3]) return true;
  return false;
}

/** White, where the shape is what is visible. */
const WHITE = 0xffffff;

/** The colors of visible pixels, 0 for transparent ones; one single color, or shades of it, is only a shape. */
function visibleColors(bytes: Uint8Array, pixels: number): Uint32Array {
  const colors = new Uint32Array(pixels);
  let first = -1;
  let single = true;
  for (let i = 0; i < pixels; i++) {
    if (bytes[4 * i + 3]! < 128) continue;
    const color = pack(bytes, 4 * i);
    if (first === -1) first = color;
    single &&= color === first;
    // Black is a color here: what is transparent is the background.
    colors[i] = color === 0 ? 0x010101 : color;
  }
  if (single) { for (let i = 0; i < pixels; i++) if (colors[i] !== 0) colors[i] = WHITE; }
  return colors;
}
