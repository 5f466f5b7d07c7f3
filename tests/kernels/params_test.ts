import assert from "node:assert/strict";
import { f32, packParams } from "../../kernels/params.ts";

Deno.test("packParams: packs 4 bytes per field, little-endian, padded to 16 bytes", () => {
  const bytes = packParams([1, 0xfedcba98, f32(-1.5), 0, 7]);
  assert.equal(bytes.length, 32);
  const view = new DataView(bytes.buffer);
  assert.equal(view.getUint32(0, true), 1);
  assert.equal(view.getUint32(4, true), 0xfedcba98);
  assert.equal(view.getFloat32(8, true), -1.5);
  assert.equal(view.getUint32(12, true), 0);
  assert.equal(view.getUint32(16, true), 7);
  assert.deepEqual([...bytes.subarray(20)], new Array(12).fill(0));
  assert.equal(packParams([1]).length, 16);
  assert.equal(packParams([1, 2, 3, 4]).length, 16);
});

Deno.test("packParams: rejects a value that is not a u32", () => {
  for (const value of [-1, 0.5, 2 ** 32, NaN, Infinity]) {
    assert.throws(() => packParams([0, value]), {
      name: "RangeError",
      message: `Cannot pack params: field 1 is ${value}, expected a u32`,
    });
  }
});
