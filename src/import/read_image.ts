/**
 * Reads one image of a source: its size, its regions, and what it is compared by.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { formatRuns } from "../coco/rle.ts";
import { firstLine } from "../dataset/listed_file.ts";
import type { ImageSignature } from "../dataset/near_duplicates.ts";
import { makeThumbnail, type Thumbnail, thumbnailOf } from "../dataset/thumbnail.ts";
import { hashBytes } from "../fs/hash_bytes.ts";
import { decodeImage, decodeLabelImage } from "../image/decode.ts";
import { detectFormat } from "../image/formats.ts";
import { PNG } from "../image/formats/png.ts";
import { readImageSize } from "../image/header.ts";
import type { RgbImage } from "../image/image.ts";
import { LABEL_CHANNELS } from "../image/label_image.ts";
import { MAX_BYTES } from "../image/limits.ts";
import type { ImportImage } from "./import_kind.ts";
import type { SourceTree } from "./source_tree.ts";
import type { SpooledImage } from "./spool.ts";

/**
 * Reads an image and its annotations; `compare` decodes it for its thumbnail, too. What its files themselves prove to
 * be wrong with them is its `problem`; any other error, of the disk or of a Worker, is thrown.
 */
export async function readImportImage(
  tree: SourceTree,
  image: ImportImage,
  compare: boolean,
): Promise<SpooledImage> {
  const { path } = image;
  try {
    const bytes = await (image.bytes?.() ?? tree.read(path, MAX_BYTES));
    const size = readImageSize(bytes);
    const regions = (await image.regions(size)).map(({ category, runs }) => {
      const pixels = runs.reduce((sum, run) => sum + run, 0);
      if (pixels !== size.width * size.height) {
        throw new RangeError(`a region of ${pixels} pixels in an image of ${size.width} x ${size.height}`);
      }
      return { category, counts: formatRuns(runs) };
    });
    if (!compare) return { path, ...size, regions };
    const thumbnail = makeThumbnail(await decodeRgb(bytes));
    return { path, ...size, regions, sha256: hashBytes(bytes), thumbnail: packThumbnail(thumbnail) };
  } catch (error) {
    if (!provesDamage(error)) throw error;
    return { path, regions: [], problem: firstLine(error) };
  }
}

/** `decodeImage`, of PNGs of up to 8 bits without ImageMagick, which takes 75 MB in each Worker. */
export async function decodeRgb(bytes: Uint8Array): Promise<RgbImage> {
  if (detectFormat(bytes) !== PNG) return await decodeImage(bytes);
  const { kind, width, height, data, bits, palette } = await decodeLabelImage(bytes);
  if (bits > 8 || kind === "index" && palette === undefined) return await decodeImage(bytes);
  const channels = LABEL_CHANNELS[kind];
  const rgb = new Uint8Array(3 * width * height);
  const scale = kind === "index" ? 1 : 255 / ((1 << bits) - 1);
  for (let i = 0, at = 0; at < rgb.length; i += channels, at += 3) {
    for (let channel = 0; channel < 3; channel++) {
      rgb[at + channel] = kind === "index"
        ? palette![3 * data[i]! + channel] ?? 0
        : scale * data[i + (channels === 1 ? 0 : channel)]!;
    }
  }
  return { width, height, data: rgb };
}

/** Whether an error is about the content of a file. */
function provesDamage(error: unknown): boolean {
  return error instanceof SyntaxError || error instanceof RangeError || error instanceof TypeError;
}

function packThumbnail(thumbnail: Thumbnail | null): string | null {
  return thumbnail === null ? null : Buffer.from(thumbnail.grays.buffer).toString("base64");
}

/** What a spooled image is compared by. */
export function signatureOf({ path, sha256, thumbnail }: SpooledImage): ImageSignature {
  const bytes = thumbnail ? Uint8Array.from(Buffer.from(thumbnail, "base64")) : null;
  return {
    split: "",
    fileName: path,
    sha256: sha256 ?? path,
    thumbnail: bytes === null ? null : thumbnailOf(new Float32Array(bytes.buffer)),
  };
}
