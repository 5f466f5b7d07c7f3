/** Hits, missed and false pixels are told apart with any color vision, and by their lightness; so are probabilities. */
import assert from "node:assert/strict";
import { ERROR_COLORS, heatColor } from "../../../src/page/app/viewer/pixels.ts";
import { COLOR_VISIONS, labOf } from "../../support/color_vision.ts";

/** Least difference in CIELAB that is seen at once. */
const LEAST_DIFFERENCE = 30;

/** Least difference in lightness, 0 to 100, that is seen without any color. */
const LEAST_LIGHTNESS = 10;

Deno.test("ERROR_COLORS: differ in color and lightness with any color vision, and from a black background", () => {
  const { hit, missed, false: wrong } = ERROR_COLORS;
  const pairs = [[hit, missed], [hit, wrong], [missed, wrong], [hit, [0, 0, 0]], [wrong, [0, 0, 0]]] as const;
  for (const vision of COLOR_VISIONS) {
    for (const [a, b] of pairs) {
      const [first, second] = [labOf(a, vision), labOf(b, vision)];
      const difference = Math.hypot(...first.map((value, axis) => value - second[axis]!));
      assert.ok(difference > LEAST_DIFFERENCE, `${vision}: ${a} and ${b} differ by ${difference}`);
      const lightness = Math.abs(first[0]! - second[0]!);
      assert.ok(lightness > LEAST_LIGHTNESS, `${vision}: ${a} and ${b} differ by ${lightness} in lightness`);
    }
  }
});

Deno.test("heatColor: higher probabilities are lighter, with any color vision", () => {
  for (const vision of COLOR_VISIONS) {
    const lightness = Array.from({ length: 21 }, (_, step) => labOf(heatColor(step / 20), vision)[0]!);
    assert.ok(
      lightness.every((value, step) => step === 0 || value > lightness[step - 1]! + 1),
      `${vision}: ${lightness}`,
    );
  }
});
