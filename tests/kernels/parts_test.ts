/** Parts of kernels: how they are appended, and those that no test of a single kernel covers. */
import assert from "node:assert/strict";
import { basename } from "node:path";
import { adamStep, STEP_BYTE_LENGTH } from "../../kernels/adam/adam.ts";
import { epilogueFlags } from "../../kernels/conv2d/epilogue.ts";
import { kernel } from "../../kernels/kernel.ts";
import { packParams } from "../../kernels/params.ts";
import { withParts } from "../../kernels/parts/parts.ts";
import { kernelFiles, partFiles, readProject } from "../project/files.ts";
import { runKernel } from "../support/run_kernel.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

Deno.test("withParts: appends the listed parts in order, and nothing without a list", () => {
  const [step, tile] = ["step", "tile"].map((name) => readProject(`kernels/parts/${name}.wgsl`));
  const code = "// Doubles x.\n// Parts: step.wgsl, tile.wgsl.\n// Host: a.ts.\nfn main() {}\n";
  assert.equal(withParts("a/b", code), `${code}\n${step}\n${tile}`);
  assert.equal(withParts("a/b", "fn main() {}\n"), "fn main() {}\n");
});

Deno.test("withParts: rejects a part that does not exist", () => {
  assert.throws(() => withParts("a/b", "// Parts: step.wgsl, gelu.wgsl.\n"), {
    name: "SyntaxError",
    message: 'Cannot define kernel "a/b": there is no part "gelu.wgsl"',
  });
});

Deno.test("withParts: each part is in several kernels, and in the code of their pipelines", () => {
  const kernels = kernelFiles().map((path) => withParts(path, readProject(path)));
  for (const path of partFiles()) {
    const part = readProject(path);
    assert.equal(
      withParts("a/b", `// Parts: ${basename(path)}.\n`),
      `// Parts: ${basename(path)}.\n\n${part}`,
    );
    assert.ok(kernels.filter((code) => code.includes(part)).length > 1, path);
  }
  assert.ok(adamStep(4).kernel.code.endsWith(readProject("kernels/parts/step.wgsl")));
});

Deno.test("step.wgsl: has as many fields as its uniform holds", () => {
  const fields = readProject("kernels/parts/step.wgsl").match(/^ {2}\w+: [uf]32,/gm)!;
  assert.equal(packParams(fields.map(() => 0)).length, STEP_BYTE_LENGTH);
});

Deno.test("epilogueFlags: sets the bits of epilogue.wgsl", () => {
  const bits = new Map(
    [...readProject("kernels/parts/epilogue.wgsl").matchAll(/const (\w+): u32 = (\d+)u;/g)]
      .map(([, name, bit]) => [name, Number(bit)]),
  );
  const [bias, relu, gate, normalized, add] = ["BIAS", "RELU", "GATE", "GATE_NORMALIZED", "ADD"]
    .map((name) => bits.get(name)!);
  assert.equal(epilogueFlags({ bias: true }), bias);
  assert.equal(epilogueFlags({ relu: true }), relu);
  assert.equal(epilogueFlags({ gate: "activation" }), gate);
  assert.equal(epilogueFlags({ gate: "normalized" }), gate! | normalized!);
  assert.equal(epilogueFlags({ add: true }), add);
});

const QUOTIENT = `// Parts: quotient.wgsl.
@group(0) @binding(0) var<storage, read> value: array<u32>;
@group(0) @binding(1) var<storage, read> divisor: array<u32>;
@group(0) @binding(2) var<storage, read_write> result: array<u32>;
@group(0) @binding(3) var<uniform> params: vec4u;

@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3u) {
  result[group.x] = quotient(value[group.x], divisor[group.x]);
}
`;

Deno.test("quotient.wgsl: divides as integers do, next to multiples of the divisor and below 2^24", async () => {
  const divisors = [1, 2, 3, 7, 11, 16, 43, 48, 1000, 4095, 4096, 65537, 2 ** 23, 2 ** 24 - 1];
  const cases = divisors.flatMap((divisor) =>
    [0, 1, 2, 3, 5, 1001, Math.floor((2 ** 24 - 1) / divisor)].flatMap((factor) =>
      [-1, 0, 1].map((more) => [factor * divisor + more, divisor] as const)
    )
  ).filter(([value]) => value >= 0 && value < 2 ** 24);
  const words = (values: number[]) => new Float32Array(Uint32Array.from(values).buffer);
  const { result } = await runKernel(gpu, {
    kernel: kernel("parts/quotient", QUOTIENT),
    params: packParams([0]),
    workgroups: [cases.length, 1, 1],
  }, {
    value: words(cases.map(([value]) => value)),
    divisor: words(cases.map(([, divisor]) => divisor)),
    result: cases.length,
  });
  assert.deepEqual(
    [...new Uint32Array(result.buffer, result.byteOffset, cases.length)],
    cases.map(([value, divisor]) => Math.floor(value / divisor)),
  );
});

const RELU = `// Parts: relu.wgsl.
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> params: vec4u;

@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3u) {
  let value = x[group.x];
  y[2u * group.x] = relu_vec4(value);
  y[2u * group.x + 1u] = vec4f(relu_vec3(value.xyz), relu(value.w));
}
`;

Deno.test("relu.wgsl: maps negative numbers and -infinity to 0, and keeps NaN", async () => {
  const x = [1.5, -1.5, 0, -0, Infinity, -Infinity, NaN, -1e-30, -3e38, 3e38, 1e-30, NaN].map(Math.fround);
  // Rotated, so that each value is also the last component, which takes the scalar path.
  const rotated = Float32Array.from(
    [0, 1, 2, 3].flatMap((start) => [...x.slice(start), ...x.slice(0, start)]),
  );
  const vectors = rotated.length / 4;
  const { y } = await runKernel(gpu, {
    kernel: kernel("parts/relu", RELU),
    params: packParams([0]),
    workgroups: [vectors, 1, 1],
  }, { x: rotated, y: 2 * rotated.length });
  const expected = rotated.map((value) => value < 0 ? 0 : value);
  for (let vector = 0; vector < vectors; vector++) {
    const vectorExpected = expected.slice(4 * vector, 4 * vector + 4);
    for (const at of [8 * vector, 8 * vector + 4]) assert.deepEqual(y.slice(at, at + 4), vectorExpected);
  }
});
