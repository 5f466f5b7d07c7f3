/** The table of images: columns of every metric, filters, classes. */
import assert from "node:assert/strict";
import { METRIC_NAMES } from "../../../src/evaluation/metrics.ts";
import { scoreClasses } from "../../../src/evaluation/image_score.ts";
import type { ImageResult } from "../../../src/page/api/results.ts";
import {
  filterRows,
  FILTERS,
  resultColumns,
  type ResultFilter,
  resultRows,
} from "../../../src/page/app/results/result_rows.ts";
import { exampleScores } from "../../support/evaluation.ts";
import { drawMask } from "../../support/masks.ts";

const SCORES = exampleScores().map(({ classes: _, ...score }): ImageResult => score);

Deno.test("filterRows: missed and false lesions, images with and without foreground, and parts of names", () => {
  const rows = resultRows(SCORES, null);
  const names = (filter: ResultFilter, text = "") => filterRows(rows, filter, text).map(({ name }) => name);
  assert.deepEqual(names("all"), ["part.jpg", "missed.jpg", "healthy.jpg", "marked.jpg"]);
  assert.deepEqual(names("foreground"), ["part.jpg", "missed.jpg"]);
  assert.deepEqual(names("empty"), ["healthy.jpg", "marked.jpg"]);
  assert.deepEqual(names("missed"), ["missed.jpg"]);
  assert.deepEqual(names("false"), ["part.jpg", "marked.jpg"]);
  assert.deepEqual(names("all", " MARK"), ["marked.jpg"]);
  assert.deepEqual(names("foreground", "marked"), []);
  assert.equal(Object.keys(FILTERS).length, 5);
});

Deno.test("resultColumns: every metric is a column, with its unit, and the worst come first", () => {
  const columns = resultColumns("mm");
  assert.deepEqual(columns.slice(0, METRIC_NAMES.length).map(({ key }) => key), METRIC_NAMES);
  assert.equal(columns.find(({ key }) => key === "hausdorff95")!.title, "HD95 mm");
  const [row] = resultRows(SCORES, null);
  const values = Object.fromEntries(columns.map(({ key, value }) => [key, value(row!)]));
  const { metrics, lesions } = SCORES[0]!;
  assert.deepEqual(values, {
    ...metrics,
    missed: lesions.missed,
    false: lesions.false,
    truth: lesions.truth,
    predicted: lesions.predicted,
    trueArea: 3,
    predictedArea: 4,
  });
  assert.deepEqual(
    columns.filter(({ worstFirst }) => worstFirst === "ascending").map(({ key }) => key),
    ["dice", "iou", "sensitivity", "precision", "specificity", "accuracy"],
  );
});

Deno.test("resultRows: a class has its own scores", () => {
  const masks = [
    { name: "a", predicted: drawMask("##."), truth: drawMask("##.") },
    { name: "b", predicted: drawMask("..."), truth: drawMask("..#") },
  ];
  const { classes, ...score } = scoreClasses("1.png", masks);
  const result = { ...score, classes: Object.fromEntries(classes!.map((each) => [each.name, each])) };
  const dice = (name: string | null) => resultRows([result], name)[0]!.score.metrics.dice;
  assert.deepEqual([dice(null), dice("a"), dice("b")], [0.5, 1, 0]);
  const shown = (name: string | null) => filterRows(resultRows([result], name), "missed", "").length;
  assert.deepEqual([shown("a"), shown("b")], [0, 1]);
});
