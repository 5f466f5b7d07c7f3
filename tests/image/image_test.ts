import assert from "node:assert/strict";
import { assertImage, assertSize, fullScale, toBytes } from "../../src/image/image.ts";

const SIZE = { width: 3, height: 1, channels: 1, spacing: [0.5, 0.25] } as const;

Deno.test("toBytes: scales every sample type to 0..255, rounds and clamps, and keeps the spacing", () => {
  const bytes = Uint8Array.of(0, 128, 255);
  assert.deepEqual(toBytes({ ...SIZE, data: bytes }), { ...SIZE, data: bytes });
  const words = Uint16Array.of(0, 257 * 128 + 100, 65535);
  assert.deepEqual(toBytes({ ...SIZE, data: words }), { ...SIZE, data: Uint8Array.of(0, 128, 255) });
  const floats = Float32Array.of(-0.5, 0.502, 1.5);
  assert.deepEqual(toBytes({ ...SIZE, data: floats }), { ...SIZE, data: Uint8Array.of(0, 128, 255) });
});

Deno.test("fullScale: is the largest integer sample, and 1 for floating point", () => {
  const types = [new Uint8Array(1), new Uint16Array(1), new Float32Array(1)];
  assert.deepEqual(types.map(fullScale), [255, 65535, 1]);
});

Deno.test("assertImage, assertSize: name the action, the size and the number of samples", () => {
  assertImage({ width: 2, height: 2, data: new Float32Array(12) }, 3, "test");
  assert.throws(() => assertImage({ width: 2, height: 2, data: new Uint16Array(3) }, 1, "test"), {
    name: "TypeError",
    message: "Cannot test: 2 x 2 pixels need 4 samples, got 3",
  });
  for (const [width, height] of [[0, 1], [1, 0.5], [NaN, 1], [-1, -1]] as const) {
    assert.throws(() => assertSize({ width, height }, "test"), {
      name: "RangeError",
      message: `Cannot test: invalid size ${width} x ${height}, expected integers >= 1`,
    });
  }
});
