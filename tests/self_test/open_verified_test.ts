/** Opening a verified GPU: what was tested once is not tested again, and what failed stays out. */
import assert from "node:assert/strict";
import type { Kernel } from "../../kernels/kernel.ts";
import { defaultChoices } from "../../kernels/variants.ts";
import { CapacityError } from "../../src/gpu/capacity_error.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { kernelsOf as stepKernels } from "../../src/graph/program.ts";
import { planTarget } from "../../src/layers/plan_target.ts";
import { openVerifiedGpu } from "../../src/self_test/open_verified.ts";
import {
  FLOAT16,
  type Remembered,
  variantOf,
  type VerdictMemory,
  type Verdicts,
} from "../../src/self_test/verdicts.ts";
import { completeConfig } from "../../src/unet/config.ts";
import { recordPlan } from "../../src/unet/network_plan.ts";
import { withCompileTime } from "../support/compile_time.ts";
import { countDispatches } from "../support/count_dispatches.ts";
import { SOFTWARE, softwareTest } from "../support/software.ts";

const CHOICES = { ...SOFTWARE, choices: defaultChoices("hardware") };
/** The kernels of a network's first plan. */
function kernelsOf(gpu: Gpu): Kernel[] {
  const spec = { kind: "predict", batch: 1, height: 64, width: 64 } as const;
  const { steps } = recordPlan(completeConfig({ filters: 32 }), planTarget(gpu), spec);
  return stepKernels(steps);
}

/** The name of the only verdict on a kernel of a variant. */
function nameIn(verdicts: Verdicts, variant: string): string {
  const [name, ...others] = Object.keys(verdicts).filter((name) => variantOf(name) === variant);
  assert.deepEqual(others, []);
  return name!;
}

/** A memory that records what is written to it. */
function memoryOf(remembered: Remembered = { verdicts: {} }): VerdictMemory & { written: Verdicts[] } {
  const written: Verdicts[] = [];
  return {
    written,
    read: () => Promise.resolve(remembered),
    write(_, verdicts) {
      written.push(verdicts);
      return Promise.resolve();
    },
  };
}

/** The choices of a GPU opened with a memory, and the dispatches that opening it and admitting a plan took. */
async function open(
  memory?: VerdictMemory,
  options: Parameters<typeof openVerifiedGpu>[0] = CHOICES,
): Promise<{ choices: Gpu["choices"]; dispatches: number }> {
  const [gpu, dispatches] = await countDispatches(async () => {
    const gpu = await openVerifiedGpu(options, memory);
    while (await gpu.admit!(kernelsOf(gpu))) { /* recorded again */ }
    return gpu;
  });
  gpu.close();
  return { choices: gpu.choices, dispatches };
}

softwareTest(
  "openVerifiedGpu: with the verdicts of a first start, a second one runs no self-test",
  async () => {
    const first = memoryOf();
    const tested = await open(first);
    assert.ok(tested.dispatches > 0);
    assert.equal(first.written.length, 1);
    const verdicts = first.written[0]!;
    const tiled = nameIn(verdicts, "tiled");
    assert.equal(verdicts[tiled], true);
    assert.ok(Object.values(verdicts).every((verdict) => verdict));
    const second = memoryOf({ verdicts });
    assert.deepEqual(await open(second), { choices: tested.choices, dispatches: 0 });
    assert.deepEqual(second.written, []);
    // Without any memory it tests, and chooses alike.
    const { choices, dispatches } = await open();
    assert.deepEqual(choices, tested.choices);
    assert.equal(dispatches, tested.dispatches);
    // What is not remembered is tested, and only that.
    const { [tiled]: _, ...others } = verdicts;
    const third = memoryOf({ verdicts: others });
    const again = await open(third);
    assert.ok(again.dispatches > 0 && again.dispatches < tested.dispatches);
    assert.deepEqual(third.written, [{ [tiled]: true }]);
  },
);

softwareTest("openVerifiedGpu: a remembered failure keeps a variant out without a test", async () => {
  const first = memoryOf();
  await open(first);
  await open(first, SOFTWARE);
  const verdicts: Verdicts = Object.assign({}, ...first.written);
  const failed = memoryOf({ verdicts: { ...verdicts, [nameIn(verdicts, "tiled")]: false } });
  const { choices, dispatches } = await open(failed);
  assert.equal(dispatches, 0);
  assert.equal(choices["product/low"], "tiled_32x128");
  assert.notEqual(choices["product/high"], "tiled");
  // Names of no variant change nothing.
  const foreign = memoryOf({ verdicts: { ...verdicts, "tiles": false, "gemm/tiled": false } });
  assert.equal((await open(foreign)).choices["product/high"], "tiled");
});

softwareTest("openVerifiedGpu: a failed self-test is written, a lack of memory is not", async () => {
  const { createBuffer, read } = Gpu.prototype;
  const failing = memoryOf();
  Gpu.prototype.read = async function (...args) {
    return new Float32Array(await read.apply(this, args)).map((value) => value + 1).buffer;
  };
  try {
    const { choices } = await open(failing);
    assert.ok(!choices["product/high"]!.startsWith("tiled"));
    const verdicts: Verdicts = Object.assign({}, ...failing.written);
    assert.equal(verdicts[nameIn(verdicts, "tiled")], false);
    assert.ok(Object.values(verdicts).every((verdict) => !verdict));
  } finally {
    Gpu.prototype.read = read;
  }
  const poor = memoryOf();
  Gpu.prototype.createBuffer = () => Promise.reject(new CapacityError("Cannot allocate"));
  try {
    const { choices } = await open(poor);
    assert.ok(!choices["product/high"]!.startsWith("tiled"));
    assert.deepEqual(poor.written, []);
  } finally {
    Gpu.prototype.createBuffer = createBuffer;
  }
});

softwareTest("openVerifiedGpu: remembered choices apply unless the caller names some", async () => {
  const choices = { "conv3x3/thin": "winograd2" };
  const memory = memoryOf({ verdicts: {}, choices });
  assert.equal((await open(memory, SOFTWARE)).choices["conv3x3/thin"], "winograd2");
  const named = await open(memory, { ...SOFTWARE, choices: { "conv3x3/thin": "winograd4" } });
  assert.equal(named.choices["conv3x3/thin"], "winograd4");
});

softwareTest("openVerifiedGpu: the verdict on float16 is remembered, whichever it is", async () => {
  const adapter = await navigator.gpu.requestAdapter({ forceFallbackAdapter: SOFTWARE.software });
  if (!adapter!.features.has("shader-f16")) return;
  const options = { ...SOFTWARE, precision: "f16" } as const;
  const memory = memoryOf();
  await open(memory, options);
  const verdicts: Verdicts = Object.assign({}, ...memory.written);
  assert.equal(verdicts[FLOAT16], true);
  assert.equal((await open(memoryOf({ verdicts }), options)).dispatches, 0);
  const refused = memoryOf({ verdicts: { ...verdicts, [FLOAT16]: false } });
  await assert.rejects(open(refused, options), /^Error: Cannot store tensors as f16 on ".*": its kernels/);
});

softwareTest(
  "openVerifiedGpu: announces the kernels of a plan once, and those of self-tests never",
  async () => {
    const announced: number[] = [];
    const gpu = await openVerifiedGpu({ ...CHOICES, onCompile: (kernels) => announced.push(kernels) });
    const kernels = kernelsOf(gpu);
    await withCompileTime(gpu, 1, async () => {
      assert.equal(await gpu.admit!(kernels), false);
      await gpu.compile(kernels);
    });
    assert.deepEqual(announced, [kernels.length]);
    gpu.close();
  },
);
