/** Scores of several classes: what is ignored counts nowhere, and what is absent is no success. */
import assert from "node:assert/strict";
import { formatScores, formatSummary, maskMetrics, scoreClasses, scoreImage, summarize } from "../../mod.ts";
import { auditClass } from "../../src/evaluation/audit.ts";
import { formatClasses } from "../../src/evaluation/class_text.ts";
import type { ImageScore } from "../../src/evaluation/image_score.ts";
import type { Mask } from "../../src/image/mask.ts";
import { drawMask, randomMask } from "../support/masks.ts";
import { Random } from "../support/random.ts";

/** An image of the classes `lung` and `heart`, drawn as `l`, `h` and, if ignored, `?`. */
function score(name: string, predicted: string[], truth: string[]): ImageScore {
  const masks = (rows: string[], letter: string) => drawMask(...rows.map((row) => mark(row, letter)));
  return scoreClasses(
    name,
    [["lung", "l"], ["heart", "h"]].map(([name, letter]) => ({
      name: name!,
      predicted: masks(predicted, letter!),
      truth: masks(truth, letter!),
    })),
    { ignored: masks(truth, "?") },
  );
}

function mark(row: string, letter: string): string {
  return [...row].map((each) => each === letter ? "#" : ".").join("");
}

/** Lung found in part, heart missed; heart falsely found, lung ignored; nothing at all. */
function threeScores(): ImageScore[] {
  return [
    score("a.png", ["ll..", "....", "...."], ["llll", "....", "..hh"]),
    score("b.png", ["ll..", "....", "..h."], ["??..", "....", "...."]),
    score("c.png", ["....", "....", "...."], ["....", "....", "...?"]),
  ];
}

Deno.test("scoreImage: ignored pixels count nowhere, as if the image ended before them", () => {
  const random = new Random(5);
  for (let round = 0; round < 60; round++) {
    const [predicted, truth] = [randomMask(random, 9, 7), randomMask(random, 9, 7)];
    const columns = 1 + random.integer(8);
    const crop = (mask: Mask): Mask => ({
      width: columns,
      height: 7,
      data: mask.data.filter((_, at) => at % 9 < columns),
    });
    const ignored = { ...truth, data: truth.data.map((_, at) => at % 9 < columns ? 0 : 1) };
    const { width: _, ...whole } = scoreImage("x", predicted, truth, { ignored });
    const { width: __, ...part } = scoreImage("x", crop(predicted), crop(truth));
    assert.deepEqual(whole, part);
    assert.deepEqual(maskMetrics(predicted, truth, { ignored }), part.metrics);
  }
});

Deno.test("scoreClasses: a class that neither mask has is left out of the image's mean, one of one mask counts as 0", () => {
  const [a, b, c] = threeScores();
  assert.deepEqual(a!.classes!.map(({ name, metrics }) => [name, metrics.dice]), [["lung", 4 / 6], [
    "heart",
    0,
  ]]);
  assert.equal(a!.metrics.dice, 2 / 6);
  assert.equal(a!.metrics.sensitivity, 0.25);
  assert.equal(a!.metrics.precision, 1, "of the only class that has one");
  assert.equal(a!.metrics.specificity, 1);
  assert.deepEqual(a!.lesions, { truth: 2, predicted: 1, missed: 1, false: 0 });
  assert.deepEqual(a!.pixels, { truePositives: 2, falsePositives: 0, falseNegatives: 4, trueNegatives: 18 });
  // The ignored lung is neither found nor false.
  assert.deepEqual(b!.classes!.map(({ metrics }) => metrics.dice), [null, 0]);
  assert.equal(b!.metrics.dice, 0);
  assert.equal(b!.metrics.specificity, 0.9);
  assert.deepEqual(b!.lesions, { truth: 0, predicted: 1, missed: 0, false: 1 });
  assert.deepEqual([c!.metrics.dice, c!.metrics.accuracy, c!.pixels.trueNegatives], [null, 1, 22]);
  assert.throws(() => scoreClasses("x", []), RangeError);
});

Deno.test("summarize: per class over images and pooled, with their means over the classes", () => {
  const summary = summarize(threeScores());
  const [lung, heart] = summary.classes!;
  assert.deepEqual(lung!.pixels, {
    truePositives: 2,
    falsePositives: 0,
    falseNegatives: 2,
    trueNegatives: 29,
  });
  assert.equal(lung!.pooled.dice, 2 / 3);
  assert.equal(lung!.baselineAccuracy, 29 / 33);
  assert.deepEqual([lung!.perImage.dice.count, lung!.perImage.dice.mean], [1, 2 / 3]);
  assert.deepEqual(lung!.present, { images: 1, predictedEmpty: 0 });
  assert.deepEqual(lung!.absent, { images: 2, predictedEmpty: 2, falsePixels: 0, falseLesions: 0 });
  assert.deepEqual(
    [heart!.perImage.dice.count, heart!.perImage.dice.mean],
    [2, 0],
    "missed, and falsely found",
  );
  assert.equal(heart!.perImage.hausdorff95.mean, null);
  assert.deepEqual(heart!.present, { images: 1, predictedEmpty: 1 });
  assert.deepEqual(heart!.absent, { images: 2, predictedEmpty: 1, falsePixels: 1, falseLesions: 1 });
  assert.equal(summary.pooled.dice, 1 / 3);
  assert.equal(summary.classMeans!.perImage.dice, 1 / 3);
  assert.equal(summary.classMeans!.perImage.hausdorff95, lung!.perImage.hausdorff95.mean);
  assert.deepEqual([summary.images, summary.withForeground.images, summary.lesions.truth], [3, 1, 2]);
  // A class that no image has, and none is said to have, changes no mean.
  const rare = threeScores().map((score) => ({
    ...score,
    classes: [...score.classes!, { ...threeScores()[2]!.classes![0]!, name: "rare" }],
  }));
  const three = summarize(rare);
  assert.equal(three.classes![2]!.pooled.dice, null);
  assert.deepEqual(three.classMeans, summary.classMeans);
});

Deno.test("formatSummary, formatScores, formatClasses: a row per class and one of means, within 80 columns", () => {
  const scores = threeScores();
  const summary = summarize(scores);
  const text = formatSummary(summary);
  assert.match(text, /^class +Dice +IoU +sens\. +prec\. +Dice +HD95 px +images$/m);
  assert.match(text, /^ {2}lung +0\.6667 +0\.5000 +0\.5000 +1\.0000 +0\.6667 +\d\.\d\d +1$/m);
  assert.match(text, /^ {2}heart +0\.0000 +0\.0000 +0\.0000 +0\.0000 +0\.0000 +- +1$/m);
  assert.match(text, /^ {2}mean of classes +0\.3333 .* 0\.3333 +\d\.\d\d$/m);
  const named = {
    ...summary,
    classes: summary.classes!.map((each) => ({ ...each, name: `${"長".repeat(40)}\n` })),
  };
  assert.ok(formatSummary(named).split("\n").every((line) => [...line].length <= 80));

  const rows = formatScores(scores).trimEnd().split("\r\n").map((row) => row.split(","));
  assert.equal(rows.length, 1 + 3 * 3);
  assert.deepEqual(rows[0]!.slice(0, 6), [
    "picture",
    "class",
    "width",
    "height",
    "true_pixels",
    "predicted_pixels",
  ]);
  assert.deepEqual(rows.slice(1, 4).map((row) => row.slice(0, 7)), [
    ["a.png", "lung", "4", "3", "4", "2", "1"],
    ["a.png", "heart", "4", "3", "2", "0", "1"],
    ["a.png", "mean of classes", "4", "3", "6", "2", "2"],
  ]);
  const table = formatClasses(summary.classes!, summary.classMeans!).trimEnd().split("\r\n");
  assert.deepEqual(table.map((row) => row.split(",").length), [22, 22, 22, 22]);
  assert.match(table[1]!, /^lung,1,4,2,1,1,0,0,0\.6666/);
  assert.match(table[3]!, /^mean of classes,,,,,,,,0\.3333/);
});

Deno.test("auditClass: names the class, and neither predicted nor annotated pixels count if ignored", () => {
  const annotation = drawMask("##..", "....");
  const margins = Float64Array.of(-1, -0.5, -1, 1, -1, -1, -1, -1);
  const finding = auditClass("a.png", { name: "lung", margins }, annotation);
  assert.deepEqual([finding!.class, finding!.kind, finding!.pixels, finding!.certainty], [
    "lung",
    "wrong",
    2,
    0.75,
  ]);
  const ignored = drawMask("##..", "....");
  const other = auditClass("a.png", { name: "lung", margins }, annotation, ignored);
  assert.deepEqual([other!.kind, other!.pixels], ["missing", 1]);
  const all = drawMask("####", "....");
  assert.equal(auditClass("a.png", { name: "lung", margins }, annotation, all), null);
});
