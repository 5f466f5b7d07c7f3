/** A variant is chosen on an adapter only after its self-test passed there. */
import assert from "node:assert/strict";
import { gemmNn } from "../../kernels/gemm/gemm.ts";
import { completeChoices } from "../../kernels/choices.ts";
import { defaultChoices, OPERATIONS } from "../../kernels/variants.ts";
import { type Gpu, openGpu } from "../../src/gpu/gpu.ts";
import { completeConfig } from "../../src/unet/config.ts";
import { planTarget } from "../../src/unet/executor.ts";
import { recordPlan } from "../../src/unet/network_plan.ts";
import { SOFTWARE, softwareTest } from "../support/software.ts";

const HARDWARE = defaultChoices("hardware");

async function withGpu(body: (gpu: Gpu) => Promise<void>): Promise<void> {
  const gpu = await openGpu(SOFTWARE);
  try {
    await body(gpu);
  } finally {
    gpu.close();
  }
}

/** The kernels of a training step as this device would plan it. */
function kernelsOf(gpu: Gpu): Set<string> {
  const spec = { kind: "train", batch: 4, height: 64, width: 64 } as const;
  const { steps } = recordPlan(completeConfig({ filters: 32 }), planTarget(gpu), spec);
  return new Set(steps.map(({ dispatch }) => dispatch.kernel.label));
}

softwareTest(
  "admission: the hardware's variants pass on this adapter and are chosen where they are asked for",
  () =>
    withGpu(async (gpu) => {
      const defaults = gpu.choices;
      assert.deepEqual(defaults, completeChoices(OPERATIONS, "software", {}, ({ needs }) => gpu.has(needs)));
      const tested = gpu.has("subgroups of 8") ? 3 : 0;
      assert.equal(
        gpu.pipelineCount,
        tested,
        "of software's defaults, those by subgroups alone are waited for",
      );
      await gpu.choose(HARDWARE);
      assert.deepEqual(gpu.choices, {
        ...HARDWARE,
        ...(gpu.has("subgroups") ? {} : { "row sums/long": "rows" }),
      });
      const kernels = kernelsOf(gpu);
      const products = [...kernels].filter((label) => label.startsWith("gemm/"));
      assert.deepEqual(products, ["gemm/tiled"]);
      assert.equal(kernels.has("reduce/rows_subgroup"), gpu.has("subgroups"));
      // And back again.
      await gpu.choose();
      assert.deepEqual(gpu.choices, defaults);
      assert.ok(!kernelsOf(gpu).has("gemm/tiled"));
    }),
);

softwareTest(
  "admission: variants that compute wrongly are not chosen, nor any kernel of theirs planned",
  () =>
    withGpu(async (gpu) => {
      const before = gpu.choices;
      const read = gpu.read.bind(gpu);
      // What is read back stands in for the adapter's arithmetic.
      gpu.read = async (buffer, offset, byteLength) =>
        new Float32Array(await read(buffer, offset, byteLength)).map((value) => value + 0.01).buffer;
      await gpu.choose(HARDWARE);
      // What was tested before stays, and basic ones are taken as they are asked for.
      const few = { "conv3x3/few": HARDWARE["conv3x3/few"]! };
      assert.deepEqual(gpu.choices, { ...before, ...few });
      assert.deepEqual([...kernelsOf(gpu)].filter((label) => /tiled|subgroup/.test(label)), []);
    }),
);

softwareTest(
  "admission: one geometry that is wrong leaves the others, and no variant is tested twice",
  () =>
    withGpu(async (gpu) => {
      const { choices: before } = gpu;
      const compile = gpu.compile.bind(gpu);
      let compiled = 0;
      gpu.compile = (kernels) => {
        compiled += kernels.length;
        if (kernels.some(({ code }) => code.includes("const TILE_COLUMNS: u32 = 128u;"))) {
          return Promise.reject(new SyntaxError("Cannot compile kernel"));
        }
        return compile(kernels);
      };
      await gpu.choose(HARDWARE);
      assert.equal(gpu.choices["product/high"], "tiled");
      assert.equal(gpu.choices["product/low"], before["product/low"]);
      const compiledOnce = compiled;
      await gpu.choose(HARDWARE);
      assert.equal(compiled, compiledOnce);
    }),
);

softwareTest(
  "admission: what the device refuses in a self-test is the variant's failure, not the device's",
  () =>
    withGpu(async (gpu) => {
      const pipeline = gpu.pipeline.bind(gpu);
      const other = gemmNn({ rows: 16, columns: 16, depth: 1, layers: 1 });
      await gpu.compile([other.kernel]);
      // A pipeline of another layout: binding its groups is refused.
      gpu.pipeline = (kernel) => {
        if (kernel.label === "reduce/rows_subgroup") return pipeline(other.kernel);
        return pipeline(kernel);
      };
      assert.equal(await gpu.admission.passes("rows_subgroup", { kernels: ["reduce/rows_subgroup"] }), false);
      gpu.check();
      await gpu.idle();
    }),
);

softwareTest(
  "admission: a variant without any test, and one whose feature is missing, do not pass",
  () =>
    withGpu(async (gpu) => {
      assert.equal(await gpu.admission.passes("new", { kernels: ["gemm/new"] }), false);
      assert.equal(await gpu.admission.passes("tiled", { kernels: ["gemm/tiled"] }), true);
      // One test that is not of this geometry says nothing of it.
      assert.equal(await gpu.admission.passes("tiled_256x256", { kernels: ["gemm/tiled"] }), false);
      assert.equal(await gpu.admission.passes("direct", { kernels: ["conv2d/direct"] }), true);
    }),
);

softwareTest("admission: without subgroups, sums go the basic way", async () => {
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = function (descriptor) {
    const features = [...(descriptor?.requiredFeatures ?? [])];
    if (features.includes("subgroups")) return Promise.reject(new TypeError("not offered"));
    return request.call(this, descriptor);
  };
  let gpu: Gpu;
  try {
    gpu = await openGpu({ ...SOFTWARE, choices: HARDWARE });
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
