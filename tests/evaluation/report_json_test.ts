/** The keys of an evaluation's JSON document, which other programs read. */
import assert from "node:assert/strict";
import { reportDocument } from "../../src/evaluation/report_json.ts";
import type { EvaluationReport } from "../../src/evaluation/run_evaluation.ts";
import { summarize } from "../../src/evaluation/summary.ts";
import { exampleScores } from "../support/evaluation.ts";
import { keyPaths } from "../support/key_paths.ts";
import { reportKeys } from "../support/report_keys.ts";

const loss = { loss: 0.5, diceLoss: 0.4, bce: 0.3, accuracy: 0.9 };

const report: EvaluationReport = {
  split: "test",
  data: { images: 4, annotated: true, unannotated: "empty", fingerprint: "", problems: [] },
  settings: { threshold: 0.5, size: 32, spacing: null, unit: "px" },
  loss: { weighted: loss, batchMean: loss, batchSize: 32 },
  summary: summarize(exampleScores()),
  scores: exampleScores(),
  audit: [{
    name: "a.png",
    score: 0.1,
    kind: "missing",
    reason: "",
    box: { x: 0, y: 0, width: 1, height: 1 },
    pixels: 1,
    certainty: 1,
  }],
  files: { json: "test.json", csv: null, predictions: null, cases: null, auditCsv: null, auditFigure: null },
};

Deno.test("reportDocument: has exactly the keys of version 0.1.0", async () => {
  // `model` and `device` come from the command.
  const expected = (await reportKeys()).filter((path) => !/^(model|device)\./.test(path));
  assert.deepEqual(keyPaths(reportDocument(report, {})).sort(), expected);
});

Deno.test("reportDocument: counts images under their old names, and adds the provenance", () => {
  const document = JSON.parse(JSON.stringify(reportDocument(report, { model: { epoch: 7 } })));
  assert.equal(document.data.pictures, 4);
  assert.equal(document.summary.pictures, 4);
  assert.deepEqual([document.summary.tumor.pictures, document.summary.tumor.predictedEmpty], [2, 1]);
  assert.deepEqual(document.summary.noTumor, {
    pictures: 2,
    predictedEmpty: 1,
    falsePixels: 3,
    falseLesions: 3,
  });
  assert.deepEqual(document.model, { epoch: 7 });
});

Deno.test("reportDocument: a report without annotations keeps its nulls", () => {
  const document = reportDocument({ ...report, loss: null, summary: null, scores: [] }, {});
  assert.deepEqual([document.loss, document.summary, document.scores], [null, null, []]);
});
