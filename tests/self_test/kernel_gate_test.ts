/** Which kernels plans may run on an adapter: those whose self-tests passed there, tested when a plan first has them. */
import assert from "node:assert/strict";
import { completeChoices, type KernelChoices } from "../../kernels/choices.ts";
import type { Kernel } from "../../kernels/kernel.ts";
import { defaultChoices, OPERATIONS } from "../../kernels/variants.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { openDevice } from "../../src/gpu/open_device.ts";
import { kernelsOf } from "../../src/graph/program.ts";
import { planTarget } from "../../src/layers/plan_target.ts";
import { KernelGate } from "../../src/self_test/kernel_gate.ts";
import { ownersOf, variantOf, verdictName, type Verdicts } from "../../src/self_test/verdicts.ts";
import { completeConfig } from "../../src/unet/config.ts";
import { type PlanKind, recordPlan } from "../../src/unet/network_plan.ts";
import { UNet } from "../../src/unet/unet.ts";
import { SOFTWARE, softwareTest } from "../support/software.ts";

const HARDWARE = defaultChoices("hardware");

/** A device of its own, which tests break, behind a gate; what it finds is added to `found`. */
async function withGate(
  body: (gpu: Gpu, found: Verdicts[]) => Promise<void>,
  { choices, known }: { choices?: KernelChoices; known?: Verdicts } = {},
): Promise<void> {
  const gpu = await openDevice(SOFTWARE);
  const found: Verdicts[] = [];
  const gate = new KernelGate(gpu, known, {
    read: () => Promise.resolve({ verdicts: {} }),
    write: (_, verdicts) => Promise.resolve(void found.push(verdicts)),
  });
  gpu.choices = gate.choose(choices);
  gpu.admit = (kernels) => gate.admit(kernels);
  try {
    await body(gpu, found);
  } finally {
    gpu.close();
  }
}

function planned(gpu: Gpu, filters: number, kind: PlanKind = "train"): Kernel[] {
  const spec = { kind, batch: 4, height: 64, width: 64 };
  return kernelsOf(recordPlan(completeConfig({ filters }), planTarget(gpu), spec).steps);
}

/** The kernels that a plan runs when all of them are admitted. */
async function admitted(gpu: Gpu, filters = 32, kind?: PlanKind): Promise<Kernel[]> {
  while (await gpu.admit!(planned(gpu, filters, kind))) { /* recorded again */ }
  return planned(gpu, filters, kind);
}

/** The names of the verdicts that kernels need. */
function namesOf(gpu: Gpu, kernels: readonly Kernel[]): string[] {
  return kernels.flatMap((kernel) =>
    ownersOf(kernel, gpu.choices).map((owner) => verdictName(owner, kernel))
  );
}

softwareTest(
  "KernelGate: the hardware's variants pass on this adapter and are chosen if asked for",
  () =>
    withGate(async (gpu) => {
      assert.equal(gpu.pipelineCount, 0, "nothing is tested before a plan has it");
      const labels = new Set((await admitted(gpu)).map(({ label }) => label));
      assert.deepEqual(gpu.choices, {
        ...HARDWARE,
        ...(gpu.has("subgroups") ? {} : { "row sums/long": "rows" }),
      });
      assert.deepEqual([...labels].filter((label) => label.startsWith("gemm/")), ["gemm/tiled"]);
      assert.equal(labels.has("reduce/rows_subgroup"), gpu.has("subgroups"));
    }, { choices: HARDWARE }),
);

softwareTest(
  "KernelGate: a network waits for the tests of its own kernels only, in the text that it runs",
  () =>
    withGate(async (gpu, found) => {
      assert.deepEqual(
        gpu.choices,
        completeChoices(OPERATIONS, "software", {}, ({ basic, needs }) => basic === true || gpu.has(needs)),
      );
      const training = await admitted(gpu);
      const names = namesOf(gpu, training);
      assert.deepEqual(found.flatMap((verdicts) => Object.keys(verdicts)).sort(), names.toSorted());
      assert.ok(found.every((verdicts) => Object.values(verdicts).every((passed) => passed)));
      if (!gpu.has("subgroups of 8")) return;
      assert.ok(names.length > 8);
      // Their tests have the same texts: a cold start compiles none besides.
      assert.equal(gpu.pipelineCount, training.length);
      assert.ok(!names.some((name) => name.includes("fused_dgrad")));
      const count = found.length;
      await admitted(gpu, 32, "evaluate");
      assert.equal(found.length, count, "validation has no other kernels");
      await admitted(gpu, 8, "predict");
      // What is new in another network, and only that.
      assert.equal(found.length, count + 1);
      const added = Object.keys(found.at(-1)!);
      assert.ok(added.length > 0 && added.every((name) => !names.includes(name)), added.join());
      assert.ok(!added.some((name) => /grad/.test(name)), "a prediction has no gradients");
    }),
);

softwareTest(
  "KernelGate: what was found is not tested again, what failed before is never chosen",
  () =>
    withGate(async (gpu, found) => {
      const kernels = await admitted(gpu, 8, "predict");
      const verdicts = found[0]!;
      // Two plans at once, and another that has the same kernels.
      await Promise.all([gpu.admit!(kernels), gpu.admit!(kernels.slice(1))]);
      assert.equal(found.length, 1);
      await withGate(async (second, more) => {
        assert.equal(await second.admit!(kernels), false);
        assert.equal(second.pipelineCount, 0);
        assert.deepEqual(more, []);
      }, { known: verdicts });
      for (const name of Object.keys(verdicts)) {
        await withGate((second) => {
          assert.ok(!Object.values(second.choices).includes(variantOf(name)), name);
          return Promise.resolve();
        }, { known: { ...verdicts, [name]: false } });
      }
    }),
);

softwareTest(
  "KernelGate: variants that compute wrongly give way to basic ones",
  () =>
    withGate(async (gpu) => {
      const read = gpu.read.bind(gpu);
      // Stands in for wrong arithmetic.
      gpu.read = async (buffer, offset, byteLength) =>
        new Float32Array(await read(buffer, offset, byteLength)).map((value) => value + 0.01).buffer;
      const kernels = await admitted(gpu);
      assert.deepEqual(namesOf(gpu, kernels), []);
      assert.ok(kernels.some(({ label }) => label === "gemm/nn"));
    }, { choices: HARDWARE }),
);

softwareTest(
  "KernelGate: one geometry that fails leaves the others, and none is tested twice",
  () =>
    withGate(async (gpu, found) => {
      const compile = gpu.compile.bind(gpu);
      gpu.compile = (kernels, tests = []) =>
        [...kernels, ...tests].some(({ code }) => code.includes("const TILE_COLUMNS: u32 = 128u;"))
          ? Promise.reject(new SyntaxError("Cannot compile kernel"))
          : compile(kernels, tests);
      await admitted(gpu);
      assert.equal(gpu.choices["product/high"], "tiled");
      assert.ok(!Object.values(gpu.choices).includes("tiled_32x128"));
      const names = found.flatMap((verdicts) => Object.keys(verdicts));
      assert.deepEqual(
        found.flatMap((verdicts) => Object.keys(verdicts).filter((name) => !verdicts[name])).map(variantOf),
        ["tiled_32x128"],
      );
      assert.equal(new Set(names).size, names.length);
    }, { choices: HARDWARE }),
);

softwareTest(
  "UNet: a plan is recorded again, before anything runs, if one of its kernels fails",
  () =>
    withGate(async (gpu) => {
      const asked: Kernel[][] = [];
      gpu.admit = (kernels) => {
        asked.push([...kernels]);
        gpu.choices = completeChoices(OPERATIONS, "software", {}, ({ basic }) => basic === true);
        return Promise.resolve(asked.length === 1);
      };
      const compiled = new Set<string>();
      const compile = gpu.compile.bind(gpu);
      gpu.compile = (kernels) => {
        for (const { code } of kernels) compiled.add(code);
        return compile(kernels);
      };
      const unet = await UNet.create(gpu, { filters: 8 });
      await unet.predict({ shape: [1, 3, 32, 32], data: new Float32Array(3 * 32 * 32) });
      assert.equal(asked.length, 2);
      assert.deepEqual([...compiled], asked[1]!.map(({ code }) => code));
      if (gpu.has("subgroups of 8")) assert.notDeepEqual(asked[0], asked[1]);
      unet.close();
    }),
);
