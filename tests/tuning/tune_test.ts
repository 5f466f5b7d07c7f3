/** What the tuner times and chooses; no test depends on how fast anything is. */
import assert from "node:assert/strict";
import type { Kernel } from "../../kernels/kernel.ts";
import {
  CONV3X3,
  CONV_TRANSPOSE,
  IM2COL_PRODUCT,
  OPERATIONS,
  PRODUCT,
  SPLIT_K_PRODUCT,
} from "../../kernels/variants.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { openGpu } from "../../src/host/open_gpu.ts";
import { contestsOf } from "../../src/tuning/contests.ts";
import { fastest, tuneKernels } from "../../src/tuning/tune.ts";
import { SOFTWARE, softwareTest } from "../support/software.ts";

async function withGpu(body: (gpu: Gpu) => Promise<void>): Promise<void> {
  const gpu = await openGpu(SOFTWARE);
  try {
    await body(gpu);
  } finally {
    gpu.close();
  }
}

/** The classes for which this software adapter has more than one candidate. */
function contested(gpu: Gpu): Map<string, string[]> {
  const rows = OPERATIONS.flatMap(({ classes, variants }) =>
    [...classes].map(([name, { software }]): [string, string[]] => [
      name,
      software.filter((variant) => gpu.has(variants[variant]!.needs)),
    ])
  );
  return new Map(rows.filter(([, candidates]) => candidates.length > 1));
}

/**
 * The device, except that only the first run of each program is executed: tests see what the tuner compares, not how
 * fast it is. `onProgram` is called with the kernels of every program.
 */
function runOnce(gpu: Gpu, isFallback: boolean, onProgram: (labels: string[]) => void = () => {}): Gpu {
  let fresh = false;
  return new Proxy(gpu, {
    get: (target, name) => {
      if (name === "adapter") return { ...target.adapter, isFallback };
      if (name === "compile") {
        return (kernels: readonly Kernel[]) => {
          onProgram(kernels.map(({ label }) => label));
          fresh = true;
          return target.compile(kernels);
        };
      }
      if (name === "run") {
        return (...args: Parameters<Gpu["run"]>) => {
          if (fresh) target.run(...args);
          fresh = false;
        };
      }
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

const timed = (variant: string, best: number, median = best) => ({
  variant,
  seconds: { runs: 3, best, median },
});

Deno.test("fastest: keeps the default unless another is clearly faster, by its best and its median", () => {
  assert.equal(fastest([timed("a", 1)]), "a");
  assert.equal(fastest([timed("a", 1), timed("b", 0.97)]), "a");
  assert.equal(fastest([timed("a", 1), timed("b", 0.8)]), "b");
  assert.equal(fastest([timed("a", 1), timed("b", 0.5, 1.2)]), "a");
  assert.equal(fastest([timed("a", 1), timed("b", 0.8), timed("c", 0.7)]), "c");
  assert.equal(fastest([timed("a", 1), timed("b", 0.8), timed("c", 0.7, 0.99)]), "b");
});

softwareTest(
  "tuneKernels: times every class with more than one candidate and chooses among its candidates",
  () =>
    withGpu(async (gpu) => {
      const before = gpu.choices;
      const announced: string[] = [];
      const { choices, classes, failed, left } = await tuneKernels(gpu, {
        seconds: 120,
        measurement: 0,
        rounds: 3,
        onClass: (name) => announced.push(name),
      });
      assert.deepEqual(failed, []);
      assert.deepEqual(left, []);
      const rows = contested(gpu);
      assert.deepEqual(classes.map(({ name }) => name), [...rows.keys()]);
      assert.deepEqual(announced, [...rows.keys()]);
      for (const { name, candidates, chosen } of classes) {
        assert.deepEqual(candidates.map(({ variant }) => variant), rows.get(name), "the default comes first");
        assert.ok(
          candidates.every(({ seconds: { runs, best, median } }) => runs >= 3 && best > 0 && median >= best),
        );
        assert.equal(choices[name], chosen);
        assert.equal(chosen, fastest(candidates));
      }
      assert.deepEqual(gpu.choices, before, "the device keeps its choices");
      gpu.check();
    }),
);

Deno.test("contestsOf: strict kernels have fewer candidates", () => {
  const adapter = { description: "", vendor: "", isFallback: true };
  const variants = (kernels: "fast" | "strict") =>
    new Set(contestsOf({ adapter, kernels }).flatMap(({ candidates }) => candidates));
  const [fast, strict] = [variants("fast"), variants("strict")];
  assert.ok(fast.has("winograd4"));
  assert.deepEqual([...fast].filter((variant) => !strict.has(variant)), ["winograd4", "fused"]);
});

softwareTest(
  "tuneKernels: without time everything keeps its default and is reported as left",
  () =>
    withGpu(async (gpu) => {
      const before = gpu.pipelineCount;
      const { choices, classes, left } = await tuneKernels(gpu, { seconds: 0 });
      assert.deepEqual([choices, classes], [{}, []]);
      assert.deepEqual(left, [...contested(gpu).keys()]);
      assert.equal(gpu.pipelineCount, before);
    }),
);

softwareTest(
  "tuneKernels: a variant that fails its self-test is not a candidate",
  () =>
    withGpu(async (gpu) => {
      const compile = gpu.compile.bind(gpu);
      gpu.compile = (kernels) =>
        kernels.some(({ label }) => ["conv2d/direct", "gemm/nn_uniform", "gemm/nn"].includes(label))
          ? Promise.reject(new SyntaxError("Cannot compile kernel"))
          : compile(kernels);
      const { choices, classes, failed } = await tuneKernels(runOnce(gpu, true), {
        seconds: 120,
        measurement: 0,
        rounds: 3,
      });
      assert.deepEqual(failed, ["nn_uniform", "nn", "direct"]);
      for (const { candidates } of classes) {
        assert.ok(candidates.every(({ variant }) => !failed.includes(variant)));
      }
      assert.ok(choices["conv3x3/thin"] !== "direct");
      // A single candidate is chosen without timing.
      assert.equal(choices["product/low"], gpu.has("subgroups of 8") ? "nn_subgroup" : undefined);
    }),
);

softwareTest(
  "tuneKernels: on hardware the candidates for hardware are timed, each with its own kernels",
  () =>
    withGpu(async (gpu) => {
      const programs = new Map<string, string[][]>();
      let current: string[][] = [];
      const hardware = runOnce(gpu, false, (labels) => current.push(labels));
      const { classes, failed, left } = await tuneKernels(hardware, {
        seconds: 240,
        measurement: 0,
        rounds: 3,
        // Scaled like this, some samples have too many pixels for their class.
        scale: 2,
        onClass: (name) => programs.set(name, current = []),
      });
      assert.deepEqual([failed, left], [[], []]);
      const operations = [PRODUCT, SPLIT_K_PRODUCT, IM2COL_PRODUCT, CONV3X3, CONV_TRANSPOSE];
      const rows = operations.flatMap(({ classes }) => [...classes]);
      for (const [name, row] of rows) {
        const found = classes.find((entry) => entry.name === name)!;
        assert.deepEqual(found.candidates.map(({ variant }) => variant), row.hardware, name);
        if (!CONV3X3.classes.has(name)) continue;
        for (const [place, variant] of row.hardware.entries()) {
          // The self-tests' programs come before the candidates'.
          const labels = programs.get(name)!.slice(-row.hardware.length)[place]!;
          assert.ok(labels.some((label) => label.startsWith(`conv2d/${variant}`)), `${name}: ${labels}`);
        }
      }
      assert.equal(classes.some(({ name }) => name === "row sums/long"), gpu.has("subgroups"));
    }),
);
