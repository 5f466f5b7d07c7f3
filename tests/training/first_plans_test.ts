/** Which kernels a run has proven before anything is allocated for it. */
import assert from "node:assert/strict";
import type { Kernel } from "../../kernels/kernel.ts";
import { defaultChoices } from "../../kernels/variants.ts";
import { CapacityError } from "../../src/gpu/capacity_error.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { kernelsOf } from "../../src/graph/program.ts";
import { planTarget } from "../../src/layers/plan_target.ts";
import { admitFirstPlans, type FirstPlans } from "../../src/training/first_plans.ts";
import { completeTrainConfig } from "../../src/training/recipe.ts";
import { networkConfig } from "../../src/training/train_config.ts";
import { recordPlan } from "../../src/unet/network_plan.ts";

/** A device that only describes itself, and notes what it is asked to admit. */
function describedGpu(admit: (gpu: Gpu, kernels: readonly Kernel[]) => boolean): Gpu {
  const gpu = {
    adapter: { description: "described", vendor: "", isFallback: true },
    limits: { maxStorageBufferBindingSize: 2 ** 27, maxBufferSize: 2 ** 31 },
    kernels: "fast",
    precision: "f32",
    choices: defaultChoices("software"),
    admit: (kernels: readonly Kernel[]) => Promise.resolve(admit(gpu, kernels)),
  } as unknown as Gpu;
  return gpu;
}

const config = completeTrainConfig({ filters: 8, size: 64, batchSize: 4 });
const first = {
  data: { train: { samples: 10 }, valid: { samples: 3 } },
  ranks: 1,
  estimated: true,
} as unknown as FirstPlans;

Deno.test("admitFirstPlans: asks for training, validation and the estimate together, again if one fails", async () => {
  const asked: (readonly Kernel[])[] = [];
  const gpu = describedGpu((gpu, kernels) => {
    asked.push(kernels);
    gpu.choices = { ...gpu.choices, "conv3x3/thin": "direct", "conv3x3/slim": "winograd4" };
    return asked.length === 1;
  });
  await admitFirstPlans(gpu, config, first);
  assert.equal(asked.length, 2);
  const shape = { height: 64, width: 64, loss: config.loss };
  const expected = [
    { ...shape, kind: "train", batch: 1 },
    { ...shape, kind: "train", batch: 4 },
    { ...shape, kind: "evaluate", batch: 3 },
  ] as const;
  const steps = expected.flatMap((spec) => recordPlan(networkConfig(config), planTarget(gpu), spec).steps);
  assert.deepEqual(asked[1]!.map(({ label }) => label), kernelsOf(steps).map(({ label }) => label));
  assert.ok(asked[0]!.some(({ label }) => label === "conv2d/fused_wgrad"));
  assert.ok(!asked[1]!.some(({ label }) => label === "conv2d/fused_wgrad"));
});

Deno.test("admitFirstPlans: what does not fit the device is left to the trainer", async () => {
  const gpu = describedGpu(() => {
    throw new CapacityError("not enough memory");
  });
  await admitFirstPlans(gpu, config, first);
});
