import assert from "node:assert/strict";
import { evaluatedSplit, evaluationNames, FOLDERS, RUN_FILES } from "../../src/fs/layout.ts";

Deno.test("RUN_FILES and FOLDERS: the names that other programs and earlier versions know", () => {
  assert.deepEqual(Object.values(RUN_FILES), [
    "config.json",
    "metrics.jsonl",
    "best.safetensors",
    "checkpoint.safetensors",
    "curves.png",
    "card.json",
    "card.md",
    "card-images",
    "report.html",
    "samples",
    "tb",
    "swanlog",
    "ensemble.json",
    "ensemble-summary.json",
    "ensemble-summary.csv",
    "reliability.png",
    "folds",
    "seeds",
  ]);
  const dataset = [
    "dataset",
    "dataset/.cache",
    "dataset/.bench",
    "dataset/masks",
    "dataset/phantom",
    "dataset/resplit",
  ];
  assert.deepEqual(Object.values(FOLDERS), [...dataset, "runs", "predictions", "models", "site"]);
});

Deno.test("evaluationNames: plain figures for the test split, prefixed ones for others", () => {
  assert.deepEqual(Object.values(evaluationNames("test")), [
    "test.json",
    "test.csv",
    "test-classes.csv",
    "predictions.png",
    "cases.png",
    "case-images.json",
    "audit.csv",
    "audit.png",
    "test-probabilities",
    ".evaluate-test",
  ]);
  assert.equal(evaluationNames("valid").predictions, "valid-predictions.png");
});

Deno.test("evaluatedSplit: recognizes the figures and audits of every split, and nothing else", () => {
  for (const split of ["test", "valid", "my-split"]) {
    const { json, csv, classesCsv, caseImages, ledger, ...figures } = evaluationNames(split);
    for (const name of Object.values(figures)) assert.equal(evaluatedSplit(name), split);
    // A table or a JSON file of that name may be anybody's; a ledger goes with its evaluation.
    for (const name of [json, csv, classesCsv, caseImages, ledger]) assert.equal(evaluatedSplit(name), null);
  }
  for (const name of ["notes-on-predictions.txt", "predictions.json", "cases.csv", "xaudit.csv"]) {
    assert.equal(evaluatedSplit(name), null);
  }
});
