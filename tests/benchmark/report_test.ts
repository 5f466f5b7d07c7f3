import assert from "node:assert/strict";
import type { BenchReport } from "../../src/benchmark/benchmark.ts";
import { describe, renderEnd, renderSection, renderVariants } from "../../src/benchmark/report.ts";
import { table } from "../../src/benchmark/report_table.ts";

const TIMING = { runs: 3, best: 0.0421, median: 0.05 };
const SPEED = { runs: 3, best: 12.34, median: 10 };
const SHAPE = { filters: 8, size: 64, batch: 4 };

const REPORT: BenchReport = {
  machine: {
    deno: "2.9.6",
    system: "linux, x86_64",
    adapter: "llvmpipe",
    driver: "Mesa 25.0.7",
    backend: "Vulkan",
    isSoftware: true,
    cores: 2,
    loadBefore: 0.1,
  },
  loadAfter: 2,
  seconds: 61.4,
  calibration: { gigaflops: SPEED, dispatchSeconds: { ...TIMING, best: 31e-6 } },
  kernels: [{
    channels: 8,
    size: 128,
    batch: 4,
    direction: "forward",
    dispatches: 2,
    kernels: ["conv2d/direct_pack", "conv2d/direct", "gemm/nn"],
    gigaflops: SPEED,
    share: { best: 0.123, median: 0.05 },
  }],
  variants: {
    choices: { "product/low": "nn", "conv3x3/thin": "direct" },
    unusual: { "product/low": "nn" },
    given: true,
    checked: [
      { operation: "product", variant: "tiled", passed: true },
      { operation: "product", variant: "tiled_32x128", passed: false },
      { operation: "row sums", variant: "rows_subgroup", passed: null },
    ],
  },
  network: [{
    ...SHAPE,
    ours: [{
      norm: "none",
      forward: { seconds: TIMING, gigaflops: SPEED },
      step: { seconds: { ...TIMING, best: 0.2 }, gigaflops: SPEED },
      predict: { ...TIMING, best: 0.03 },
      stepCall: { ...TIMING, best: 0.21 },
    }],
    peers: [
      {
        name: "PyTorch 2",
        forward: null,
        step: { ...TIMING, ratio: { best: 4.75, median: 1 } },
        predict: { ...TIMING, ratio: { best: 0.71, median: 1 } },
        stepCall: { ...TIMING, ratio: { best: 4.99, median: 1 } },
      },
      {
        name: "peer without calls",
        forward: { ...TIMING, ratio: { best: 1.5, median: 1 } },
        step: null,
        predict: null,
        stepCall: null,
      },
    ],
    missing: [{ name: "jax-js", reason: "no network" }],
  }],
  gaps: [{
    ...SHAPE,
    kind: "train",
    dispatches: 383,
    handoverMilliseconds: 1.34,
    rounds: 3,
    idleBetweenSteps: 0.001,
    idleBetweenDispatches: 0.04,
    idleBetweenPasses: 0.16,
    kernels: [{ kernel: "gemm/nn", dispatches: 55, share: 0.32 }],
  }],
  start: {
    ...SHAPE,
    opening: {
      bare: { runs: 9, best: 0.1, median: 0.2 },
      openGpu: { runs: 9, best: 0.11, median: 0.22 },
      load: { runs: 9, best: 0.03, median: 0.04 },
      ratio: 1.1,
    },
    prepareSeconds: 0.5,
    firstStepSeconds: 1.25,
    secondStepSeconds: 0.1,
    readySeconds: 1.65,
    pipelines: 42,
  },
  memory: [
    {
      ...SHAPE,
      batch: 1,
      planned: 2 ** 30,
      microBatches: 1,
      refusal: null,
      measured: 2 ** 30,
      low: { planned: 2 ** 29, microBatches: 3, measured: 2 ** 28 },
    },
    { ...SHAPE, planned: null, microBatches: 1, refusal: "Cannot bind", measured: null, low: null },
  ],
  low: [{
    ...SHAPE,
    uses: {
      normal: { byteLength: 2 ** 30, microBatches: 1, step: TIMING },
      low: { byteLength: 2 ** 29, microBatches: 3, step: { ...TIMING, best: 0.05 } },
    },
    ratio: { best: 1.19, median: 1, memory: 0.5 },
  }],
  scale: [{ ...SHAPE, step: TIMING, nanosecondsPerPixel: 2569.6 }],
  data: {
    images: 8,
    fileSize: 640,
    size: 256,
    preparing: { runs: 2, best: 29.3, median: 20 },
    serving: { runs: 2, best: 553, median: 288 },
  },
};

Deno.test("table: aligns names to the left and numbers to the right, without trailing spaces", () => {
  assert.equal(
    table("title", ["", "ms", "runs"], [["a", "1.5", "3"], ["longer", "10.25", ""]]),
    "title\n             ms  runs\n  a         1.5     3\n  longer  10.25\n",
  );
});

Deno.test("describe: says if a machine is busy or uses the software adapter", () => {
  const quiet = describe(REPORT.machine);
  assert.match(
    quiet,
    /^adapter {2}llvmpipe, software: it computes on the CPU\ndriver {3}Mesa 25\.0\.7, through Vulkan\n/,
  );
  assert.match(quiet, /\nload {5}0\.10 in the last minute\n$/);
  assert.match(describe({ ...REPORT.machine, loadBefore: 1.5 }), /the machine is busy/);
});

Deno.test("renderSection: every section has its table, with best and median", () => {
  const expected = {
    calibration: /^calibration {2}12\.3 \/ 10\.0 GFLOPS .* 31 us per dispatch\n$/,
    kernels:
      /\n {2}8, 128, 4 +forward +12\.3 \/ 10\.0 +12 % \/ 5\.0 % +3 +2 +direct gemm\/nn\n {2}chosen as timed/,
    network:
      /this project, no norm +42\.1 \/ 50\.0 +12\.3 \/ 10\.0 +200 \/ 50 .*\n {2}PyTorch 2 +42\.1 \/ 50\.0 +4\.75 \/ 1\.00 +3\n {2}peer without calls .*\n {2}jax-js is missing: no network\n\ncalls that return: 8 filters, 64 px, batch 4 .*\n.*\n {2}this project, no norm +30\.0 \/ 50\.0 +210 \/ 50 +3\n {2}PyTorch 2 +42\.1 \/ 50\.0 +0\.71 \/ 1\.00 +42\.1 \/ 50\.0 +4\.99 \/ 1\.00 +3\n$/,
    gaps:
      /383 dispatches, submitted in 1\.3 ms\n.* 0\.1 % .* about 4\.0 % .*at most 16 %.*\n.*\n {2}gemm\/nn +55 +32 %\n$/,
    start:
      /openGpu +110 \/ 220 ms, 1\.10 times that, and .*\n.* 1\.6 s until ready: 42 pipelines; first step 1\.25 s, second 0\.10 s\n$/,
    memory:
      /\n {2}64 px, planned +1\.000 +-\n {4}allocated +1\.000 +-\n {4}memory low, planned +0\.500\/3 +-\n {4}allocated +0\.250 +-\n {2}64 px, batch 4: Cannot bind\n$/,
    low:
      /\n {2}memory normal +1\.000 +1 +42\.1 \/ 50\.0 +3\n {2}memory low +0\.500 +3 +50\.0 \/ 50\.0 +3\n {2}low takes 0\.50 times the memory and 1\.19 \/ 1\.00 times the time\n$/,
    scale: /\n {2}64, 4 +16384 +42\.1 \/ 50\.0 +2570 +3\n$/,
    data: /\n {2}preparing +29 \/ 20 +2\n {2}batching +553 \/ 288 +2\n$/,
  };
  for (const [name, pattern] of Object.entries(expected)) {
    assert.match(renderSection(name as keyof typeof expected, REPORT), pattern);
  }
  assert.equal(renderEnd(REPORT), "measured in 61 s, load 2.00 afterwards, including the benchmark itself\n");
});

Deno.test("renderVariants: lists the chosen variants, and whether those for hardware passed their self-tests", () => {
  assert.equal(
    renderVariants(REPORT.variants!),
    [
      "  chosen as timed on this adapter",
      "    product/low: nn, not the default",
      "    conv3x3/thin: direct",
      "  self-tests of the variants for hardware on this adapter",
      "    product, tiled: passed",
      "    product, tiled_32x128: FAILED",
      "    row sums, rows_subgroup: not supported",
      "",
    ].join("\n"),
  );
  assert.match(renderVariants({ ...REPORT.variants!, given: false }), /^ {2}chosen by default for this kind/);
  const { variants: _, ...rest } = REPORT;
  assert.ok(!renderSection("kernels", rest).includes("chosen"));
});

Deno.test("renderSection: a section that was not measured is empty, and gaps without timestamps are explained", () => {
  const { scale: _, ...rest } = REPORT;
  assert.equal(renderSection("scale", rest), "");
  const [gaps] = REPORT.gaps!;
  const untimed = {
    ...gaps!,
    rounds: 0,
    idleBetweenSteps: null,
    idleBetweenDispatches: null,
    idleBetweenPasses: null,
    kernels: [],
  };
  assert.match(renderSection("gaps", { ...REPORT, gaps: [untimed] }), /no timestamp-query/);
});
