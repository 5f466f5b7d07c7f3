/**
 * Texts in PNGs: what made an image, kept when the file is copied or renamed.
 * This module is browser compatible.
 *
 * @module
 */
import { joinBytes } from "../bytes.ts";
import { crc32 } from "../crc32.ts";

/** Bytes before the chunks: the signature. */
const SIGNATURE_BYTES = 8;

/** Bytes of the signature and of the first chunk, IHDR. */
const HEADER_BYTES = SIGNATURE_BYTES + 25;

/** The texts of a PNG by their keywords: 1 to 79 printable ASCII characters each, and texts of printable ASCII. */
export type PngTexts = Readonly<Record<string, string>>;

/** The PNG with a tEXt chunk for each text, right after its header. Throws a RangeError for other characters. */
export function addPngTexts(png: Uint8Array, texts: PngTexts): Uint8Array<ArrayBuffer> {
  const chunks = Object.entries(texts).map(([keyword, text]) => {
    if (!/^[\x21-\x7e](?:[\x20-\x7e]{0,77}[\x21-\x7e])?$/.test(keyword) || !/^[\x20-\x7e]*$/.test(text)) {
      throw new RangeError(
        `Cannot add the text ${JSON.stringify(keyword)} to a PNG: expected printable ASCII`,
      );
    }
    return textChunk(new TextEncoder().encode(`tEXt${keyword}\0${text}`));
  });
  return joinBytes([png.subarray(0, HEADER_BYTES), ...chunks, png.subarray(HEADER_BYTES)]);
}

/** `typed` is the chunk's type and content. */
function textChunk(typed: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(typed.length + 8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, typed.length - 4);
  bytes.set(typed, 4);
  view.setUint32(typed.length + 4, crc32(typed));
  return bytes;
}

/** The tEXt chunks of a PNG; those of a keyword that occurs again replace the earlier ones. Empty for any other file. */
export function readPngTexts(png: Uint8Array): Record<string, string> {
  const texts: Record<string, string> = {};
  if (png[0] !== 0x89 || png[1] !== 0x50 || png[2] !== 0x4e || png[3] !== 0x47) return texts;
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  for (let at = SIGNATURE_BYTES; at + 12 <= png.length;) {
    const length = view.getUint32(at);
    if (at + 12 + length > png.length) break;
    const content = png.subarray(at + 8, at + 8 + length);
    const end = content.indexOf(0);
    if (view.getUint32(at + 4) === TEXT_TYPE && end > 0) {
      texts[latin1(content.subarray(0, end))] = latin1(content.subarray(end + 1));
    }
    at += 12 + length;
  }
  return texts;
}

/** `tEXt`. */
const TEXT_TYPE = 0x74455874;

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}
