/** The kernels for hardware, forced on whatever adapter there is: a whole training step gives what it gave. */
import assert from "node:assert/strict";
import type { KernelChoices } from "../../kernels/choices.ts";
import { defaultChoices } from "../../kernels/variants.ts";
import { type Gpu, openGpu, type StateDict, Trainer, UNet } from "../../mod.ts";
import { completeConfig } from "../../src/unet/config.ts";
import { planTarget } from "../../src/layers/plan_target.ts";
import { recordPlan } from "../../src/unet/network_plan.ts";
import { assertClose } from "../support/compare.ts";
import { assertGradients, LIMITS, SLACK } from "../support/unet_comparison.ts";
import { loadUnetFixture, pick, type UnetFixture } from "../support/unet_fixture.ts";

const HARDWARE = defaultChoices("hardware");

/** What one device makes of a fixture's batch. */
interface Outcome {
  logits: Float32Array;
  gradients: StateDict;
  kernels: Set<string>;
}

async function train(gpu: Gpu, { report, weights, images, target }: UnetFixture): Promise<Outcome> {
  const { filters, norm, batch, height, width } = report;
  const unet = await UNet.create(gpu, { filters, norm, dropout: 0 });
  unet.loadStateDict(weights);
  const trainer = await Trainer.create(unet);
  try {
    const { steps } = recordPlan(unet.config, planTarget(gpu), { kind: "train", batch, height, width });
    return {
      logits: (await unet.logits(images)).data,
      gradients: await trainer.gradients(images, target),
      kernels: new Set(steps.map(({ dispatch }) => dispatch.kernel.label)),
    };
  } finally {
    trainer.close();
    unet.close();
  }
}

/** Trains by some of hardware's choices and by default: all products of the first are tiled, and both give PyTorch's. */
async function compare(
  name: string,
  kernels: "strict" | "fast",
  choices: KernelChoices,
): Promise<void> {
  const fixture = await loadUnetFixture(name);
  const plain = await openGpu({ kernels });
  const tiled = await openGpu({ kernels, choices });
  try {
    const [expected, actual] = [await train(plain, fixture), await train(tiled, fixture)];
    assert.equal(actual.kernels.has("conv2d/im2col"), choices["conv3x3/few"] === "im2col");
    assert.ok(actual.kernels.has("gemm/tiled"));
    for (const part of ["forward", "dgrad", "wgrad"]) {
      assert.ok(actual.kernels.has(`conv_transpose2d/tiled_${part}`), part);
    }
    const byRegisters = ({ kernels }: Outcome) => [...kernels].some((label) => label.startsWith("gemm/nn"));
    assert.ok(!byRegisters(actual));
    if (tiled.adapter.isFallback) assert.ok(byRegisters(expected));
    const slack = SLACK[kernels];
    const exact = fixture.output("logits");
    assertClose(pick(actual.logits, exact), exact.values, {
      absolute: slack * LIMITS.logit,
      label: "logits",
    });
    assertClose(actual.logits, expected.logits, {
      absolute: slack * LIMITS.logit,
      label: "logits by default",
    });
    assertGradients(actual.gradients, fixture, slack);
    for (const [tensor, { data }] of expected.gradients) {
      const { norm, gradients } = fixture.report;
      const cancelled = norm === "instance" && /\.conv[12]\.bias$/.test(tensor);
      const { largest } = gradients[cancelled ? tensor.replace(".bias", ".weight") : tensor]!;
      assertClose(actual.gradients.get(tensor)!.data, data, {
        absolute: slack * LIMITS.gradient * largest,
        label: `gradient of ${tensor} by default`,
      });
    }
  } finally {
    plain.close();
    tiled.close();
  }
}

for (const kernels of ["strict", "fast"] as const) {
  for (const name of ["f4_wide", "f8_none", "f8_instance"]) {
    Deno.test(`hardware's kernels, ${kernels}, ${name}: products all tiled, gradients as by default and as PyTorch's`, () =>
      compare(name, kernels, HARDWARE));

    Deno.test(`hardware's kernels, ${kernels}, ${name}: so are the products of im2col`, () =>
      compare(name, kernels, { ...HARDWARE, "conv3x3/few": "im2col" }));
  }
}

Deno.test("hardware's kernels: long sums go by subgroups where the device has them", async () => {
  const gpu = await openGpu({ choices: HARDWARE });
  try {
    // Enough bands of pixels for rows to be long.
    const spec = { kind: "train", batch: 4, height: 256, width: 256 } as const;
    const { steps } = recordPlan(completeConfig({ filters: 8 }), planTarget(gpu), spec);
    const labels = new Set(steps.map(({ dispatch }) => dispatch.kernel.label));
    assert.equal(labels.has("reduce/rows_subgroup"), gpu.has("subgroups"));
  } finally {
    gpu.close();
  }
});
