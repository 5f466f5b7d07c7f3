/** Plans of the whole network, recorded without a GPU: memory, bindings and kernels. */
import assert from "node:assert/strict";
import { MAX_WORKGROUPS } from "../../kernels/grid.ts";
import { defaultChoices } from "../../kernels/variants.ts";
import type { GpuDescription } from "../../src/gpu/adapter.ts";
import type { Region } from "../../src/graph/recorder.ts";
import { planTarget } from "../../src/layers/plan_target.ts";
import { completeConfig, type UNetConfig } from "../../src/unet/config.ts";
import {
  keepPrepared,
  placeAmong,
  type Plan,
  type PlanSpec,
  recordPlan,
  trainingBytes,
} from "../../src/unet/network_plan.ts";
import { assertMemory, leastBytes } from "../support/memory.ts";

const GIB = 2 ** 30;

/** A device that exists only as a description. */
function describe(
  isFallback: boolean,
  kernels: "fast" | "strict",
  maxStorageBufferBindingSize: number,
): GpuDescription {
  return {
    adapter: { description: "none", vendor: "none", isFallback },
    limits: { maxStorageBufferBindingSize, maxBufferSize: 2 ** 31 - 1 },
    kernels,
    choices: defaultChoices(isFallback ? "software" : "hardware"),
  };
}

const SOFTWARE = describe(true, "fast", 2 ** 27);
const HARDWARE = describe(false, "fast", 2 ** 31 - 4096);

function plan(device: GpuDescription, config: Partial<UNetConfig>, spec: PlanSpec): Plan {
  return recordPlan(completeConfig(config), planTarget(device), spec);
}

for (const norm of ["none", "instance"] as const) {
  Deno.test(`recordPlan: no step overwrites what a later one reads, norm ${norm}`, () => {
    let prepared = 0;
    for (
      const device of [
        SOFTWARE,
        HARDWARE,
        describe(true, "strict", 2 ** 22),
        describe(false, "strict", 2 ** 31 - 4096),
      ]
    ) {
      for (const kind of ["predict", "evaluate", "train"] as const) {
        for (
          const [filters, batch, height, width] of [[4, 1, 32, 32], [8, 7, 64, 96], [3, 2, 256, 32]] as const
        ) {
          const { steps, memory, regions, lossAt } = plan(device, { filters, norm }, {
            kind,
            batch,
            height,
            width,
          });
          assertMemory(steps, memory, [regions.logits]);
          if (kind === "train") continue;
          const most = batch === 7 ? 2 ** 16 : Infinity;
          const kept = keepPrepared(plan(device, { filters, norm }, { kind, batch, height, width }), most);
          const all = [...kept.preparation, ...kept.steps];
          prepared += kept.preparation.length;
          assert.equal(all.length, steps.length);
          assert.ok(kept.prepared.reduce((sum, { byteLength }) => sum + byteLength, 0) <= most);
          assert.equal(all.length - kept.lossAt, steps.length - lossAt + kept.preparation.length);
          for (const given of [[], [2 ** 20, 2 ** 22, 4096]]) {
            assertMemory(all, placeAmong(kept, given), [kept.regions.logits, ...kept.prepared]);
          }
        }
      }
    }
    assert.ok(prepared > 200, `${prepared}`);
  });

  for (
    const [name, device, most] of [
      ["software", SOFTWARE, 3.2],
      ["hardware", HARDWARE, 3.2],
      ["software in float16", { ...SOFTWARE, precision: "f16" }, 1.8],
      ["hardware in float16", { ...HARDWARE, precision: "f16" }, 1.8],
    ] as const
  ) {
    Deno.test(`recordPlan: training 32 filters at 256 px, batch 32, takes at most ${most} GiB, ${name}, norm ${norm}`, () => {
      const spec = { kind: "train", batch: 32, height: 256, width: 256 } as const;
      const training = plan(device, { norm }, spec);
      const bytes = trainingBytes(training);
      assert.ok(bytes <= most * GIB, `${(bytes / GIB).toFixed(3)} GiB`);
      // Parameters and images are a large part of it: much less would be an error in counting.
      assert.ok(bytes > 0.5 * most * GIB, `${(bytes / GIB).toFixed(3)} GiB`);
      const least = leastBytes(training.steps);
      assert.ok(training.memory.byteLength < 1.15 * least, "slots waste more than 15 %");
      assertMemory(training.steps, training.memory, [training.regions.logits]);
      const { maxStorageBufferBindingSize } = device.limits;
      const largest = Math.max(
        ...training.steps.flatMap(({ views }) => views.map(({ byteLength }) => byteLength)),
      );
      assert.ok(largest <= maxStorageBufferBindingSize, "a binding exceeds the limit");
      assert.ok(training.memory.slots.every((size) => size <= device.limits.maxBufferSize));
    });
  }

  // The kernels for few pixels compile in a fraction of a second, and products by subgroups when the device is opened.
  const quick = [
    "conv2d/im2col",
    "conv2d/col2im",
    "gemm/transpose",
    "conv2d/small_forward",
    "conv2d/small_dgrad",
    "conv2d/small_wgrad",
    "gemm/nn_wide",
    "gemm/nn_high",
    "gemm/nn_panel",
  ];
  Deno.test(`recordPlan: a short last batch needs no new kernel that is slow to compile, norm ${norm}`, () => {
    const assertKnown = (
      device: GpuDescription,
      config: Partial<UNetConfig>,
      spec: PlanSpec,
      batches: number[],
      known: string[],
    ) => {
      const kernels = (batch: number) =>
        new Set(
          plan(device, { norm, ...config }, { ...spec, batch }).steps.map(({ dispatch }) => dispatch.kernel),
        );
      const whole = kernels(spec.batch);
      for (const batch of batches) {
        const more = [...kernels(batch)].filter((kernel) =>
          !whole.has(kernel) && !known.includes(kernel.label)
        );
        assert.deepEqual(more, [], `${spec.kind}, batch ${batch}`);
      }
    };
    for (const device of [SOFTWARE, HARDWARE]) {
      const spec = { kind: "train", batch: 32, height: 128, width: 128 } as const;
      assertKnown(device, { filters: 8 }, spec, [1, 5, 31], quick);
    }
    // Of a small network no more than these are new.
    for (const kind of ["train", "evaluate", "predict"] as const) {
      const spec = { kind, batch: kind === "predict" ? 8 : 11, height: 64, width: 64 };
      assertKnown(SOFTWARE, { filters: 4, outChannels: 4 }, spec, [1, 3], quick);
    }
  });
}

Deno.test("recordPlan: plans every usual batch size, for fast and strict kernels", () => {
  for (
    const device of [SOFTWARE, HARDWARE, { ...SOFTWARE, kernels: "strict" }, {
      ...HARDWARE,
      kernels: "strict",
    }] as const
  ) {
    for (
      const [filters, batch, size] of [[32, 4, 256], [32, 32, 256], [8, 32, 256], [32, 2, 512], [
        48,
        8,
        128,
      ]] as const
    ) {
      for (const norm of ["none", "instance"] as const) {
        const { steps } = plan(device, { filters, norm }, {
          kind: "train",
          batch,
          height: size,
          width: size,
        });
        assert.ok(steps.length > 100);
      }
    }
  }
});

Deno.test("recordPlan: partial sums over tiles do not grow beyond one binding with the batch", () => {
  for (const [filters, batch, size] of [[32, 8, 1024], [8, 64, 1024], [8, 256, 512]] as const) {
    // By the algorithm whose partial sums are many: one per tile.
    const names = Object.keys(SOFTWARE.choices).filter((name) => name.startsWith("conv3x3/"));
    const choices = { ...SOFTWARE.choices, ...Object.fromEntries(names.map((name) => [name, "winograd4"])) };
    const { steps, regions } = plan({ ...SOFTWARE, choices }, { filters }, {
      kind: "train",
      batch,
      height: size,
      width: size,
    });
    const views = steps.flatMap(({ views }) => views).filter(({ region }) => region !== regions.weights);
    assert.ok(views.every(({ byteLength }) => byteLength <= 2 ** 27));
    assert.ok(views.some(({ region }) => /conv\d partial sums in groups$/.test(region.label)));
  }
});

Deno.test("recordPlan: rejects a device that cannot bind one image, with a hint", () => {
  const tiny = describe(true, "fast", 2 ** 20);
  const spec = { kind: "train", batch: 1, height: 512, width: 512 } as const;
  assert.throws(() => plan(tiny, {}, spec), {
    name: "RangeError",
    message: /^Cannot plan .* the device binds at most 1048576\nhint: use /,
  });
});

Deno.test("recordPlan: a prediction stores nothing as float16", () => {
  const device = { ...SOFTWARE, precision: "f16" } as const;
  const halves = (kind: PlanSpec["kind"]) =>
    plan(device, { filters: 4 }, { kind, batch: 2, height: 64, width: 64 }).steps
      .filter(({ dispatch }) => dispatch.kernel.code.startsWith("enable f16;")).length;
  assert.equal(halves("predict"), 0);
  assert.ok(halves("evaluate") > 20 && halves("train") > 100);
});

Deno.test("recordPlan: wide networks on large images stay within the limit of workgroups per dimension", () => {
  for (const device of [SOFTWARE, HARDWARE]) {
    const target = {
      ...planTarget(device),
      maxBinding: 2 ** 31 - 4096,
      workspace: 2 ** 27,
      workgroups: 1024,
    };
    for (const [filters, size] of [[64, 2048], [96, 1792]] as const) {
      const spec = { kind: "predict", batch: 1, height: size, width: size } as const;
      const { steps } = recordPlan(completeConfig({ filters }), target, spec);
      const most = Math.max(...steps.flatMap(({ dispatch }) => dispatch.workgroups));
      assert.ok(most > 1000 && most <= MAX_WORKGROUPS);
    }
  }
});

Deno.test("recordPlan: a micro-batch that runs twice has its deepest results in memory of its own", () => {
  const spec = { kind: "train", batch: 8, height: 128, width: 128, partOf: 16 } as const;
  for (const norm of ["none", "instance"] as const) {
    const once = plan(SOFTWARE, { filters: 8, norm }, spec);
    assert.deepEqual([once.kept.byteLength, once.kept.end - once.kept.first], [0, 0]);
    const twice = plan(SOFTWARE, { filters: 8, norm }, { ...spec, twice: { index: 0, of: 1 } });
    const { first, end, byteLength } = twice.kept;
    assert.ok(byteLength > 0 && byteLength <= trainingBytes(once) / 20);
    const labels = twice.steps.slice(first, end).map(({ views }) => views.at(-1)!.region.label);
    assert.ok(!labels.includes("up1.conv2") && !labels.includes("dropout"));
    // Whoever runs the other steps only finds in the slots whatever a later step reads.
    const [written, kept] = [new Set(), new Set<Region>()];
    twice.steps.forEach(({ dispatch, views }, at) => {
      views.forEach(({ region }, binding) => {
        if (dispatch.kernel.bindings[binding]!.access === "read_write") {
          if (at < first || at >= end) written.add(region);
        } else if (at >= end && !region.fixed) {
          assert.ok(written.has(region), `${region.label} of ${dispatch.kernel.label}`);
        }
        if (/^kept 0 \d+$/.test(region.label)) kept.add(region);
      });
    });
    assert.equal([...kept].reduce((sum, region) => sum + region.byteLength, 0), byteLength);
    // Others have memory of their own, too, and all of them share what is allowed.
    const many = plan(SOFTWARE, { filters: 8, norm }, { ...spec, twice: { index: 1, of: 2 } });
    assert.ok(many.kept.byteLength > 0 && many.kept.byteLength < byteLength);
    const own = many.steps.flatMap(({ views }) => views.map(({ region }) => region.label))
      .filter((label) => label.startsWith("kept"));
    assert.ok(own.every((label) => label.startsWith("kept 1 ")));
  }
});
