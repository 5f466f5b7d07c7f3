import assert from "node:assert/strict";
import { defineKernel, kernel } from "../../kernels/kernel.ts";

const CODE = `const TILE: u32 = 64u;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0)
@binding(1) var<uniform> weights : array<vec4f, 4096>;
@group(0) @binding(2) var<storage,read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;
var<workgroup> sums: array<f32, 64>;
`;

Deno.test("defineKernel: reads bindings and their access from the code", () => {
  assert.deepEqual(defineKernel("a/b", CODE), {
    label: "a/b",
    code: CODE,
    bindings: [
      { name: "x", access: "read" },
      { name: "weights", access: "uniform" },
      { name: "y", access: "read_write" },
      { name: "params", access: "uniform" },
    ],
  });
});

Deno.test("defineKernel: rejects binding numbers that are out of order", () => {
  for (const code of [CODE.replace("binding(2)", "binding(4)"), CODE.replace("binding(1)", "binding(0)")]) {
    assert.throws(() => defineKernel("a/b", code), {
      name: "SyntaxError",
      message: /^Cannot define kernel "a\/b": expected binding \d, got \d$/,
    });
  }
});

Deno.test("defineKernel: rejects code whose last binding is not params", () => {
  const message = 'Cannot define kernel "a/b": its last binding is not "params"';
  for (const code of ["", CODE.replace("params:", "settings:"), CODE.replace(/.*params.*/, "")]) {
    assert.throws(() => defineKernel("a/b", code), { name: "SyntaxError", message });
  }
});

Deno.test("kernel: returns the same object for equal constants, so that they share a pipeline", () => {
  const first = kernel("test/same", CODE, { TILE: 32 });
  assert.equal(kernel("test/same", CODE, { TILE: 32 }), first);
  assert.notEqual(kernel("test/same", CODE, { TILE: 16 }), first);
  assert.match(first.code, /TILE: u32 = 32u/);
});
