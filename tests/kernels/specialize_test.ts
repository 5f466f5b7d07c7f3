import assert from "node:assert/strict";
import { specialize } from "../../kernels/specialize.ts";

const CODE = `const TILE: u32 = 64u; // TILE: u32 = 1u;
const SHIFT: i32 = -1;
const RATE: f32 = 0.5;
const NORMALIZED: bool = false;
const TILE_ROWS: u32 = TILE / 4u;`;

Deno.test("specialize: writes each type of constant in its notation, and changes nothing else", () => {
  const code = specialize(CODE, { TILE: 32, SHIFT: -7, RATE: 2, NORMALIZED: true });
  assert.equal(
    code,
    `const TILE: u32 = 32u; // TILE: u32 = 1u;
const SHIFT: i32 = -7i;
const RATE: f32 = 2.0;
const NORMALIZED: bool = true;
const TILE_ROWS: u32 = TILE / 4u;`,
  );
  assert.equal(specialize(CODE, {}), CODE);
  assert.match(specialize(CODE, { RATE: 1e-7 }), /RATE: f32 = 1e-7;/);
});

Deno.test("specialize: rejects a name that is not declared as a constant", () => {
  const message = /Cannot specialize: the WGSL code declares no const "(ROWS|LE|tile)"/;
  for (const name of ["ROWS", "LE", "tile"]) {
    assert.throws(() => specialize(CODE, { [name]: 1 }), { name: "RangeError", message });
  }
  assert.throws(() => specialize("override TILE: u32 = 1u;", { TILE: 1 }), RangeError);
});

Deno.test("specialize: rejects a value that does not fit its type", () => {
  const invalid: Record<string, (number | boolean)[]> = {
    TILE: [-1, 1.5, 2 ** 32, NaN, true],
    SHIFT: [2 ** 31, 0.5, false],
    RATE: [NaN, Infinity, true],
    NORMALIZED: [0, 1],
  };
  for (const [name, values] of Object.entries(invalid)) {
    for (const value of values) {
      assert.throws(() => specialize(CODE, { [name]: value }), {
        name: "RangeError",
        message: new RegExp(`const "${name}" is (u32|i32|f32|bool), got ${value}$`),
      });
    }
  }
});
