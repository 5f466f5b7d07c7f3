/** Which samples become 0 and 1, and how images of more than 8 bits are displayed. */
import assert from "node:assert/strict";
import { decodeImage, decodeInspection, decodeSamples } from "../../src/image/decode.ts";
import { displayImage, windowOf } from "../../src/image/display.ts";
import { isSampleRange, rangeOf, scalingOf, uniteRanges } from "../../src/image/sample_range.ts";
import fixtures from "../fixtures/images/samples.json" with { type: "json" };

Deno.test("rangeOf: the smallest usual bit depth that holds the samples; the file's own if it states one", () => {
  const cases: [number, number, number][] = [
    [0, 16, 255],
    [255, 16, 255],
    [256, 16, 1023],
    [1023, 16, 1023],
    [1024, 16, 4095],
    [4095, 16, 4095],
    [4096, 16, 16383],
    [16384, 16, 65535],
    [65535, 16, 65535],
    [3, 12, 4095],
    [3, 10, 1023],
  ];
  for (const [highest, bits, high] of cases) {
    assert.deepEqual(rangeOf(Uint16Array.of(0, highest, 1), bits), [0, high], `${highest} in ${bits} bits`);
  }
  assert.equal(rangeOf(Uint8Array.of(0, 7), 8), null);
});

Deno.test("rangeOf: floating point and signed samples lie between 0 and powers of two", () => {
  const cases: [number[], [number, number]][] = [
    [[0, 1], [0, 1]],
    [[0.2, 0.3], [0, 1]],
    [[0, 1.02], [0, 2]],
    [[-0.01, 1], [-0.015625, 1]],
    [[-1024, 3071], [-1024, 4096]],
    [[-1025, 4096], [-2048, 4096]],
    [[-5, -3], [-8, 1]],
    [[0, 1e9], [0, 2 ** 30]],
  ];
  for (const [values, range] of cases) assert.deepEqual(rangeOf(Float32Array.from(values), 32), range);
});

Deno.test("uniteRanges: the smallest range that holds all; 8-bit images have none", () => {
  assert.deepEqual(uniteRanges([[0, 1023], null, [0, 4095], undefined, [-8, 1]]), [-8, 4095]);
  assert.equal(uniteRanges([null, null]), null);
  assert.ok(
    isSampleRange([0, 1]) && !isSampleRange([1, 1]) && !isSampleRange([0]) && !isSampleRange(["0", 1]),
  );
  const { factor, offset } = scalingOf([-1024, 3072], 1);
  assert.deepEqual([-1024, 3072, 1024].map((value) => value * factor + offset), [0, 1, 0.5]);
});

Deno.test("displayImage: windows by percentiles 0.5 and 99.5, and leaves 8-bit samples as they are", () => {
  // 1000 dark pixels, a ramp of 12 bits, and four saturated ones.
  const data = Uint16Array.from({ length: 4000 }, (_, i) => i < 4 ? 65535 : 1000 + i % 2000);
  const [low, high] = windowOf(data);
  assert.ok(low >= 1000 && low < 1020 && high > 2980 && high < 3000, `${low} ${high}`);
  const image = displayImage({ width: 80, height: 50, channels: 1, data });
  assert.equal(image.data.length, 3 * data.length);
  assert.deepEqual([...image.data.subarray(0, 3)], [255, 255, 255]);
  const middle = data.indexOf(2000);
  assert.ok(Math.abs(image.data[3 * middle]! - 127) <= 1);
  assert.ok(new Set(image.data).size === 256);
  const bytes = Uint8Array.of(7, 8, 9);
  assert.equal(displayImage({ width: 1, height: 1, data: bytes }).data, bytes);
  assert.deepEqual(
    displayImage({ width: 1, height: 1, channels: 1, data: bytes.slice(0, 1) }).data.length,
    3,
  );
});

Deno.test("displayImage: a few bright pixels on black, and a constant image", () => {
  const spots = new Float32Array(10_000);
  spots[5] = 4;
  spots[6] = 2;
  const { data } = displayImage({ width: 100, height: 100, channels: 1, data: spots });
  assert.deepEqual([data[0], data[15], data[18]], [0, 255, 128]);
  const flat = displayImage({ width: 2, height: 1, channels: 1, data: Uint16Array.of(300, 300) });
  assert.deepEqual([...flat.data], new Array(6).fill(0));
});

const file = (name: string) =>
  Uint8Array.fromBase64(fixtures.entries.find((entry) => entry.name === name)!.file);

Deno.test("decodeSamples: keeps every level of 12 bits in 16; decodeImage scales them to 8", async () => {
  const { raster } = await decodeSamples(file("PNG gray 16 bits"));
  assert.deepEqual([raster.bits, raster.range, raster.channels], [16, [0, 4095], 1]);
  assert.ok(raster.data instanceof Uint16Array && new Set(raster.data).size > 300);
  const image = await decodeImage(file("PNG gray 16 bits"));
  assert.deepEqual(
    [...image.data].filter((_, i) => i % 3 === 0),
    [...raster.data].map((value) => Math.round(value * 255 / 4095)),
  );
});

Deno.test("decodeInspection: states bits, extremes, levels and range, next to an image to display", async () => {
  const { raster, levels } = await decodeInspection(file("TIFF signed 16 bits"));
  assert.deepEqual(levels.range, [-1024, 4096]);
  const [lowest, highest] = levels.extremes;
  assert.ok(lowest >= -1024 && lowest < -900 && highest > 2950 && highest <= 3071);
  assert.ok(levels.levels > 300 && levels.levels <= 378 && levels.bits === 16 && !levels.fractional);
  assert.ok(raster.data instanceof Uint8Array && raster.data.length === 3 * 21 * 18);
  assert.ok((await decodeInspection(file("TIFF float32"))).levels.fractional);
});
