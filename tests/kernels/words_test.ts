import assert from "node:assert/strict";
import { defineKernel } from "../../kernels/kernel.ts";
import { packParams } from "../../kernels/params.ts";
import { withParts } from "../../kernels/parts/parts.ts";
import { KERNEL_SOURCES } from "../../kernels/sources.ts";
import { withWords } from "../../kernels/words.ts";
import { runKernel } from "../support/run_kernel.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const HEAD = `alias Y = vec4f;
@group(0) @binding(0) var<storage, read> x: array<vec4f>; // x[0]
@group(0) @binding(1) var<storage, read> places: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<Y>;
@group(0) @binding(3) var<storage, read_write> p: array<vec2f>;
@group(0) @binding(4) var<uniform> params: vec4u;
`;

/** The body of a kernel, rewritten. */
function rewritten(body: string): string {
  const code = withWords(HEAD + body);
  assert.ok(code.includes("x: array<vec2<u64>>; // x[0]\n") && code.includes("y: array<vec2<u64>>;"), code);
  return code.slice(
    code.indexOf("params: vec4u;\n") + 15,
    code.search(/\nfn (pair_of_word|vector_of_words)/),
  );
}

Deno.test("withWords: loads and stores of vectors, whatever their index and value are", () => {
  for (
    const [body, expected] of [
      ["let a = x[i + 1u].w;", "let a = vector_of_words(x[i + 1u]).w;"],
      ["let a = x[places[i]][2] == 1.0;", "let a = vector_of_words(x[places[i]])[2] == 1.0;"],
      ["y[i] = f(x[i], 2.0);", "y[i] = words_of_vector(f(vector_of_words(x[i]), 2.0));"],
      ["y[u32(x[0].x)] = a;", "y[u32(vector_of_words(x[0]).x)] = words_of_vector(a);"],
      ["y[i] *= a + b;", "y[i] = words_of_vector(vector_of_words(y[i]) * (a + b));"],
      ["if (y[i].x == 0.0) { box[0] = 1.0; }", "if (vector_of_words(y[i]).x == 0.0) { box[0] = 1.0; }"],
      ["y[i] = g(\n  x[i],\n);", "y[i] = words_of_vector(g(\n  vector_of_words(x[i]),\n));"],
      ["// y[i] = x[\nlet a = s.x[0];", "// y[i] = x[\nlet a = s.x[0];"],
      ["p[i] += x[i].xy;", "p[i] = word_of_pair(pair_of_word(p[i]) + (vector_of_words(x[i]).xy));"],
    ] as const
  ) assert.equal(rewritten(body), expected, body);
});

Deno.test("withWords: code that uses a binding otherwise, or has none, stays as it is", () => {
  for (
    const body of [
      "y[i].x = 1.0;",
      "y[i][j] += 1.0;",
      "f(&x);",
      "let x = array<f32, 2>();",
      "fn f(x: vec4f) {}",
      "y[i",
    ]
  ) {
    assert.equal(withWords(HEAD + body), HEAD + body, body);
  }
  const single = "@group(0) @binding(0) var<storage, read> x: array<f32>;\nlet a = x[0];";
  assert.equal(withWords(single), single);
});

Deno.test("withWords: all kernels with vectors but two, with their parts, line by line", () => {
  const kept = [...KERNEL_SOURCES].filter(([path, text]) => {
    if (
      !/var<storage, \w+> \w+: array<vec[24]f>|alias \w+ = vec[24]f/.test(text) || !path.endsWith(".wgsl")
    ) {
      return false;
    }
    const code = withParts(path, text);
    const words = withWords(code);
    assert.ok(
      words.startsWith("//") && (words === code || words.split("\n").length > code.split("\n").length),
    );
    return words === code;
  });
  assert.deepEqual(kept.map(([path]) => path), ["conv2d/direct.wgsl", "instance_norm/backward.wgsl"]);
});

Deno.test("Gpu.textOf: vectors are words on a software adapter, and every bit passes", async () => {
  const gpu = await openTestGpu();
  const kernel = defineKernel(
    "test/copy",
    `@group(0) @binding(0) var<storage, read> x: array<vec4f>;
    @group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
    @group(0) @binding(2) var<uniform> params: vec4u;
    @compute @workgroup_size(8) fn main(@builtin(global_invocation_id) id: vec3u) { y[id.x] = x[id.x]; }`,
  );
  assert.equal(gpu.textOf(kernel) !== kernel.code, gpu.adapter.isFallback);
  // Zeros of both signs, subnormal values, infinities, NaN with and without a payload, and neighbors that differ.
  const bits = Uint32Array.from({ length: 32 }, (_, index) => Math.imul(index, 0x9e3779b9));
  bits.set([
    0x80000000,
    1,
    0x807fffff,
    0x7f800000,
    0xff800000,
    0x7fc00000,
    0x7f800001,
    0xffffffff,
    0x3f800000,
  ]);
  const dispatch = { kernel, params: packParams([0]), workgroups: [1, 1, 1] as const };
  const { y } = await runKernel(gpu, dispatch, { x: new Float32Array(bits.buffer), y: 32 });
  assert.deepEqual(new Uint32Array(y.buffer, y.byteOffset, 32), bits);
});
