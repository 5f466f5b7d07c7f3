/** Which variants an adapter is trusted with, after their self-tests ran on it. */
import assert from "node:assert/strict";
import { completeChoices } from "../../kernels/choices.ts";
import { gemmNn } from "../../kernels/gemm/gemm.ts";
import { defaultChoices, OPERATIONS } from "../../kernels/variants.ts";
import { CapacityError } from "../../src/gpu/capacity_error.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { openDevice } from "../../src/gpu/open_device.ts";
import { admissionOf } from "../../src/self_test/admission.ts";
import { openVerifiedGpu } from "../../src/self_test/open_verified.ts";
import { chooseVerified } from "../../src/self_test/verdicts.ts";
import { completeConfig } from "../../src/unet/config.ts";
import { planTarget } from "../../src/layers/plan_target.ts";
import { recordPlan } from "../../src/unet/network_plan.ts";
import { SOFTWARE, softwareTest } from "../support/software.ts";

const HARDWARE = defaultChoices("hardware");

/** Runs `body` with a device of its own: these tests break it. */
async function withDevice(body: (gpu: Gpu) => Promise<void>): Promise<void> {
  const gpu = await openDevice(SOFTWARE);
  try {
    await body(gpu);
  } finally {
    gpu.close();
  }
}

async function choose(gpu: Gpu, choices?: typeof HARDWARE): Promise<void> {
  gpu.choices = await chooseVerified(
    gpu,
    choices,
    (label, variant) => admissionOf(gpu).passes(label, variant),
  );
}

/** The kernels of a training step as this device would plan it. */
function kernelsOf(gpu: Gpu): Set<string> {
  const spec = { kind: "train", batch: 4, height: 64, width: 64 } as const;
  const { steps } = recordPlan(completeConfig({ filters: 32 }), planTarget(gpu), spec);
  return new Set(steps.map(({ dispatch }) => dispatch.kernel.label));
}

softwareTest(
  "chooseVerified: the hardware's variants pass on this adapter and are chosen if asked for",
  () =>
    withDevice(async (gpu) => {
      assert.deepEqual(
        gpu.choices,
        completeChoices(OPERATIONS, "software", {}, ({ basic }) => basic === true),
      );
      await choose(gpu);
      const defaults = gpu.choices;
      assert.deepEqual(defaults, completeChoices(OPERATIONS, "software", {}, ({ needs }) => gpu.has(needs)));
      const tested = gpu.has("subgroups of 8") ? 14 : 0;
      assert.equal(gpu.pipelineCount, tested, "of software's defaults, only those by subgroups are tested");
      await choose(gpu, HARDWARE);
      assert.deepEqual(gpu.choices, {
        ...HARDWARE,
        ...(gpu.has("subgroups") ? {} : { "row sums/long": "rows" }),
      });
      const kernels = kernelsOf(gpu);
      const products = [...kernels].filter((label) => label.startsWith("gemm/"));
      assert.deepEqual(products, ["gemm/tiled"]);
      assert.equal(kernels.has("reduce/rows_subgroup"), gpu.has("subgroups"));
      // And back again.
      await choose(gpu);
      assert.deepEqual(gpu.choices, defaults);
      assert.ok(!kernelsOf(gpu).has("gemm/tiled"));
    }),
);

softwareTest(
  "chooseVerified: variants that compute wrongly are not chosen, nor are their kernels planned",
  () =>
    withDevice(async (gpu) => {
      await choose(gpu);
      const before = gpu.choices;
      const read = gpu.read.bind(gpu);
      // Stands in for wrong arithmetic.
      gpu.read = async (buffer, offset, byteLength) =>
        new Float32Array(await read(buffer, offset, byteLength)).map((value) => value + 0.01).buffer;
      await choose(gpu, HARDWARE);
      // What was tested before stays, and basic variants are taken untested.
      const names = ["few", "thin", "slim"].map((name) => `conv3x3/${name}`);
      const basic = Object.fromEntries(names.map((name) => [name, HARDWARE[name]!]));
      assert.deepEqual(gpu.choices, { ...before, ...basic });
      assert.deepEqual([...kernelsOf(gpu)].filter((label) => /tiled|rows_subgroup/.test(label)), []);
    }),
);

softwareTest(
  "chooseVerified: one geometry that fails leaves the others, and no variant is tested twice",
  () =>
    withDevice(async (gpu) => {
      const before = completeChoices(OPERATIONS, "software", {}, ({ needs }) => gpu.has(needs));
      const compile = gpu.compile.bind(gpu);
      let compiled = 0;
      gpu.compile = (kernels) => {
        compiled += kernels.length;
        if (kernels.some(({ code }) => code.includes("const TILE_COLUMNS: u32 = 128u;"))) {
          return Promise.reject(new SyntaxError("Cannot compile kernel"));
        }
        return compile(kernels);
      };
      await choose(gpu, HARDWARE);
      assert.equal(gpu.choices["product/high"], "tiled");
      assert.equal(gpu.choices["product/low"], before["product/low"]);
      const compiledOnce = compiled;
      assert.ok(compiledOnce > 0);
      await choose(gpu, HARDWARE);
      assert.equal(compiled, compiledOnce);
    }),
);

softwareTest(
  "Admission: what the device refuses in a self-test is the variant's failure, not the device's",
  () =>
    withDevice(async (gpu) => {
      const pipeline = gpu.pipeline.bind(gpu);
      const other = gemmNn({ rows: 16, columns: 16, depth: 1, layers: 1 });
      await gpu.compile([other.kernel]);
      // A pipeline of another layout: binding its groups is refused.
      gpu.pipeline = (kernel) => {
        if (kernel.label === "reduce/rows_subgroup") return pipeline(other.kernel);
        return pipeline(kernel);
      };
      const variant = { kernels: ["reduce/rows_subgroup"] };
      assert.equal(await admissionOf(gpu).verdict("rows_subgroup", variant), false);
      gpu.check();
      await gpu.idle();
    }),
);

softwareTest(
  "Admission: a lack of memory is no verdict, and the variant is not chosen",
  () =>
    withDevice(async (gpu) => {
      const variant = { kernels: ["gemm/tiled"] };
      const { createBuffer } = gpu;
      gpu.createBuffer = () => Promise.reject(new CapacityError("Cannot allocate"));
      assert.equal(await admissionOf(gpu).verdict("tiled", variant), null);
      assert.equal(await admissionOf(gpu).passes("tiled", variant), false);
      gpu.createBuffer = createBuffer;
      const popErrorScope = gpu.device.popErrorScope.bind(gpu.device);
      let scopes = 0;
      // The innermost scope of a self-test is the one for memory.
      gpu.device.popErrorScope = async () => {
        const error = await popErrorScope();
        return error ?? (scopes++ === 0 ? { message: "Not enough memory left." } as GPUError : null);
      };
      gpu.createBuffer = (label, byteLength, usage = 0) =>
        Promise.resolve(gpu.device.createBuffer({
          label,
          size: byteLength,
          usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC | usage,
        }));
      gpu.compile = () => Promise.reject(new SyntaxError("stops before any other scope"));
      assert.equal(await admissionOf(gpu).verdict("turned", variant), null);
    }),
);

softwareTest(
  "Admission: a variant without a test, or whose feature is missing, does not pass",
  () =>
    withDevice(async (gpu) => {
      const admission = admissionOf(gpu);
      assert.equal(await admission.passes("new", { kernels: ["gemm/new"] }), false);
      assert.equal(await admission.passes("tiled", { kernels: ["gemm/tiled"] }), true);
      // A test of another geometry says nothing about this one.
      assert.equal(await admission.passes("tiled_256x256", { kernels: ["gemm/tiled"] }), false);
      assert.equal(await admission.passes("direct", { kernels: ["conv2d/direct"] }), true);
      gpu.has = () => false;
      assert.equal(
        await admission.passes("tiled", { kernels: ["gemm/tiled"], needs: "workgroup memory" }),
        false,
      );
    }),
);

softwareTest("openVerifiedGpu: without subgroups, row sums use the basic variant", async () => {
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = function (descriptor) {
    const features = [...(descriptor?.requiredFeatures ?? [])];
    if (features.includes("subgroups")) return Promise.reject(new TypeError("not offered"));
    return request.call(this, descriptor);
  };
  let gpu: Gpu;
  try {
    gpu = await openVerifiedGpu({ ...SOFTWARE, choices: HARDWARE });
  } finally {
    GPUAdapter.prototype.requestDevice = request;
  }
  try {
    assert.equal(gpu.has("subgroups"), false);
    assert.equal(gpu.choices["row sums/long"], "rows");
    assert.equal(gpu.choices["product/middle"], "tiled");
    assert.ok(!kernelsOf(gpu).has("reduce/rows_subgroup"));
  } finally {
    gpu.close();
  }
});
