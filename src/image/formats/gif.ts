/**
 * GIF: the first frame (GIF89a specification), decoded here, so that ImageMagick need not be allowed to.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { readGifIndices } from "../gif_lzw.ts";
import type { ByteRaster, DecodedRaster, Size } from "../image.ts";
import type { LabelImage } from "../label_image.ts";
import { assertImageSize } from "../limits.ts";
import { type FormatHeader, hasText, type ImageFormat, viewOf } from "./image_format.ts";

/** GIF; of several frames, the first. */
export const GIF: ImageFormat = {
  name: "GIF",
  endings: ["gif"],
  matches: (bytes) => hasText(bytes, "GIF87a") || hasText(bytes, "GIF89a"),
  readHeader: (view, bytes): FormatHeader => {
    const { width, height, frames } = readBlocks(view, bytes);
    return { width, height, pages: frames };
  },
  decode,
  decodeLabels,
  coders: [],
};

const BLOCK = { extension: 0x21, image: 0x2c, trailer: 0x3b };

/** The label of the extension that precedes a frame. */
const GRAPHIC_CONTROL = 0xf9;

/** The first frame, and what the file says of its place. */
interface Gif extends Size {
  readonly left: number;
  readonly top: number;
  readonly frame: Size;
  readonly interlaced: boolean;
  /** Red, green and blue of each color. */
  readonly palette: Uint8Array;
  /** The index of the pixels that the frame does not cover. */
  readonly background: number;
  /** Bits of the shortest code. */
  readonly codeBits: number;
  /** The compressed indices, in blocks of up to 255 bytes. */
  readonly blocks: readonly Uint8Array[];
  readonly frames: number;
}

/** Walks over all blocks. Throws a SyntaxError for a file without a frame, or one that does not reach its trailer. */
function readBlocks(view: DataView, bytes: Uint8Array): Gif {
  const table = (flags: number, at: number) =>
    bytes.subarray(at, at + ((flags & 0x80) === 0 ? 0 : 3 << ((flags & 7) + 1)));
  const global = table(view.getUint8(10), 13);
  let transparent: number | null = null;
  let first: Omit<Gif, "frames"> | undefined;
  let frames = 0;
  for (let at = 13 + global.length;;) {
    const type = view.getUint8(at);
    if (type === BLOCK.trailer) break;
    if (type === BLOCK.extension) {
      const isControl = view.getUint8(at + 1) === GRAPHIC_CONTROL && view.getUint8(at + 2) >= 4;
      if (isControl && frames === 0 && (view.getUint8(at + 3) & 1) !== 0) transparent = view.getUint8(at + 6);
      at = subBlocks(view, bytes, at + 2).end;
      continue;
    }
    if (type !== BLOCK.image) {
      throw new SyntaxError(`Cannot decode the GIF image: it has a block of the unknown type ${type}`);
    }
    frames++;
    const [left, top, width, height] = [1, 3, 5, 7].map((field) => view.getUint16(at + field, true)) as [
      number,
      number,
      number,
      number,
    ];
    const flags = view.getUint8(at + 9);
    const local = table(flags, at + 10);
    const codeBits = view.getUint8(at + 10 + local.length);
    const { blocks, end } = subBlocks(view, bytes, at + 11 + local.length);
    first ??= {
      // Some writers leave the size of the screen at 0.
      width: Math.max(view.getUint16(6, true), left + width),
      height: Math.max(view.getUint16(8, true), top + height),
      ...{ left, top, frame: { width, height }, interlaced: (flags & 0x40) !== 0 },
      palette: local.length > 0 ? local : global,
      background: transparent ?? view.getUint8(11),
      ...{ codeBits, blocks },
    };
    at = end;
  }
  if (first === undefined) throw new SyntaxError("Cannot decode the GIF image: it has no frame");
  return { ...first, frames };
}

/** The blocks of data from `at` to the empty one. */
function subBlocks(view: DataView, bytes: Uint8Array, at: number): { blocks: Uint8Array[]; end: number } {
  const blocks: Uint8Array[] = [];
  for (;;) {
    const length = view.getUint8(at);
    if (length === 0) return { blocks, end: at + 1 };
    blocks.push(bytes.subarray(at + 1, at + 1 + length));
    at += 1 + length;
  }
}

/** The indices of the whole screen. */
function decodeLabels(bytes: Uint8Array): LabelImage {
  const gif = readBlocks(viewOf(bytes), bytes);
  const { width, height, left, top, frame, palette, background } = gif;
  assertImageSize("GIF", width, height);
  const indices = readGifIndices(gif.blocks, gif.codeBits, frame, gif.interlaced);
  const image = { kind: "index", bits: 8, width, height, palette: palette.slice(), notes: [] } as const;
  if (frame.width === width && frame.height === height) return { ...image, data: indices };
  const data = new Uint8Array(width * height).fill(background);
  for (let y = 0; y < frame.height; y++) {
    data.set(indices.subarray(y * frame.width, (y + 1) * frame.width), (top + y) * width + left);
  }
  return { ...image, data };
}

/** The colors, or gray values if no color is used. */
function decode(bytes: Uint8Array): DecodedRaster<ByteRaster> {
  const { width, height, data, palette } = decodeLabels(bytes);
  const colors = new Uint8Array(3 * 256);
  colors.set(palette!);
  const used = new Set(data as Uint8Array);
  const highest = Math.max(...used);
  if (3 * highest >= palette!.length) {
    throw new SyntaxError(
      `Cannot decode the GIF image: a pixel has color ${highest} of ${palette!.length / 3}, counted from 0`,
    );
  }
  const isGray = [...used].every((i) =>
    colors[3 * i] === colors[3 * i + 1] && colors[3 * i] === colors[3 * i + 2]
  );
  const channels = isGray ? 1 : 3;
  const pixels = new Uint8Array(channels * data.length);
  for (let i = 0, to = 0; i < data.length; i++) {
    for (let channel = 0; channel < channels; channel++) pixels[to++] = colors[3 * data[i]! + channel]!;
  }
  return { raster: { width, height, channels, data: pixels }, notes: [] };
}
