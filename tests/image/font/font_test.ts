import assert from "node:assert/strict";
import { coverageOf } from "../../../src/image/font/coverage.ts";
import { textCoverage, textWidth } from "../../../src/image/font/font.ts";
import glyphs from "../../fixtures/font/glyphs.json" with { type: "json" };

Deno.test("textCoverage: draws glyphs as FreeType does", () => {
  for (const { letter, size, advance, left, top, width, pixels } of glyphs) {
    assert.ok(Math.abs(textWidth(letter, size) - advance) < 1e-3, `${letter} advances`);
    const expected = Uint8Array.fromBase64(pixels);
    const differences = Float64Array.from(expected);
    for (const glyph of textCoverage(letter, 0, 0, size)) {
      glyph.data.forEach((share, at) => {
        const x = glyph.left - left + at % glyph.width;
        const y = glyph.top - top + Math.floor(at / glyph.width);
        if (share > 0) differences[y * width + x]! -= 255 * share;
      });
    }
    const worst = Math.max(...differences.map(Math.abs));
    const mean = differences.reduce((sum, value) => sum + Math.abs(value), 0) / expected.length;
    // FreeType draws a curve by lines that are up to 1/16 of a pixel from it.
    assert.ok(worst < 255 / 12 && mean < 4, `${letter} of ${size} px: ${worst}, ${mean}`);
  }
});

Deno.test("textCoverage: a text is its glyphs one after the other, at fractions of pixels", () => {
  const [, second] = [...textCoverage("ab", 0.25, 20, 16)];
  const [alone] = [...textCoverage("b", 0.25 + textWidth("a", 16), 20, 16)];
  assert.deepEqual(second, alone);
  assert.deepEqual([...textCoverage("  \u{1f9e0}", 0, 20, 16)], []);
});

Deno.test("coverageOf: areas are exact, holes are empty, and what overlaps is filled once", () => {
  const square = (x: number, y: number, side: number, turn = 1) => {
    const corners = [[x, y], [x + side, y], [x + side, y + side], [x, y + side]] as const;
    const points = corners.map(([x, y]) => ({ x, y, onCurve: true }));
    return turn > 0 ? points : points.reverse();
  };
  const place = { x: 0, y: 8, scale: 1 };
  const area = (contours: Parameters<typeof coverageOf>[0]) =>
    coverageOf(contours, place)!.data.reduce((sum, share) => sum + share, 0);
  assert.ok(Math.abs(area([square(0.3, 0.6, 2.5)]) - 6.25) < 1e-5);
  assert.ok(Math.abs(area([square(0, 0, 4), square(1, 1, 2, -1)]) - 12) < 1e-5);
  assert.ok(Math.abs(area([square(0, 0, 4), square(2, 2, 4)]) - 28) < 1e-5);
  // Between a parabola and its chord there are two thirds of the triangle of its tangents.
  const bow = square(0, 0, 6).map((point, index) => ({ ...point, onCurve: index !== 2 }));
  assert.ok(Math.abs(area([bow]) - 30) < 0.06);
  const { left, top, width, height, data } = coverageOf([square(0.5, 0, 2)], place)!;
  assert.deepEqual([left, top, width, height], [0, 6, 3, 3]);
  assert.deepEqual([...data], [0.5, 1, 0.5, 0.5, 1, 0.5, 0, 0, 0]);
  assert.equal(coverageOf([], place), null);
});
