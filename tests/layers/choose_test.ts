/** The choice among kernel variants, from a device's facts and a layer's sizes. */
import assert from "node:assert/strict";
import type { AdapterKind, KernelChoices } from "../../kernels/choices.ts";
import { CONV3X3, IM2COL_PRODUCT, SPLIT_K_PRODUCT } from "../../kernels/variants.ts";
import {
  chooseConv,
  chooseProduct,
  chooseTranspose,
  exchanges,
  im2colProduct,
  rowSums,
  splitKProduct,
} from "../../src/layers/choose.ts";
import { testTarget } from "../support/plan_target.ts";

const target = (choices: KernelChoices, kind: AdapterKind = "software", strict = false) =>
  testTarget({ kind, choices, strict });

/** A convolution of as many channels as it makes. */
const weightsOf = (channels: number) => ({
  inputs: channels,
  outputs: channels,
  flipped: false,
  firstRow: 0,
  rows: channels,
});

const SAMPLES = {
  few: [{ batch: 1, height: 4, width: 4 }, weightsOf(128)],
  thin: [{ batch: 4, height: 64, width: 64 }, weightsOf(8)],
  wide: [{ batch: 2, height: 32, width: 32 }, weightsOf(64)],
} as const;

Deno.test("chooseConv: takes the choice for the class of the shape", () => {
  for (const variant of ["winograd2", "winograd4"] as const) {
    assert.equal(chooseConv(target({ "conv3x3/wide": variant }), ...SAMPLES.wide), variant);
  }
  assert.equal(chooseConv(target({}), ...SAMPLES.few), "small");
  assert.equal(chooseConv(target({}), { ...SAMPLES.few[0], height: 8 }, weightsOf(128)), "im2col");
  assert.equal(chooseConv(target({}), ...SAMPLES.thin), "fused");
  assert.equal(chooseConv(target({}, "software", true), ...SAMPLES.thin), "direct", "strict");
  assert.equal(chooseConv(target({}, "hardware"), ...SAMPLES.few), "winograd4");
});

Deno.test("chooseConv: never takes a variant that does not serve the layer", () => {
  const [wide, weights] = SAMPLES.wide;
  const winograd4 = { "conv3x3/wide": "winograd4" };
  assert.equal(chooseConv(target(winograd4, "software", true), wide, weights), "winograd2", "strict");
  assert.equal(
    chooseConv(target(winograd4), { ...wide, height: 34 }, weights),
    "winograd2",
    "no whole tiles",
  );
  const [thin] = SAMPLES.thin;
  assert.notEqual(chooseConv(target({}), { ...thin, width: 65 }, weightsOf(8)), "direct", "no whole patches");
  assert.notEqual(
    chooseConv(target({}), SAMPLES.few[0], weightsOf(24)),
    "im2col",
    "no whole tiles of channels",
  );
  assert.notEqual(chooseConv(target({}), SAMPLES.few[0], weightsOf(24)), "small");
  const half = { ...target({}), precision: "f16" as const };
  assert.equal(chooseConv(half, ...SAMPLES.few), "im2col", "sums are not rounded in between");
});

Deno.test("chooseProduct: is one dispatch, or layers of the left operand as uniforms", () => {
  const shape = { rows: 64, columns: 1024, depth: 64, layers: 36 };
  const kernelOf = (choices: KernelChoices) => {
    const chosen = chooseProduct(target(choices), shape);
    return "dispatch" in chosen ? chosen.dispatch.kernel.label : chosen;
  };
  assert.equal(kernelOf({ "product/middle": "nn" }), "gemm/nn");
  assert.equal(kernelOf({ "product/middle": "tiled" }), "gemm/tiled");
  // A uniform window holds 16,384 values: four layers of 64 x 64.
  assert.deepEqual(kernelOf({ "product/middle": "nn_uniform" }), { uniformLayers: 4 });
  const few = chooseProduct(target({ "product/middle": "nn_uniform" }), { ...shape, columns: 16 });
  assert.ok("dispatch" in few, "too few multiplications for the dispatches that uniforms cost");
});

Deno.test("splitKProduct: says which dimension of the operands is contiguous", () => {
  const shape = { rows: 128, columns: 128, depth: 1024, layers: 16 };
  const slices = { depth: 256, count: 4, first: 2 };
  const inner = Object.fromEntries(
    Object.keys(SPLIT_K_PRODUCT.variants).map((variant) => {
      const chosen = splitKProduct(target({ "sliced product/high": variant }), shape, slices);
      return [variant, chosen.inner];
    }),
  );
  assert.deepEqual(inner, {
    nn_subgroup: "mn",
    nn_subgroup4: "mn",
    nn: "mn",
    turned: "k",
    turned_32x32: "k",
  });
  const { dispatch } = splitKProduct(target({ "sliced product/high": "nn" }), shape, slices);
  assert.equal(dispatch.kernel.label, "gemm/nn");
  const other = splitKProduct(target({ "sliced product/high": "nn" }), shape, { ...slices, first: 0 });
  assert.notDeepEqual(dispatch.params, other.dispatch.params, "slices begin where they are told to");
});

Deno.test("im2colProduct: passes on how a gradient accumulates", () => {
  const shape = { rows: 128, columns: 1152, depth: 64, layers: 1 };
  for (const variant of Object.keys(IM2COL_PRODUCT.variants)) {
    const chosen = target({ "im2col product/broad": variant });
    const [plain, adding] = [
      im2colProduct(chosen, shape),
      im2colProduct(chosen, shape, { keep: true, scale: 0.5 }),
    ];
    assert.equal(adding.kernel, plain.kernel, variant);
    assert.notDeepEqual(adding.params, plain.params, variant);
  }
});

Deno.test("chooseTranspose: takes registers for rows that the others do not serve", () => {
  const input = { batch: 1, channels: 8, height: 4, width: 4 };
  assert.equal(chooseTranspose(target({}, "hardware"), input), "shared");
  assert.equal(chooseTranspose(target({}, "hardware"), { ...input, width: 2 }), "registers");
  assert.equal(chooseTranspose(target({}), { ...input, width: 2 }), "subgroup");
  assert.equal(chooseTranspose(target({}), { ...input, width: 3 }), "registers");
  assert.equal(chooseTranspose(target({}), { ...input, channels: 2 }), "registers");
});

Deno.test("exchanges: by default on software, otherwise by choice", () => {
  const shape = { batch: 1, channels: 16, height: 8, width: 8 };
  assert.ok(exchanges(target({}), shape));
  assert.ok(!exchanges(target({}, "hardware"), shape));
  assert.ok(!exchanges(target({ "winograd transform/all": "alone" }), shape));
});

Deno.test("rowSums: sums contiguous long rows by subgroups where chosen, all others by invocations", () => {
  const long = { rows: 576, length: 256, rowStride: 256, itemStride: 1 };
  const hardware = target({}, "hardware");
  assert.equal(rowSums(hardware, long).kernel.label, "reduce/rows_subgroup");
  assert.equal(rowSums(target({}), long).kernel.label, "reduce/rows");
  assert.equal(rowSums(hardware, { ...long, length: 8 }).kernel.label, "reduce/rows");
  assert.equal(rowSums(hardware, { ...long, rowStride: 1, itemStride: 576 }).kernel.label, "reduce/rows");
});

Deno.test("chooseConv: every class has a choice that serves its sample, for every kind of adapter", () => {
  for (const kind of ["software", "hardware"] as const) {
    for (const strict of [false, true]) {
      for (const [name, { sample }] of CONV3X3.classes) {
        const variant = chooseConv(target({}, kind, strict), sample, sample.weights);
        assert.ok(CONV3X3.variants[variant].serves?.({ ...sample, strict }) ?? true, name);
      }
    }
  }
});
