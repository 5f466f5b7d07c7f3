import assert from "node:assert/strict";
import { invertInput } from "../../src/appearance/invert.ts";
import { IMAGENET_DEVIATION, IMAGENET_MEAN } from "../../src/image/normalize.ts";
import type { Tensor } from "../../src/tensor.ts";

const SIDE = 20;
const PIXELS = SIDE * SIDE;

/** An input of color values from 0 to 1, normalized by ImageNet's moments or by a mean of 0.4 and a deviation of 0.2. */
function input(value: (channel: number, at: number) => number, own: boolean): Tensor {
  const data = Float32Array.from({ length: 3 * PIXELS }, (_, i) => {
    const channel = Math.floor(i / PIXELS);
    const [mean, deviation] = own ? [0.4, 0.2] : [IMAGENET_MEAN[channel]!, IMAGENET_DEVIATION[channel]!];
    return (value(channel, i % PIXELS) - mean) / deviation;
  });
  return { shape: [3, SIDE, SIDE], data };
}

/** A ramp of gray from 0 to 1, with some color. */
const ramp = (channel: number, at: number) =>
  Math.min(1, at / (PIXELS - 1) + (at % 7 === 3 ? 0.05 * channel : 0));

/** The formula of `invertInput` for values from 0 to 1, with black and white as given. */
function swapped(value: number, gray: number, black: number, white: number): number {
  const relative = (of: number) => Math.min(1.1, Math.max(0, (of - black) / (white - black)));
  const t = Math.min(1, Math.max(0, (relative(gray) - 0.15) / 0.1));
  const share = 3 * t ** 2 - 2 * t ** 3;
  return share * Math.max(0, 1.2 - relative(value)) + (1 - share) * relative(value);
}

Deno.test("invertInput: equals plain loops over the values, and keeps their range", () => {
  const { data, shape } = invertInput(input(ramp, false), "imagenet");
  assert.deepEqual(shape, [3, SIDE, SIDE]);
  const grays = Array.from({ length: PIXELS }, (_, at) => (ramp(0, at) + ramp(1, at) + ramp(2, at)) / 3);
  const sorted = grays.toSorted((a, b) => a - b);
  const [black, white] = [sorted[2]!, sorted[398]!];
  for (let i = 0; i < data.length; i++) {
    const channel = Math.floor(i / PIXELS);
    const gray = grays[i % PIXELS]!;
    const expected = black + (white - black) * swapped(ramp(channel, i % PIXELS), gray, black, white);
    const value = data[i]! * IMAGENET_DEVIATION[channel]! + IMAGENET_MEAN[channel]!;
    assert.ok(Math.abs(value - expected) < 1e-5, `${i}: ${value}, expected ${expected}`);
  }
});

Deno.test("invertInput: a gray result is that of the mean of the channels", () => {
  const mean = input((_, at) => (ramp(0, at) + ramp(1, at) + ramp(2, at)) / 3, true);
  const { data } = invertInput(input(ramp, true), "picture", { gray: true });
  const { data: expected } = invertInput(mean, "picture");
  assert.ok(data.every((value, i) => Math.abs(value - expected[i]!) < 1e-5));
});

Deno.test("invertInput: black stays darkest, the darkest tissue becomes brightest", () => {
  const levels = [0, 0.3, 0.6, 1];
  const { data } = invertInput(input((_, at) => levels[at % 4]!, true), "picture");
  const [air, dark, middle, white] = data as unknown as [number, number, number, number];
  assert.ok(air < white && white < middle && middle < dark, `${[air, dark, middle, white]}`);
});

Deno.test("invertInput: normalized by its own moments, the result has mean 0 and deviation 1; padding stays 0", () => {
  const padded = input(ramp, true);
  const isPadded = (at: number) => at % SIDE < 4;
  for (let i = 0; i < padded.data.length; i++) if (isPadded(i % PIXELS)) padded.data[i] = 0;
  const { data } = invertInput(padded, "picture");
  const inside = data.filter((_, i) => !isPadded(i % PIXELS));
  assert.ok(data.every((value, i) => !isPadded(i % PIXELS) || value === 0));
  const mean = inside.reduce((sum, value) => sum + value, 0) / inside.length;
  const square = inside.reduce((sum, value) => sum + value ** 2, 0) / inside.length;
  assert.ok(Math.abs(mean) < 1e-6 && Math.abs(square - 1) < 1e-6, `${mean}, ${square}`);
});

Deno.test("invertInput: stays finite for an image of one color, and for one of padding only", () => {
  for (const normalize of ["imagenet", "picture"] as const) {
    for (const value of [0, 0.5]) {
      const data = new Float32Array(3 * PIXELS).fill(value);
      const { data: inverted } = invertInput({ shape: [3, SIDE, SIDE], data }, normalize);
      assert.ok(inverted.every(Number.isFinite), `${normalize}, ${value}`);
    }
  }
});
