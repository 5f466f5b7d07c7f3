/** Masks in tiles compared with plain masks, and their RLE with the library's. */
import assert from "node:assert/strict";
import { encodeRle, maskRuns } from "../../../../src/coco/rle.ts";
import { boundingBox, countSet } from "../../../../src/image/components.ts";
import { BitTiles, MAX_SIDE } from "../../../../src/page/app/correct/model/bit_tiles.ts";
import { decodeTiles, encodeTiles } from "../../../../src/page/app/correct/model/layer_rle.ts";
import { randomMask } from "../../../support/masks.ts";
import { Random } from "../../../support/random.ts";
import { maskOfTiles, tilesOf } from "../../../support/tiles.ts";

/** Sizes around one word, one tile, and more tiles. */
const SIZES = [[1, 1], [31, 3], [32, 2], [33, 130], [127, 128], [128, 5], [129, 257], [300, 140]] as const;

Deno.test("BitTiles: pixels, spans, runs, count and box are those of the plain mask", () => {
  const random = new Random(1);
  for (const [width, height] of SIZES) {
    for (let i = 0; i < 4; i++) {
      const mask = randomMask(random, width, height);
      const tiles = tilesOf(mask);
      assert.deepEqual(maskOfTiles(tiles), mask);
      assert.deepEqual(tiles.runs(), maskRuns(mask));
      assert.deepEqual(maskOfTiles(BitTiles.fromRuns(mask, maskRuns(mask))), mask);
      assert.equal(tiles.count(), countSet(mask));
      assert.deepEqual(tiles.box(), boundingBox(mask));
      const spans = new BitTiles(mask);
      const rows: [number, number, number][] = [];
      tiles.eachSpan((...span) => {
        spans.setSpan(...span);
        rows.push(span);
      });
      assert.deepEqual(maskOfTiles(spans), mask);
      assert.ok(rows.every(([y, from], i) => i === 0 || y > rows[i - 1]![0] || from > rows[i - 1]![2]));
      assert.ok(rows.every(([y, from, to]) => tiles.some(y, from, to) && tiles.some(y, to - 1, to)));
      assert.ok(
        rows.every(([y, , to], i) => !tiles.some(y, to, rows[i + 1]?.[0] === y ? rows[i + 1]![1] : width)),
      );
    }
  }
});

Deno.test("BitTiles: what lies outside the image is left out, and is not set", () => {
  const tiles = new BitTiles({ width: 40, height: 3 });
  tiles.setSpan(1, -70, 500);
  tiles.setSpan(-1, 0, 40);
  tiles.setSpan(3, 0, 40);
  tiles.setSpan(0, 40, 200);
  tiles.setSpan(2, 7, 7);
  assert.equal(tiles.count(), 40);
  assert.deepEqual(tiles.runs(), maskRuns(maskOfTiles(tiles)));
  for (const [x, y] of [[-1, 1], [40, 1], [0, -1], [0, 3]]) assert.equal(tiles.get(x!, y!), false);
});

Deno.test("BitTiles: a copy is independent", () => {
  const tiles = new BitTiles({ width: 4, height: 4 });
  tiles.setSpan(0, 0, 2);
  const copy = tiles.clone();
  copy.setSpan(0, 2, 4);
  assert.deepEqual([tiles.count(), copy.count()], [2, 4]);
});

Deno.test("BitTiles: rejects sizes that an image cannot have", () => {
  const { message } = caught(() => new BitTiles({ width: MAX_SIDE + 1, height: 1 }));
  assert.equal(message, "Cannot edit a mask of 32769 x 1 pixels: expected at most 32768 per side");
  assert.throws(() => new BitTiles({ width: 0, height: 1 }), RangeError);
  assert.throws(() => new BitTiles({ width: 1.5, height: 1 }), RangeError);
});

Deno.test("encodeTiles: equals encodeRle, and decodeTiles reads it", () => {
  const random = new Random(2);
  for (const [width, height] of SIZES) {
    const mask = randomMask(random, width, height);
    assert.deepEqual(encodeTiles(tilesOf(mask)), encodeRle(mask));
    assert.deepEqual(maskOfTiles(decodeTiles(mask, encodeRle(mask))), mask);
  }
});

Deno.test("decodeTiles: rejects other sizes, sums and texts before it takes memory", () => {
  const size = { width: 3, height: 2 };
  assert.throws(() => decodeTiles(size, { size: [3, 2], counts: [6] }), {
    name: "RangeError",
    message: "Cannot edit a mask of 2 x 3 pixels: the image has 3 x 2",
  });
  assert.throws(() => decodeTiles(size, { size: [2, 3], counts: [7] }), RangeError);
  assert.throws(() => decodeTiles(size, { size: [2, 3], counts: [0, 2 ** 31] }), RangeError);
  assert.throws(() => decodeTiles(size, { size: [2, 3], counts: "~" }), SyntaxError);
  assert.throws(() => decodeTiles({ width: 1e9, height: 1 }, { size: [1, 1e9], counts: [1e9] }), RangeError);
});

Deno.test("BitTiles: 8192 x 8192 pixels take 8 MiB when full, and none when empty", () => {
  const size = { width: 8192, height: 8192 };
  const full = BitTiles.fromRuns(size, [0, 8192 * 8192]);
  assert.equal(full.count(), 8192 * 8192);
  assert.deepEqual(full.runs(), [0, 8192 * 8192]);
  let bytes = 0;
  for (let i = 0; i < full.tileCount; i++) bytes += full.tile(i)!.byteLength;
  assert.equal(bytes, 8 * 2 ** 20);
  const empty = new BitTiles(size);
  assert.ok(Array.from({ length: empty.tileCount }, (_, i) => empty.tile(i)).every((tile) => tile === null));
});

function caught(action: () => unknown): Error {
  try {
    action();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}
