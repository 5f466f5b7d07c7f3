import assert from "node:assert/strict";
import { type CallReport, explore, type ExploreReport } from "../../src/benchmark/explore.ts";
import { renderLeft, renderPart } from "../../src/benchmark/explore_report.ts";
import { openTestGpu } from "../support/test_gpu.ts";

const TIMING = { runs: 3, best: 0.0421, median: 0.05 };

Deno.test("explore: measures its parts in miniature, here without PyTorch, and names those it had no time for", async () => {
  const gpu = await openTestGpu();
  const { choices } = gpu;
  const notes: string[] = [];
  const done: string[] = [];
  const shape = { filters: 2, size: 32, batch: 2 };
  const report = await explore(gpu, shape, {
    seconds: 2,
    limit: 300,
    scale: 1 / 32,
    onNote: (note) => notes.push(note),
    onPart: (name, report) => {
      done.push(name);
      assert.notEqual(renderPart(name, report), "");
    },
  });
  assert.equal(gpu.choices, choices, "a proposal is only measured");
  const parts = ["variants", "proposal", "original", "forward", "small", "inference"] as const;
  assert.deepEqual([done, report.left], [parts, []]);
  assert.ok(parts.every((name) => notes.includes(`exploring: ${name}`)));
  assert.ok(report.variants!.classes.length + report.variants!.left.length > 5);
  assert.equal(report.forward!.kind, "predict");
  assert.deepEqual(report.inference!.map(({ batch, work }) => [batch, work]), [[1, "predict"], [
    2,
    "predict",
  ]]);
  assert.match(report.original!.missing!, /run access/);
  // A limit that is over at once leaves everything out.
  const nothing = await explore(gpu, shape, { seconds: 1, limit: -1, onNote: () => {} });
  assert.deepEqual(nothing, { left: parts });
});

Deno.test("renderPart: variants with the fastest, proposals, and calls next to PyTorch's", () => {
  const call: CallReport = {
    filters: 32,
    size: 256,
    batch: 8,
    work: "predict",
    speeds: [
      { name: "this project, float32", call: TIMING, ratio: null },
      { name: "PyTorch 2, default", call: { ...TIMING, best: 0.1 }, ratio: { best: 0.42, median: 1 } },
    ],
    missing: null,
  };
  const report: ExploreReport = {
    left: ["inference"],
    variants: {
      choices: { "product/low": "tiled" },
      classes: [{
        name: "product/low",
        candidates: [{ variant: "nn", seconds: TIMING }, {
          variant: "tiled",
          seconds: { ...TIMING, best: 0.04 },
        }],
        chosen: "tiled",
      }],
      failed: ["tiled_32x128"],
      left: ["conv3x3/thin"],
      seconds: 12.3,
    },
    proposal: {
      choices: { "product/low": "tiled" },
      step: { chosen: TIMING, proposed: { ...TIMING, best: 0.04 } },
      isFaster: false,
    },
    small: [{ ...call, work: "step", batch: 4, missing: "no network" }],
    inference: [call],
  };
  assert.match(
    renderPart("variants", report),
    /in 12 s\n.*\n {2}product\/low +nn, default +42\.100 +50\.000 +3\n +tiled +40\.000 +50\.000 +3 +fastest\n {2}failed .* tiled_32x128\n {2}no time was left for conv3x3\/thin\n$/,
  );
  assert.match(
    renderPart("proposal", report),
    /which do not make the step .* 42\.1 \/ 50\.0 ms as chosen, 40\.0 \/ 50\.0 ms with\n {4}product\/low: tiled\n$/,
  );
  assert.match(renderPart("proposal", { ...report, proposal: null }), /^proposed defaults: none, /);
  assert.match(
    renderPart("small", report),
    /^training steps \(32 filters, 256 px, batch 4; .*\n.*\n.*\n.*\n {2}PyTorch is missing: no network\n$/,
  );
  assert.match(
    renderPart("inference", report),
    /^calls of predict .*\n.*\n {2}this project, float32 +42\.1 \/ 50\.0 +160\.0 +3\n {2}PyTorch 2, default +100 \/ 50 +160\.0 +0\.42 \/ 1\.00 +3\n$/,
  );
  assert.equal(renderPart("forward", report), "");
  assert.match(renderLeft(report), /^no time was left for inference\nhint: /);
  assert.equal(renderLeft({ ...report, left: [] }), "");
});
