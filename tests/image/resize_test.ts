/** Scaling beside torchvision and torch (fixtures/resize/make_resize.py), and the normalisations' arithmetic. */
import assert from "node:assert/strict";
import {
  momentsOf,
  normalizeImage,
  normalizePlanes,
  resizeImage,
  resizeMask,
  resizePixels,
} from "../../src/image/resize.ts";
import { assertClose } from "../support/compare.ts";
import fixtures from "../fixtures/resize/resize.json" with { type: "json" };

for (const fixture of fixtures) {
  const { width, height } = fixture;
  const size = { width: fixture.toWidth, height: fixture.toHeight };
  const name = `${width}x${height} to ${size.width}x${size.height}`;

  Deno.test(`resizeImage: ${name} equals torchvision's`, () => {
    const scaled = resizeImage({ width, height, data: Uint8Array.fromBase64(fixture.picture) }, size);
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

Deno.test("resizeImage and resizeMask refuse sizes and bytes that do not fit", () => {
  const image = { width: 2, height: 2, data: new Uint8Array(12) };
  const mask = { width: 2, height: 2, data: new Uint8Array(4) };
  for (const size of [{ width: 0, height: 4 }, { width: 4, height: 1.5 }, { width: NaN, height: 1 }]) {
    assert.throws(() => resizeImage(image, size), RangeError);
    assert.throws(() => resizeMask(mask, size), RangeError);
  }
  assert.throws(() => resizeImage(mask, { width: 1, height: 1 }), TypeError);
  assert.throws(() => resizeMask(image, { width: 1, height: 1 }), TypeError);
});

Deno.test("resizePixels: one channel gives what three equal ones give, with and without many taps", () => {
  for (const [from, to] of [[50, 16], [90, 5], [7, 20]] as const) {
    const grey = Uint8Array.from({ length: from * from }, (_, i) => (i * 7919) % 251);
    const rgb = Uint8Array.from({ length: 3 * from * from }, (_, i) => grey[Math.floor(i / 3)]!);
    const size = { width: to, height: to };
    const one = resizePixels({ width: from, height: from, channels: 1, data: grey }, size);
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

Deno.test("normalizeImage: ImageNet's mean and deviation by channel", () => {
  const image = { shape: [3, 1, 2], data: Float32Array.of(0, 1, 0.456, 0.68, 0.406, 0.181) };
  const normal = normalizeImage(image);
  assert.deepEqual(normal.shape, [3, 1, 2]);
  const expected = [-0.485 / 0.229, 0.515 / 0.229, 0, 1, 0, -1];
  assertClose(normal.data, expected, { absolute: 1e-6, label: "normalised" });
  assert.deepEqual(image.data[0], 0, "the image itself stays as it is");
});

Deno.test("normalizeImage: the image's own values come to mean 0 and deviation 1", () => {
  const data = Float32Array.from({ length: 3 * 40 * 30 }, (_, i) => 0.5 + 0.001 * ((i * 7919) % 101));
  const { data: normal } = normalizeImage({ shape: [3, 40, 30], data }, "picture");
  const mean = normal.reduce((sum, value) => sum + value, 0) / normal.length;
  const square = normal.reduce((sum, value) => sum + value * value, 0) / normal.length;
  assert.ok(Math.abs(mean) < 1e-5 && Math.abs(square - 1) < 1e-5, `${mean}, ${square}`);
});

Deno.test("normalizeImage: an image of one grey stays finite", () => {
  const { data } = normalizeImage({ shape: [3, 2, 2], data: new Float32Array(12).fill(0.25) }, "picture");
  assert.ok(data.every((value) => value === 0));
});

Deno.test("normalizeImage refuses other shapes and names", () => {
  const data = new Float32Array(12);
  assert.throws(() => normalizeImage({ shape: [1, 3, 2, 2], data }), TypeError);
  assert.throws(() => normalizeImage({ shape: [3, 2, 3], data }), TypeError);
  assert.throws(() => normalizeImage({ shape: [3, 2, 2], data }, "none" as "picture"), RangeError);
});
