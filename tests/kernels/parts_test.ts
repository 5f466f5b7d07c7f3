/** Parts of kernels: how a text becomes whole with them, and what those compute that are not tested with one kernel. */
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

Deno.test("parts: those that a text names stand behind it, in order; without any it stays as it is", () => {
  const [step, tile] = ["step", "tile"].map((name) => readProject(`kernels/parts/${name}.wgsl`));
  const code = "// Doubles x.\n// Parts: step.wgsl, tile.wgsl.\n// Host: a.ts.\nfn main() {}\n";
  assert.equal(withParts("a/b", code), `${code}\n${step}\n${tile}`);
  assert.equal(withParts("a/b", "fn main() {}\n"), "fn main() {}\n");
});

Deno.test("parts: one that does not exist is refused", () => {
  assert.throws(() => withParts("a/b", "// Parts: step.wgsl, gelu.wgsl.\n"), {
    name: "SyntaxError",
    message: 'Cannot define kernel "a/b": there is no part "gelu.wgsl"',
  });
});

Deno.test("parts: each is in several kernels, whose whole text is what is compiled and kept choices hang on", () => {
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

Deno.test("parts: a step has as many fields as its uniform has room for", () => {
  const fields = readProject("kernels/parts/step.wgsl").match(/^ {2}\w+: [uf]32,/gm)!;
  assert.equal(packParams(fields.map(() => 0)).length, STEP_BYTE_LENGTH);
});

Deno.test("parts: the bits of an epilogue are those that the host sets", () => {
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

Deno.test("parts: a ReLU turns negative numbers to 0, infinite ones too, and keeps what is not a number", async () => {
  const x = [1.5, -1.5, 0, -0, Infinity, -Infinity, NaN, -1e-30, -3e38, 3e38, 1e-30, NaN].map(Math.fround);
  // All of them also as the last component, which goes the scalar way.
  const turns = Float32Array.from([0, 1, 2, 3].flatMap((turn) => [...x.slice(turn), ...x.slice(0, turn)]));
  const vectors = turns.length / 4;
  const { y } = await runKernel(gpu, {
    kernel: kernel("parts/relu", RELU),
    params: packParams([0]),
    workgroups: [vectors, 1, 1],
  }, { x: turns, y: 2 * turns.length });
  const expected = turns.map((value) => value < 0 ? 0 : value);
  for (let vector = 0; vector < vectors; vector++) {
    const wanted = expected.slice(4 * vector, 4 * vector + 4);
    for (const at of [8 * vector, 8 * vector + 4]) assert.deepEqual(y.slice(at, at + 4), wanted);
  }
});
