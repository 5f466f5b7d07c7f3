/**
 * Layers as COCO's compressed RLE, character for character as COCO's own code writes it.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { formatRuns, type Rle, rleRuns } from "../../../../coco/rle.ts";
import type { Size } from "../../../../image/image.ts";
import { BitTiles } from "./bit_tiles.ts";

/** The RLE of a mask. */
export function encodeTiles(mask: BitTiles): { size: [number, number]; counts: string } {
  return { size: [mask.height, mask.width], counts: formatRuns(mask.runs()) };
}

/**
 * The mask of an RLE for an image of `size`. Throws a TypeError for an RLE of another kind, a SyntaxError for an invalid
 * text, and a RangeError if it is not of this size or its runs do not add up to it.
 */
export function decodeTiles(size: Size, rle: Rle): BitTiles {
  const [height, width] = rle.size;
  if (height !== size.height || width !== size.width) {
    throw new RangeError(
      `Cannot edit a mask of ${width} x ${height} pixels: the image has ${size.width} x ${size.height}`,
    );
  }
  const tiles = new BitTiles(size);
  return BitTiles.fromRuns(tiles, rleRuns(rle.counts, tiles.width * tiles.height));
}
