/** What tools cover, compared with plain loops, the library, and pycocotools. */
import assert from "node:assert/strict";
import { fillPolygon } from "../../../../src/coco/polygon.ts";
import { countSet, labelComponents } from "../../../../src/image/components.ts";
import { createMask, type Mask } from "../../../../src/image/mask.ts";
import { type Point, strokeRegion } from "../../../../src/page/app/correct/model/brush.ts";
import { findParts, holesOf } from "../../../../src/page/app/correct/model/components.ts";
import { componentAt, floodRegion, rangeAround } from "../../../../src/page/app/correct/model/flood.ts";
import { encodeTiles } from "../../../../src/page/app/correct/model/layer_rle.ts";
import { polygonRegion } from "../../../../src/page/app/correct/model/polygon_region.ts";
import { drawMask, listMask, randomMask } from "../../../support/masks.ts";
import { Random } from "../../../support/random.ts";
import { maskOfTiles, showTiles, tilesOf } from "../../../support/tiles.ts";
import predictions from "../../../fixtures/coco/predictions.json" with { type: "json" };

const point = (x: number, y: number): Point => ({ x, y });

Deno.test("strokeRegion: covers the pixels whose centers are within the radius of the way", () => {
  const random = new Random(3);
  for (let i = 0; i < 60; i++) {
    const size = { width: 1 + random.integer(200), height: 1 + random.integer(60) };
    const position = () => point(random.next() * 260 - 30, random.next() * 120 - 30);
    const points = Array.from({ length: 1 + random.integer(3) }, position);
    const diameter = random.pick([1, 2, 3.5, 8, 21, 64]);
    const expected = createMask(size);
    expected.data.forEach((_, at) => {
      const [x, y] = [at % size.width, Math.floor(at / size.width)];
      const isCovered = points.some((to, k) =>
        distance(points[k - 1] ?? to, to, x + 0.5, y + 0.5) <= diameter / 2 ||
        (Math.floor(to.x) === x && Math.floor(to.y) === y)
      );
      expected.data[at] = isCovered ? 1 : 0;
    });
    assert.deepEqual(maskOfTiles(strokeRegion(size, points, diameter)), expected);
  }
});

Deno.test("strokeRegion: the rule at exact distances, by hand", () => {
  const size = { width: 5, height: 5 };
  // Centers at exactly the radius are covered; the pixel under the pointer always is.
  assert.deepEqual(showTiles(strokeRegion(size, [point(2.5, 2.5)], 2)), [
    ".....",
    "..#..",
    ".###.",
    "..#..",
    ".....",
  ]);
  assert.deepEqual(showTiles(strokeRegion(size, [point(2, 2)], 1)), [
    ".....",
    ".....",
    "..#..",
    ".....",
    ".....",
  ]);
  assert.deepEqual(showTiles(strokeRegion(size, [point(0.5, 0.5), point(4.5, 4.5)], 1)), [
    "#....",
    ".#...",
    "..#..",
    "...#.",
    "....#",
  ]);
});

Deno.test("strokeRegion: a brush of one pixel leaves no gap, however far the pointer jumped", () => {
  const random = new Random(4);
  const size = { width: 300, height: 300 };
  for (let i = 0; i < 30; i++) {
    const points = Array.from({ length: 4 }, () => point(random.next() * 300, random.next() * 300));
    assert.equal(findParts(strokeRegion(size, points, 1))!.length, 1);
  }
});

Deno.test("strokeRegion: rejects diameters and positions out of bounds, and far positions cost nothing", () => {
  const size = { width: 8, height: 8 };
  for (const diameter of [0, 0.5, NaN, 1025]) {
    assert.throws(() => strokeRegion(size, [point(1, 1)], diameter), RangeError);
  }
  assert.throws(() => strokeRegion(size, [point(NaN, 1)], 3), RangeError);
  assert.throws(() => strokeRegion(size, [point(1, 1), point(1, Infinity)], 3), RangeError);
  assert.equal(strokeRegion(size, [point(4, -1e8), point(4, 1e8)], 2).count(), 16);
  assert.equal(strokeRegion(size, [point(-1e8, 50), point(1e8, 50)], 3).count(), 0);
});

Deno.test("polygonRegion: fills what a polygon of a COCO file fills", () => {
  const random = new Random(5);
  for (let i = 0; i < 80; i++) {
    const size = { width: 1 + random.integer(200), height: 1 + random.integer(150) };
    const corners = Array.from(
      { length: 3 + random.integer(6) },
      () => point(random.next() * 300 - 50, random.next() * 220 - 40),
    );
    const expected = createMask(size);
    fillPolygon(expected, corners.flatMap(({ x, y }) => [x, y]));
    assert.deepEqual(maskOfTiles(polygonRegion(size, corners)), expected);
  }
  assert.throws(() => polygonRegion({ width: 4, height: 4 }, [point(0, 0), point(3, 3)]), {
    name: "RangeError",
    message: "Cannot fill a polygon of 2 corners: expected 3 to 10,000",
  });
  assert.throws(() => polygonRegion({ width: 4, height: 4 }, [point(0, 0), point(3, 3), point(0, 1e300)]));
});

Deno.test("floodRegion: the connected pixels of the range, at sides or also at corners", () => {
  const random = new Random(6);
  for (let i = 0; i < 60; i++) {
    const [width, height] = [1 + random.integer(150), 1 + random.integer(40)];
    const values = {
      width,
      height,
      data: Uint8Array.from({ length: width * height }, () => random.integer(4)),
    };
    const at = point(random.integer(width) + random.next(), random.integer(height) + random.next());
    const range = rangeAround(values, at, random.integer(3))!;
    const member = { ...values, data: values.data.map((v) => v >= range.low && v <= range.high ? 1 : 0) };
    for (const connectivity of [4, 8] as const) {
      assert.deepEqual(
        maskOfTiles(floodRegion(values, at, range, connectivity)),
        plainFlood(member, Math.floor(at.x), Math.floor(at.y), connectivity),
      );
    }
  }
});

Deno.test("floodRegion: of probabilities, and nothing outside the image, at NaN, or out of the range", () => {
  const values = { width: 4, height: 1, data: Float32Array.of(0.2, 0.5, 0.9, NaN) };
  const range = { low: 0.5, high: 1 };
  assert.deepEqual(showTiles(floodRegion(values, point(2.9, 0), range)), [".##."]);
  for (const [x, y] of [[0, 0], [3, 0], [-0.1, 0], [4, 0], [1, 1], [1, -1]] as const) {
    assert.equal(floodRegion(values, point(x, y), range).count(), 0);
  }
  assert.equal(rangeAround(values, point(-1, 0), 1), null);
  assert.equal(rangeAround(values, point(0, 1), 1), null);
});

Deno.test("findParts: the components of the library, in its order, and of pycocotools in its RLE", () => {
  const random = new Random(7);
  for (let i = 0; i < 60; i++) {
    const mask = randomMask(random, 1 + random.integer(150), 1 + random.integer(30));
    const { lesions, labels } = labelComponents(mask);
    const tiles = tilesOf(mask);
    const parts = findParts(tiles)!;
    assert.deepEqual(
      parts.map(({ area, box }) => ({ area, box })),
      lesions.map(({ area, box }) => ({ area, box })),
    );
    parts.forEach(({ first }, index) => {
      const expected = { ...mask, data: Uint8Array.from(labels, (label) => label === index + 1 ? 1 : 0) };
      assert.deepEqual(maskOfTiles(componentAt(tiles, first)), expected);
    });
  }
  for (const { mask: rows, lesions } of predictions) {
    const tiles = tilesOf(listMask(rows[0]!.length, rows.length, rows.join("")));
    const texts = findParts(tiles)!.map(({ first }) => encodeTiles(componentAt(tiles, first)).counts);
    assert.deepEqual(texts.sort(), lesions.map(({ counts }) => counts).sort());
  }
});

Deno.test("findParts: corners connect unless asked otherwise, and marks are found", () => {
  const tiles = tilesOf(drawMask("#..##", ".#...", "....#"));
  assert.equal(findParts(tiles)!.length, 3);
  assert.equal(findParts(tiles, undefined, 4)!.length, 4);
  const marks = tilesOf(drawMask("....#", ".....", "....."));
  assert.deepEqual(findParts(tiles, marks)!.map(({ isMarked }) => isMarked), [false, true, false]);
});

Deno.test("holesOf: what a component encloses, and not what a corner lets in", () => {
  const show = (...rows: string[]) => showTiles(holesOf(tilesOf(drawMask(...rows))));
  assert.deepEqual(show("####", "#.##", "##.#", "####"), ["....", ".#..", "..#.", "...."]);
  assert.deepEqual(show(".#.", "#.#", ".#."), ["...", ".#.", "..."]);
  assert.deepEqual(show("###", "#.#", "#.#"), ["...", "...", "..."]);
  assert.deepEqual(show("...", "...", "..."), ["...", "...", "..."]);
  const random = new Random(8);
  for (let i = 0; i < 40; i++) {
    const mask = randomMask(random, 1 + random.integer(60), 1 + random.integer(20));
    const holes = maskOfTiles(holesOf(tilesOf(mask)));
    assert.deepEqual(holes, plainHoles(mask));
  }
});

/** The distance of a position from the line between two points. */
function distance(a: Point, b: Point, x: number, y: number): number {
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  const t = length === 0 ? 0 : ((x - a.x) * (b.x - a.x) + (y - a.y) * (b.y - a.y)) / length ** 2;
  if (t <= 0) return Math.hypot(x - a.x, y - a.y);
  if (t >= 1) return Math.hypot(x - b.x, y - b.y);
  return Math.abs((b.x - a.x) * (y - a.y) - (b.y - a.y) * (x - a.x)) / length;
}

function plainFlood(mask: Mask, x: number, y: number, connectivity: number): Mask {
  const found = createMask(mask);
  const queue: [number, number][] = [[x, y]];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const [cx, cy] = next;
    const at = cy * mask.width + cx;
    if (cx < 0 || cy < 0 || cx >= mask.width || cy >= mask.height) continue;
    if (mask.data[at] === 0 || found.data[at] === 1) continue;
    found.data[at] = 1;
    for (const dy of [-1, 0, 1]) {
      for (const dx of [-1, 0, 1]) {
        if (connectivity === 8 || dx === 0 || dy === 0) queue.push([cx + dx, cy + dy]);
      }
    }
  }
  return found;
}

/** Background that is not connected, at sides, to the frame around the image. */
function plainHoles(mask: Mask): Mask {
  const [width, height] = [mask.width + 2, mask.height + 2];
  const framed = createMask({ width, height });
  framed.data.forEach((_, at) => {
    const [x, y] = [at % width - 1, Math.floor(at / width) - 1];
    const isInside = x >= 0 && y >= 0 && x < mask.width && y < mask.height;
    framed.data[at] = isInside && mask.data[y * mask.width + x] === 1 ? 0 : 1;
  });
  const outside = plainFlood(framed, 0, 0, 4);
  const holes = createMask(mask);
  holes.data.forEach((_, at) => {
    const inFrame = (Math.floor(at / mask.width) + 1) * width + at % mask.width + 1;
    holes.data[at] = framed.data[inFrame] === 1 && outside.data[inFrame] === 0 ? 1 : 0;
  });
  assert.ok(countSet(holes) <= holes.data.length);
  return holes;
}
