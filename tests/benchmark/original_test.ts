import assert from "node:assert/strict";
import { measureOriginal, runSeconds } from "../../src/benchmark/original.ts";
import { renderOriginal } from "../../src/benchmark/original_report.ts";
import { openTestGpu } from "../support/test_gpu.ts";

Deno.test("runSeconds: 40 epochs of 1,502 training and 429 validation images", () => {
  assert.equal(runSeconds(1, 1, 0), 40 * 1502);
  assert.equal(runSeconds(1, 0, 1), 40 * 429);
  assert.equal(runSeconds(32, 0.3, 0.1), 40 * (1502 * 0.3 + 429 * 0.1) / 32);
});

Deno.test("measureOriginal: runs on any adapter, here without PyTorch", async () => {
  const gpu = await openTestGpu();
  const notes: string[] = [];
  const shape = { filters: 2, size: 32, batch: 2 };
  const report = await measureOriginal(gpu, shape, {
    seconds: 0,
    least: 2,
    measurement: 0,
    onNote: (note) => notes.push(note),
  }, {});
  const [ours, half] = report.speeds;
  const rows = report.missingHalf === null ? 2 : 1;
  assert.equal(report.speeds.length, rows);
  if (half) assert.ok(half.step.best > 0 && half.peakBytes! < ours!.peakBytes!);
  else assert.match(report.missingHalf!, /^Cannot store tensors as f16 on /);
  assert.ok(ours!.step.best > 0 && ours!.evaluation.best > 0 && ours!.ratio === null);
  assert.ok(ours!.peakBytes! >= report.plannedBytes);
  // Tests may not start Python.
  assert.match(report.missing!, /run access/);
  assert.deepEqual(notes, ["starting PyTorch", "measuring gaps between dispatches"]);
  const text = renderOriginal(report);
  assert.match(text, /^configuration of the original \(2 filters, 32 px, batch 2; best \/ median\)\n/);
  assert.match(text, /\n {2}this project, float32 +\d/);
  assert.match(text, half ? /\n {2}this project, float16 +\d/ : /\n {2}float16 is missing: /);
  assert.match(text, /\n {2}PyTorch is missing: /);
  assert.match(text, /\ntime within a step \(2 filters, 32 px, batch 2\): \d+ dispatches/);
});
