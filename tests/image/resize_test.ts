/** Resizing compared with torchvision and torch (fixtures/resize/make_resize.py). */
import assert from "node:assert/strict";
import { momentsOf, normalizeImage, normalizePlanes } from "../../src/image/normalize.ts";
import { resizeImage, resizeLabelMap, resizeMask, resizeRaster } from "../../src/image/resize.ts";
import { assertClose } from "../support/compare.ts";
import fixtures from "../fixtures/resize/resize.json" with { type: "json" };

for (const fixture of fixtures) {
  const { width, height } = fixture;
  const size = { width: fixture.toWidth, height: fixture.toHeight };
  const name = `${width}x${height} to ${size.width}x${size.height}`;

  Deno.test(`resizeImage: ${name} equals torchvision's`, () => {
    const scaled = resizeImage({ width, height, data: Uint8Array.fromBase64(fixture.image) }, size);
    assert.deepEqual(scaled.shape, [3, size.height, size.width]);
    const expected = new Float32Array(Uint8Array.fromBase64(fixture.scaled).buffer);
    assertClose(scaled.data, expected, { absolute: 2e-6, label: name });
  });

  Deno.test(`resizeMask: ${name} equals torch's nearest`, () => {
    const scaled = resizeMask({ width, height, data: Uint8Array.fromBase64(fixture.mask) }, size);
    assert.deepEqual([scaled.width, scaled.height], [size.width, size.height]);
    assert.deepEqual(scaled.data, Uint8Array.fromBase64(fixture.nearest));
  });
}

Deno.test("resizeImage, resizeMask: reject invalid sizes and data that does not fit", () => {
  const image = { width: 2, height: 2, data: new Uint8Array(12) };
  const mask = { width: 2, height: 2, data: new Uint8Array(4) };
  for (const size of [{ width: 0, height: 4 }, { width: 4, height: 1.5 }, { width: NaN, height: 1 }]) {
    assert.throws(() => resizeImage(image, size), RangeError);
    assert.throws(() => resizeMask(mask, size), RangeError);
  }
  assert.throws(() => resizeImage(mask, { width: 1, height: 1 }), TypeError);
  assert.throws(() => resizeMask(image, { width: 1, height: 1 }), TypeError);
});

Deno.test("resizeRaster: one channel equals three equal ones, with few and many taps, also normalized", () => {
  for (const [from, to] of [[50, 16], [90, 5], [7, 20]] as const) {
    const gray = Uint8Array.from({ length: from * from }, (_, i) => (i * 7919) % 251);
    const rgb = Uint8Array.from({ length: 3 * from * from }, (_, i) => gray[Math.floor(i / 3)]!);
    const size = { width: to, height: to };
    const one = resizeRaster({ width: from, height: from, channels: 1, data: gray }, size);
    const three = resizeImage({ width: from, height: from, data: rgb }, size);
    assert.deepEqual(one.shape, [1, to, to]);
    for (const channel of [0, 1, 2]) {
      assert.deepEqual(three.data.subarray(channel * to * to, (channel + 1) * to * to), one.data);
    }
    for (const how of ["imagenet", "picture"] as const) {
      const target = new Float32Array(3 * to * to);
      normalizePlanes(one.data, target, how === "picture" ? momentsOf(one.data, 1) : null);
      assert.deepEqual(target, normalizeImage(three, how).data);
    }
  }
});

Deno.test("resizeRaster: 16-bit and float32 samples give the values of the 8-bit image", () => {
  const bytes = Uint8Array.from({ length: 40 * 30 }, (_, i) => (i * 7919) % 256);
  const raster = { width: 40, height: 30, channels: 1 } as const;
  const size = { width: 17, height: 12 };
  const expected = resizeRaster({ ...raster, data: bytes }, size).data;
  // 65535 = 257 * 255: both samples mean the same intensity.
  const words = resizeRaster({ ...raster, data: Uint16Array.from(bytes, (byte) => 257 * byte) }, size);
  const floats = resizeRaster({ ...raster, data: Float32Array.from(bytes, (byte) => byte / 255) }, size);
  assertClose(words.data, expected, { absolute: 1e-6, label: "16-bit" });
  assertClose(floats.data, expected, { absolute: 1e-6, label: "float32" });
});

Deno.test("resizeLabelMap: takes the nearest pixel and never mixes labels", () => {
  const labels = { width: 4, height: 2, data: Uint8Array.of(0, 1, 2, 255, 3, 3, 7, 0) };
  const half = resizeLabelMap(labels, { width: 2, height: 2 });
  assert.deepEqual(half, { width: 2, height: 2, data: Uint8Array.of(0, 2, 3, 7) });
  const wide = resizeLabelMap(labels, { width: 8, height: 1 });
  assert.deepEqual([...wide.data], [0, 0, 1, 1, 2, 2, 255, 255]);
});
