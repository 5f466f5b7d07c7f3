import assert from "node:assert/strict";
import {
  classColor,
  classColors,
  colorOfHex,
  colorToHex,
  DISTINCT_COLORS,
  ERROR_COLORS,
  IGNORE_COLOR,
} from "../../src/image/palette.ts";
import { COLOR_VISIONS, labOf } from "../support/color_vision.ts";

const distance = (a: readonly number[], b: readonly number[]) => Math.hypot(...a.map((x, i) => x - b[i]!));

Deno.test("classColors: distinct for each kind of color vision, up to 16 classes", () => {
  assert.equal(DISTINCT_COLORS, 16);
  for (const vision of COLOR_VISIONS) {
    const seen = [...classColors(DISTINCT_COLORS)].map((color) => labOf(color, vision));
    seen.forEach((a, i) =>
      seen.slice(0, i).forEach((b, j) =>
        assert.ok(distance(a, b) > 14, `${vision}: classes ${j + 1} and ${i + 1}: ${distance(a, b)}`)
      )
    );
  }
});

Deno.test("classColor: no two of 254 classes share one, nor that of ignored pixels or black and white", () => {
  const colors = classColors(254).map(colorToHex);
  assert.equal(new Set([...colors, colorToHex(IGNORE_COLOR), "#000000", "#ffffff"]).size, 257);
  assert.deepEqual(classColors(3), [classColor(1), classColor(2), classColor(3)]);
  for (const index of [0, 255, 1.5, NaN]) assert.throws(() => classColor(index), RangeError);
});

Deno.test("colorToHex, colorOfHex: are each other's inverse", () => {
  for (const color of classColors(254)) assert.deepEqual(colorOfHex(colorToHex(color)), color);
  assert.equal(colorToHex([1, 2, 255]), "#0102ff");
  for (const text of ["", "#12345", "#1234567", "red", "#12345g"]) assert.equal(colorOfHex(text), null);
});

Deno.test("ERROR_COLORS: distinct for each kind of color vision, and in gray from hit to missed", () => {
  const { hit, missed, false: wrong } = ERROR_COLORS;
  for (const vision of COLOR_VISIONS) {
    const [a, b, c] = [hit, wrong, missed].map((color) => labOf(color, vision));
    assert.ok(distance(a!, b!) > 35 && distance(b!, c!) > 35 && distance(a!, c!) > 35, vision);
    assert.ok(a![0]! + 8 < b![0]! && b![0]! + 30 < c![0]!, `${vision}: ${[a![0], b![0], c![0]]}`);
  }
});
