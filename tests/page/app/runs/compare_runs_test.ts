/** What the comparison of runs computes: differences of settings, common x values, names and addresses. */
import assert from "node:assert/strict";
import { apiUrl } from "../../../../src/page/app/api.ts";
import { alignLines } from "../../../../src/page/app/charts/align.ts";
import { showCount, showMetric, showNumber, showSeconds } from "../../../../src/page/app/format.ts";
import { parseHash } from "../../../../src/page/app/router.ts";
import { points } from "../../../../src/page/app/runs/comparison.ts";
import { configDifferences } from "../../../../src/page/app/runs/config_diff.ts";
import { metricKeys, metricName } from "../../../../src/page/app/runs/metric_names.ts";
import { viewHash } from "../../../../src/page/app/view.ts";

Deno.test("configDifferences: nested settings by their paths, missing ones, and nothing that is the same", () => {
  const one = { epochs: 3, classes: ["a", "b"], data: { train: { samples: 5 } }, augment: null };
  const two = { epochs: 3, classes: ["a"], data: { train: { samples: 6 } }, augment: { flip: 0.5 } };
  assert.deepEqual(configDifferences([one, two, null]), [
    { setting: "epochs", values: ["3", "3", undefined] },
    { setting: "classes", values: ['["a","b"]', '["a"]', undefined] },
    { setting: "data.train.samples", values: ["5", "6", undefined] },
    { setting: "augment", values: ["null", undefined, undefined] },
    { setting: "augment.flip", values: [undefined, "0.5", undefined] },
  ]);
  assert.deepEqual(configDifferences([one, structuredClone(one)]), []);
  assert.deepEqual(configDifferences([]), []);
});

Deno.test("points: a log as a line over epochs or hours; of an epoch that was trained again, the last", () => {
  const line = (epoch: number, dice: number | null | undefined) => ({
    epoch,
    time: null,
    metrics: { seconds: 1800, ...dice === undefined ? {} : { dice } },
  });
  const lines = [line(1, 0.1), line(2, 0.2), line(3, undefined), line(2, 0.3), line(4, null)];
  assert.deepEqual(points(lines, "dice", "epoch"), [[1, 0.1], [2, 0.3], [4, null]]);
  assert.deepEqual(points(lines, "dice", "hours"), [[0.5, 0.1], [1, 0.3], [2, null]]);
});

Deno.test("alignLines: common x values; a missing value is passed over, an undefined one is a gap", () => {
  const lines = [{ label: "a", points: [[1, 5], [3, null]] }, {
    label: "b",
    points: [[2, 7], [3, 8]],
  }] as const;
  assert.deepEqual(alignLines(lines), { x: [1, 2, 3], values: [[5, undefined, null], [undefined, 7, 8]] });
});

Deno.test("metricName: names and order of metrics, classes with slashes and unknown ones included", () => {
  assert.equal(metricName("valid/dice"), "Dice (validation)");
  assert.equal(metricName("train/dice/left/upper lung"), "Dice of left/upper lung (training)");
  assert.equal(metricName("learning_rate"), "Learning rate");
  assert.equal(metricName("other/thing"), "other/thing");
  assert.deepEqual(
    metricKeys([{ metrics: { b: 1, "valid/loss": 1, "valid/dice": 1 } }, { metrics: { a: 1 } }]),
    ["valid/dice", "valid/loss", "a", "b"],
  );
});

Deno.test("showNumber: numbers as the page shows them; what is not known is a dash", () => {
  const numbers = [0, 0.12345678, 12345.678, 1e-4, -2.5e-7, 1234567, null, undefined, NaN, Infinity];
  assert.deepEqual(numbers.map(showNumber), [
    ...["0", "0.1235", "12345.68", "1e-4", "-2.5e-7", "1.235e6", "–", "–", "–", "–"],
  ]);
  assert.deepEqual([showMetric(0.5), showCount(1234.4), showSeconds(3661), showSeconds(null)], [
    ...["0.5000", "1,234", "1 h 01 min", "–"],
  ]);
});

Deno.test("viewHash: any name is an address and back, and an address of the API", () => {
  const names = ["a b", "a/b", "../x", "<script>&\"'#?%", "ünï", "%2e"];
  for (const name of names) {
    assert.deepEqual(parseHash(viewHash("run", name)), ["run", name]);
    const url = new URL(apiUrl(["runs", name]), "http://127.0.0.1/token/");
    assert.equal(url.pathname.split("/").length, 5, url.href);
    assert.equal(decodeURIComponent(url.pathname.split("/")[4]!), name);
  }
  assert.deepEqual(parseHash("#/run/%"), []);
  assert.deepEqual(parseHash(""), []);
});
