/** Which variants an adapter is trusted with, after their self-tests ran on it. */
import assert from "node:assert/strict";
import { gemmNn } from "../../kernels/gemm/gemm.ts";
import { defaultChoices } from "../../kernels/variants.ts";
import { CapacityError } from "../../src/gpu/capacity_error.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { openDevice } from "../../src/gpu/open_device.ts";
import { admissionOf } from "../../src/self_test/admission.ts";
import { openVerifiedGpu } from "../../src/self_test/open_verified.ts";
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

/** The kernels of a training step as this device would plan it. */
function kernelsOf(gpu: Gpu): Set<string> {
  const spec = { kind: "train", batch: 4, height: 64, width: 64 } as const;
  const { steps } = recordPlan(completeConfig({ filters: 32 }), planTarget(gpu), spec);
  return new Set(steps.map(({ dispatch }) => dispatch.kernel.label));
}

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
