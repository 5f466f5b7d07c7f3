/** Patches of whole images: where they lie, and that reading them in bands gives the pixels of the image. */
import assert from "node:assert/strict";
import { choosePatch, labelPositions, patchesOf, withMargin } from "../../src/dataset/patches.ts";
import { buildWholeRecord, type WholePlace, WholeReader } from "../../src/dataset/whole_record.ts";
import { IGNORE } from "../../src/image/label_map.ts";
import { normalizeSamples } from "../../src/image/network_input.ts";
import { crc32 } from "node:zlib";
import { Random } from "../support/random.ts";

const SIDE = 16;

/** An image of 100 x 80 with 40 pixels of class 1 in one place and 600 of class 2 in another. */
function labelMap() {
  const data = new Uint8Array(100 * 80);
  for (let y = 60; y < 64; y++) data.fill(1, y * 100 + 10, y * 100 + 20);
  for (let y = 0; y < 20; y++) data.fill(2, y * 100 + 70, y * 100 + 100);
  data.fill(IGNORE, 5000, 5010);
  return { width: 100, height: 80, data };
}

Deno.test("labelPositions: up to 128 pixels of each label, spread over all of them", () => {
  const map = labelMap();
  const positions = labelPositions(map);
  assert.deepEqual(Object.keys(positions), ["1", "2"]);
  assert.deepEqual([positions[1]!.length, positions[2]!.length], [40, 128]);
  for (const label of [1, 2]) {
    assert.ok(positions[label]!.every((at) => map.data[at] === label));
    assert.equal(new Set(positions[label]).size, positions[label]!.length);
  }
  const rows = positions[2]!.map((at) => Math.floor(at / 100));
  assert.deepEqual([rows[0], rows.at(-1)], [0, 19]);
});

Deno.test("choosePatch: one third around foreground, classes in turn, the rest anywhere, all within the image", () => {
  const map = labelMap();
  const positions = labelPositions(map);
  const scheme = { classCount: 2 };
  const shows = (x: number, y: number, label: number) => {
    for (let row = y; row < y + SIDE; row++) {
      if (map.data.subarray(row * 100 + x, row * 100 + x + SIDE).includes(label)) return true;
    }
    return false;
  };
  const counts = [0, 0];
  const elsewhere: number[] = [];
  for (let place = 0; place < 600; place++) {
    const { x, y, width, height } = choosePatch({ seed: 1, epoch: 2, place }, map, positions, scheme, SIDE);
    assert.deepEqual([width, height], [SIDE, SIDE]);
    assert.ok(x >= 0 && y >= 0 && x <= 100 - SIDE && y <= 80 - SIDE);
    if (place % 3 === 2) {
      const label = Math.floor(place / 3) % 2 + 1;
      assert.ok(shows(x, y, label), `place ${place} shows class ${label}`);
      counts[label - 1]!++;
    } else elsewhere.push(x, y);
  }
  assert.deepEqual(counts, [100, 100]);
  // Anywhere: the means are those of uniform places.
  for (const [axis, most] of [[0, 84], [1, 64]] as const) {
    const values = elsewhere.filter((_, at) => at % 2 === axis);
    assert.equal(values.length, 400);
    const mean = values.reduce((sum, value) => sum + value, 0) / 400;
    assert.ok(Math.abs(mean - most / 2) < 5 * most / Math.sqrt(12 * 400), `${mean}`);
    assert.deepEqual([Math.min(...values) <= 1, Math.max(...values) >= most - 1], [true, true]);
  }
  // Without the class whose turn it is, the next; without any, anywhere.
  const { x, y } = choosePatch({ seed: 1, epoch: 1, place: 2 }, map, { 2: positions[2]! }, scheme, SIDE);
  assert.ok(shows(x, y, 2));
  choosePatch({ seed: 1, epoch: 1, place: 2 }, map, {}, scheme, SIDE);
});

Deno.test("choosePatch: a function of seed, epoch and place; around the center of smaller images", () => {
  const map = labelMap();
  const choose = (seed: number, epoch: number, place: number, image = { width: 100, height: 80 }) =>
    choosePatch({ seed, epoch, place }, image, labelPositions(map), { classCount: 2 }, SIDE);
  assert.deepEqual(choose(1, 2, 3), choose(1, 2, 3));
  assert.notDeepEqual(choose(1, 2, 3), choose(1, 2, 4));
  assert.notDeepEqual(choose(1, 2, 3), choose(1, 3, 3));
  assert.notDeepEqual(choose(1, 2, 3), choose(2, 2, 3));
  const small = choosePatch({ seed: 1, epoch: 1, place: 0 }, { width: 10, height: 7 }, {}, {}, SIDE);
  assert.deepEqual(small, { x: -3, y: -4, width: SIDE, height: SIDE });
  assert.deepEqual(withMargin(small, { width: 24, height: 20 }), { x: -7, y: -6, width: 24, height: 20 });
  assert.deepEqual(
    [[16, 16], [17, 16], [4, 4], [160, 160]].map(([width, height]) =>
      patchesOf({ width: width!, height: height! }, SIDE)
    ),
    [1, 2, 1, 100],
  );
});

for (const [channels, bytes] of [[1, 1], [3, 1], [3, 4]] as const) {
  Deno.test(`WholeReader: windows are those of the image, reflected at its edges: ${channels} channels, ${bytes} bytes`, () => {
    const [width, height] = [37, 150];
    const pixels = width * height;
    const random = new Random(9);
    const planes = bytes === 4
      ? random.floats(channels * pixels, 0, 1)
      : Float32Array.from({ length: channels * pixels }, () => random.integer(256) / 255);
    const labels = Uint8Array.from({ length: pixels }, () => random.integer(4));
    const { record, bands } = buildWholeRecord(planes, labels, { width, height }, bytes);
    const source = new SharedArrayBuffer(record.length + 5);
    new Uint8Array(source).set(record, 5);
    const moments = { mean: 0.4, deviation: 0.3 };
    const place: WholePlace = {
      source,
      offset: 5,
      channels,
      labelBits: 8,
      moments,
      checksum: crc32(record),
      extent: [width, height],
      bands,
    };
    const expected = new Float32Array(3 * pixels);
    normalizeSamples({ planes, moments, samples: null }, expected, { normalize: "picture" });
    const reflect = (at: number, extent: number) => {
      while (at < 0 || at >= extent) at = at < 0 ? -at : 2 * (extent - 1) - at;
      return at;
    };
    const reader = new WholeReader();
    for (
      const window of [
        { x: 0, y: 0, width, height },
        { x: 5, y: 60, width: 20, height: 10 },
        { x: -9, y: 130, width: 60, height: 33 },
        { x: 20, y: -100, width: 90, height: 400 },
      ]
    ) {
      const read = reader.read(place, { normalize: "picture" }, window);
      for (let y = 0; y < window.height; y++) {
        for (let x = 0; x < window.width; x++) {
          const [column, row] = [window.x + x, window.y + y];
          const from = reflect(row, height) * width + reflect(column, width);
          const at = y * window.width + x;
          for (let channel = 0; channel < 3; channel++) {
            const value = read.image[channel * window.width * window.height + at];
            if (value !== expected[channel * pixels + from]) {
              assert.fail(`${JSON.stringify(window)} at ${x}, ${y}`);
            }
          }
          const inside = column >= 0 && row >= 0 && column < width && row < height;
          if (read.labels[at] !== (inside ? labels[from] : IGNORE)) assert.fail(`label at ${x}, ${y}`);
        }
      }
    }
  });
}
