/** How images of any proportions come to an input. */
import assert from "node:assert/strict";
import { cropPlane, formatSize, frameOf, isAtOwnSize, padPlanes } from "../../src/image/input_frame.ts";
import { networkInput } from "../../src/image/network_input.ts";
import { Random } from "../support/random.ts";

Deno.test("frameOf: stretches, pads around the center, or keeps the resolution", () => {
  const frame = (extents: Parameters<typeof frameOf>[0], width: number, height: number) => {
    const { inner, ...outer } = frameOf(extents, { width, height });
    return [outer.width, outer.height, outer.x, outer.y, inner.width, inner.height];
  };
  assert.deepEqual(frame({ size: 64, height: 32 }, 10, 999), [64, 32, 0, 0, 64, 32]);
  assert.deepEqual(frame({ size: 64, fit: "pad" }, 200, 100), [64, 64, 0, 16, 64, 32]);
  assert.deepEqual(frame({ size: 64, fit: "pad" }, 7, 20), [64, 64, 21, 0, 22, 64]);
  assert.deepEqual(frame({ size: 96, height: 64, fit: "pad" }, 64, 64), [96, 64, 16, 0, 64, 64]);
  assert.deepEqual(frame({ size: 64, fit: "pad" }, 4096, 1), [64, 64, 0, 31, 64, 1]);
  assert.deepEqual(frame({ size: 64, patch: 64 }, 100, 30), [100, 30, 0, 0, 100, 30]);
  assert.deepEqual(frame({ size: 64, patch: 64, scale: 0.5 }, 101, 1), [51, 1, 0, 0, 51, 1]);
  assert.deepEqual(
    [{ size: 64 }, { size: 64, fit: "pad" as const }, { size: 64, patch: 64 }].map(isAtOwnSize),
    [
      false,
      true,
      true,
    ],
  );
  assert.deepEqual([formatSize({ size: 64 }), formatSize({ size: 64, height: 32 })], ["64", "64x32"]);
});

Deno.test("cropPlane: takes back what padPlanes put into a frame", () => {
  const frame = frameOf({ size: 32, height: 16, fit: "pad" }, { width: 10, height: 20 });
  const pixels = frame.inner.width * frame.inner.height;
  const inner = new Random(1).floats(2 * pixels, -1, 1);
  const padded = new Float32Array(2 * 32 * 16).fill(7);
  padPlanes(inner, frame, padded);
  assert.equal(padded.filter((value) => value === 7).length, 2 * (32 * 16 - pixels));
  for (const plane of [0, 1]) {
    const whole = padded.subarray(plane * 32 * 16, (plane + 1) * 32 * 16);
    assert.deepEqual(cropPlane(whole, frame), inner.slice(plane * pixels, (plane + 1) * pixels));
  }
});

Deno.test("networkInput: padding is 0, and the image has the pixels that it has in a stretched input of its size", () => {
  const data = Uint8Array.from({ length: 3 * 50 * 20 }, (_, i) => i * 37 % 256);
  const image = { width: 50, height: 20, data };
  for (const normalize of ["imagenet", "picture"] as const) {
    const padded = networkInput(image, { size: 64, height: 32, fit: "pad", normalize });
    const frame = frameOf({ size: 64, height: 32, fit: "pad" }, image);
    assert.deepEqual(padded.shape, [3, 32, 64]);
    const { width, height } = frame.inner;
    assert.deepEqual([width, height, frame.y], [64, 26, 3]);
    const alone = networkInput(image, { size: width, height, normalize });
    for (let channel = 0; channel < 3; channel++) {
      const plane = padded.data.subarray(channel * 64 * 32, (channel + 1) * 64 * 32);
      const expected = alone.data.slice(channel * width * height, (channel + 1) * width * height);
      assert.deepEqual(cropPlane(plane, frame), expected);
      assert.ok(plane.subarray(0, 3 * 64).every((value) => value === 0));
    }
  }
});
