/**
 * Masks in tiles for tests.
 *
 * @module
 */
import type { Mask } from "../../src/image/mask.ts";
import { BitTiles } from "../../src/page/app/correct/model/bit_tiles.ts";

/** A mask in tiles, pixel by pixel. */
export function tilesOf({ width, height, data }: Mask): BitTiles {
  const tiles = new BitTiles({ width, height });
  data.forEach((value, at) => {
    const x = at % width;
    if (value !== 0) tiles.setSpan(Math.floor(at / width), x, x + 1);
  });
  return tiles;
}

/** The mask of tiles, pixel by pixel. */
export function maskOfTiles(tiles: BitTiles): Mask {
  const { width, height } = tiles;
  const data = Uint8Array.from(
    { length: width * height },
    (_, at) => tiles.get(at % width, Math.floor(at / width)) ? 1 : 0,
  );
  return { width, height, data };
}

/** A mask in tiles as rows of `.` and `#`. */
export function showTiles(tiles: BitTiles): string[] {
  return Array.from(
    { length: tiles.height },
    (_, y) => Array.from({ length: tiles.width }, (_, x) => tiles.get(x, y) ? "#" : ".").join(""),
  );
}
