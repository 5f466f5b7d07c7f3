/** The table of variants and the choices made from it, without a GPU. */
import assert from "node:assert/strict";
import { completeChoices } from "../../kernels/choices.ts";
import { directServes, type PackedWeights } from "../../kernels/conv2d/direct.ts";
import { GEMM_TILES, type GemmShape, uniformLayers } from "../../kernels/gemm/gemm.ts";
import {
  CONV3X3,
  CONV_TRANSPOSE,
  type ConvCase,
  defaultChoices,
  IM2COL_PRODUCT,
  nonDefaultChoices,
  OPERATIONS,
  PRODUCT,
  ROW_SUMS,
  SPLIT_K_PRODUCT,
} from "../../kernels/variants.ts";
import { kernelFiles } from "../project/files.ts";

const KINDS = ["software", "hardware"] as const;

/** Choices of a software adapter without subgroups of 8. */
const WITHOUT_SUBGROUPS = completeChoices(OPERATIONS, "software", {}, ({ needs }) => needs === undefined);

Deno.test("OPERATIONS: each class lists known candidates, and its software fallback is basic and supports every shape", () => {
  for (const { name, variants, classes } of OPERATIONS) {
    for (const [label, row] of classes) {
      assert.match(label, new RegExp(`^${name}/[a-z]+$`));
      for (const kind of KINDS) {
        assert.ok(row[kind].length >= 1 && row[kind].length <= 4, `${label}: one to four candidates`);
        assert.equal(new Set(row[kind]).size, row[kind].length, label);
        assert.deepEqual(row[kind].filter((variant) => !(variant in variants)), [], label);
      }
      const fallbacks = row.software.map((variant) => variants[variant]!).filter((variant) =>
        variant.basic && !("serves" in variant) && variant.needs === undefined
      );
      assert.ok(fallbacks.length > 0, `${label}: no fallback`);
      // On software, defaults need no self-test, except those with subgroups, which are worth it.
      const [first] = row.software.map((name) => variants[name]!);
      assert.ok(first!.basic || /^subgroups of (exactly )?8$/.test(first!.needs!), label);
    }
    for (const { kernels } of Object.values(variants)) {
      assert.ok(kernels.length > 0);
      const files = kernels.map((kernel) => `kernels/${kernel}.wgsl`);
      assert.deepEqual(files.filter((path) => !kernelFiles().includes(path)), []);
    }
  }
  const tiled = [PRODUCT, SPLIT_K_PRODUCT].flatMap(({ variants }) =>
    Object.entries(variants).filter(([, { kernels }]) => kernels.includes("gemm/tiled")).map(([name]) => name)
  );
  assert.deepEqual(tiled, Object.keys(GEMM_TILES));
  // Self-tests are looked up by name.
  const special = OPERATIONS.flatMap(({ variants }) =>
    Object.entries(variants).filter(([, { basic }]) => !basic)
  );
  for (const [name, facts] of special) {
    for (const [other, others] of special) {
      if (name === other) assert.equal(facts, others, `two variants have the name "${name}"`);
    }
  }
});

Deno.test("OPERATIONS: each class contains the shape at which it is timed", () => {
  for (const [name, { sample }] of PRODUCT.classes) assert.equal(PRODUCT.classOf(sample), name);
  for (const [name, { sample }] of SPLIT_K_PRODUCT.classes) {
    assert.equal(SPLIT_K_PRODUCT.classOf(sample), name);
  }
  for (const [name, { sample }] of IM2COL_PRODUCT.classes) assert.equal(IM2COL_PRODUCT.classOf(sample), name);
  for (const [name, { sample }] of ROW_SUMS.classes) assert.equal(ROW_SUMS.classOf(sample), name);
  for (const [name, row] of CONV3X3.classes) {
    assert.equal(CONV3X3.classOf(row.sample), name);
    assert.equal(row.sample.height, row.sample.width, "samples are square");
    assert.equal(row.sample.weights.inputs, row.sample.weights.outputs);
    assert.ok(CONV3X3.variants[row.software[0]!].serves?.(row.sample) ?? true, "its default supports it");
  }
  for (const [, { sample }] of PRODUCT.classes) {
    assert.equal(PRODUCT.choose(defaultChoices("software"), sample), "nn_subgroup");
    assert.equal(PRODUCT.choose(WITHOUT_SUBGROUPS, sample), "nn_uniform");
  }
});

/** The choices on software as plain rules: a table that disagrees would change the bits of runs. */
function plainConv({ weights, strict, ...shape }: ConvCase): string {
  const pixels = shape.batch * shape.height * shape.width;
  const whole = weights.inputs % 16 === 0 && weights.outputs % 16 === 0;
  if (whole && pixels <= 96) return "im2col";
  if (weights.inputs * weights.outputs <= 300 && directServes(shape, weights)) return "direct";
  return !strict && shape.height % 4 === 0 && shape.width % 4 === 0 ? "winograd4" : "winograd2";
}

function plainUniformLayers(shape: GemmShape): number {
  const layers = uniformLayers(shape);
  if (layers === 0) return 0;
  const dispatches = Math.ceil(shape.layers / layers);
  return shape.rows * shape.columns * shape.depth * shape.layers > dispatches * 2e6 ? layers : 0;
}

Deno.test("defaultChoices: on software, equal the plain rules", () => {
  const choices = WITHOUT_SUBGROUPS;
  const seen = new Set<string>();
  for (
    const channels of [[3, 8], [8, 8], [16, 16], [17, 18], [3, 100], [3, 101], [32, 32], [64, 128], [
      512,
      512,
    ]]
  ) {
    for (
      const [height, width] of [[256, 256], [64, 96], [8, 8], [4, 4], [2, 2], [1, 1], [6, 8], [2, 4], [3, 4]]
    ) {
      for (const strict of [false, true]) {
        for (const flipped of [false, true]) {
          const [inputs, outputs] = channels as [number, number];
          const rows = flipped ? inputs : outputs;
          const weights: PackedWeights = { inputs, outputs, flipped, firstRow: 0, rows };
          const shape = { batch: 2, height: height!, width: width!, weights, strict };
          assert.equal(CONV3X3.choose(choices, shape), plainConv(shape), JSON.stringify(shape));
          seen.add(plainConv(shape));
        }
      }
    }
  }
  assert.equal(seen.size, 4);
  const sizes = [16, 32, 64, 128, 256, 1024];
  for (const rows of sizes) {
    for (const columns of sizes) {
      for (const depth of [3, 32, 64, 512]) {
        for (const layers of [1, 16, 36]) {
          const shape = { rows, columns, depth, layers };
          const variant = PRODUCT.choose(choices, shape);
          assert.equal(variant, plainUniformLayers(shape) > 0 ? "nn_uniform" : "nn", JSON.stringify(shape));
          const slices = { depth, count: 1, first: 0 };
          assert.equal(SPLIT_K_PRODUCT.choose(choices, { ...shape, slices }), "nn");
          assert.equal(IM2COL_PRODUCT.choose(choices, shape), "nn");
          const all = defaultChoices("software");
          assert.equal(PRODUCT.choose(all, shape), "nn_subgroup");
          assert.equal(SPLIT_K_PRODUCT.choose(all, { ...shape, slices }), "nn_subgroup");
          assert.equal(IM2COL_PRODUCT.choose(all, shape), "nn_subgroup");
        }
      }
    }
  }
  for (const length of [1, 63, 64, 5000]) {
    assert.equal(ROW_SUMS.choose(choices, { rows: 5, length, rowStride: length, itemStride: 1 }), "rows");
  }
});

Deno.test("defaultChoices: on hardware, multiply through workgroup memory and sum long rows with subgroups", () => {
  const choices = defaultChoices("hardware");
  for (const rows of [16, 32, 48, 112, 128, 1024]) {
    const shape = { rows, columns: 64, depth: 32, layers: 36 };
    assert.match(PRODUCT.choose(choices, shape), /^tiled/);
    assert.match(
      SPLIT_K_PRODUCT.choose(choices, { ...shape, slices: { depth: 32, count: 1, first: 0 } }),
      /^turned/,
    );
    for (const columns of [16, 96, 112, 4608]) {
      assert.equal(IM2COL_PRODUCT.choose(choices, { rows, columns, depth: 16, layers: 1 }), "tiled");
    }
  }
  assert.equal(
    ROW_SUMS.choose(choices, { rows: 5, length: 64, rowStride: 64, itemStride: 1 }),
    "rows_subgroup",
  );
  assert.equal(ROW_SUMS.choose(choices, { rows: 5, length: 63, rowStride: 63, itemStride: 1 }), "rows");
  assert.equal(ROW_SUMS.choose(choices, { rows: 5, length: 64, rowStride: 1, itemStride: 5 }), "rows");
  const input = { batch: 1, channels: 8, height: 4, width: 8 };
  assert.equal(CONV_TRANSPOSE.choose(choices, input), "shared");
  assert.equal(CONV_TRANSPOSE.choose(choices, { ...input, width: 6 }), "registers");
});

Deno.test("completeChoices: given choices precede defaults; unknown classes and variants are ignored", () => {
  const given = {
    "conv3x3/thin": "winograd4",
    "conv3x3/wide": "fft",
    "product/low": "constructor",
    "pool/small": "direct",
  };
  const choices = completeChoices(OPERATIONS, "software", given);
  assert.deepEqual(nonDefaultChoices("software", choices), { "conv3x3/thin": "winograd4" });
  assert.deepEqual(Object.keys(choices), Object.keys(defaultChoices("software")));
});

Deno.test("completeChoices: a variant that is not admitted is replaced by the next default", () => {
  const without = (...rejected: string[]) =>
    completeChoices(
      OPERATIONS,
      "hardware",
      { "conv3x3/thin": "winograd2" },
      (_, name) => !rejected.includes(name),
    );
  assert.equal(without()["product/high"], "tiled");
  assert.equal(without("tiled")["product/high"], "tiled_32x128");
  assert.equal(without("tiled", "tiled_32x128")["product/high"], "nn");
  assert.equal(without("rows_subgroup")["row sums/long"], "rows");
  assert.equal(without("winograd2")["conv3x3/thin"], "direct");
  assert.equal(
    completeChoices(OPERATIONS, "hardware", {}, ({ basic }) => basic === true)["product/low"],
    "nn",
  );
});

Deno.test("Operation.choose: falls back to a variant that supports the shape", () => {
  const weights = { inputs: 64, outputs: 64, flipped: false, firstRow: 0, rows: 64 };
  const odd = { batch: 3, height: 6, width: 6, weights, strict: false };
  const wide = { ...odd, height: 32, width: 32 };
  const choices = { "conv3x3/wide": "direct", "conv3x3/deep": "winograd4" };
  assert.equal(CONV3X3.choose(choices, wide), "winograd4", "weights too large for the uniform");
  assert.equal(CONV3X3.choose(choices, odd), "winograd2", "not whole tiles");
  assert.equal(CONV3X3.choose(choices, { ...wide, strict: true }), "winograd2");
  assert.equal(CONV3X3.choose({}, wide), "winograd4");
});
