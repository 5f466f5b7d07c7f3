import assert from "node:assert/strict";
import { raiseContrast } from "../../src/image/display.ts";

Deno.test("raiseContrast: a dark or flat image fills more levels, up to eight times; others stay", () => {
  const gray = (...values: number[]) => ({
    width: values.length,
    height: 1,
    data: Uint8Array.from(values.flatMap((value) => [value, value, value])),
  });
  assert.deepEqual(raiseContrast(gray(10, 40, 61)), gray(0, 150, 255));
  assert.deepEqual(raiseContrast(gray(200, 202, 203)), gray(0, 16, 24));
  assert.equal(raiseContrast(gray(7, 7)), null);
  assert.equal(raiseContrast(gray(0, 50, 96)), null);
});
