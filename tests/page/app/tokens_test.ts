/** Colors of the page, before a browser mixes them: tests/browser proves what is drawn. */
import assert from "node:assert/strict";
import { colorOfHex } from "../../../src/image/palette.ts";
import tokens from "../../../src/page/app/style/tokens.css" with { type: "text" };
import { COLOR_VISIONS, labOf } from "../../support/color_vision.ts";

const [light, dark] = [tokens.split("@media")[0]!, tokens.split("@media")[1]!].map((part) =>
  new Map(
    [...part.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, hex]) => [name!, colorOfHex(hex!)!]),
  )
);
const SCHEMES = { light: light!, dark: new Map([...light!, ...dark!]) };

function contrast(a: readonly number[], b: readonly number[]): number {
  const luminance = (color: readonly number[]) => {
    const [r, g, b] = color.map((value) =>
      value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4
    );
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  };
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high! + 0.05) / (low! + 0.05);
}

Deno.test("tokens.css: texts have a contrast of 4.5 on every ground, controls and lines of charts one of 3", () => {
  for (const [scheme, colors] of Object.entries(SCHEMES)) {
    const color = (name: string) => colors.get(name)!;
    const check = (name: string, ground: string, least: number) => {
      const value = contrast(color(name), color(ground));
      assert.ok(
        value >= least,
        `${scheme}: --${name} on --${ground} has ${value.toFixed(2)}, expected ${least}`,
      );
    };
    const series = [...colors.keys()].filter((name) => name.startsWith("series-"));
    assert.equal(series.length, 8);
    for (const ground of ["bg", "surface", "raised"]) {
      for (const name of ["text", "muted", "accent", "ok", "warn", "bad"]) check(name, ground, 4.5);
      for (const name of ["control", ...series]) check(name, ground, 3);
    }
    for (const name of ["ok", "warn", "bad"]) {
      check(name, `${name}-soft`, 4.5);
      check("text", `${name}-soft`, 4.5);
    }
    check("on-accent", "accent", 4.5);
    check("text", "accent-soft", 4.5);
    check("image-text", "image-bg", 4.5);
  }
});

Deno.test("tokens.css: lines of charts are told apart by each kind of color vision", () => {
  for (const [scheme, colors] of Object.entries(SCHEMES)) {
    for (const vision of COLOR_VISIONS) {
      const seen = [...colors].filter(([name]) => name.startsWith("series-"))
        .map(([, color]) => labOf(color, vision));
      seen.forEach((a, i) =>
        seen.slice(0, i).forEach((b, j) => {
          const distance = Math.hypot(...a.map((x, k) => x - b[k]!));
          assert.ok(
            distance > 18,
            `${scheme}, ${vision}: lines ${j + 1} and ${i + 1} are ${distance.toFixed(1)} apart`,
          );
        })
      );
    }
  }
});
