import assert from "node:assert/strict";
import { addEvaluation } from "../../src/card/add_evaluation.ts";
import { packCard, parseCard } from "../../src/card/card_format.ts";
import { cardMarkdown } from "../../src/card/card_text.ts";
import { makeCard } from "../../src/card/make_card.ts";
import { scoreImage } from "../../src/evaluation/image_score.ts";
import type { EvaluationReport } from "../../src/evaluation/run_evaluation.ts";
import { bootstrapMean } from "../../src/evaluation/statistics.ts";
import { summarize } from "../../src/evaluation/summary.ts";
import { smallModel } from "../support/small_model.ts";

const HASH = "a".repeat(64);

/** Row-major masks of 4 x 4 pixels, whose first `count` pixels are set. */
function mask(count: number) {
  return { width: 4, height: 4, data: Uint8Array.from({ length: 16 }, (_, at) => at < count ? 1 : 0) };
}

const SCORES = [1, 2, 3, 8, 9, 10, 0].map((area, index) => ({
  ...scoreImage(`${index}.png`, mask(area === 0 ? 0 : 4), mask(area)),
  appearance: { distance: index / 5, intensities: 0, encoder: 0, unusual: index / 5 > 1 },
}));

const REPORT = {
  split: "test",
  data: { fingerprint: HASH },
  settings: { threshold: 0.5 },
  summary: summarize(SCORES),
  scores: SCORES,
  sources: SCORES.map(({ name }) => ({ image: HASH, labels: HASH, split: "test", fileName: name })),
} as unknown as EvaluationReport;

const CASES = (["worst", "best"] as const).map((rank) => ({
  name: `${rank}.png`,
  rank,
  dice: 0.4,
  width: 4,
  height: 4,
  panels: ["image", "outlines", "errors"].map((caption) => ({ caption, jpeg: "/9j/2Q==" })),
}));

function added(report = REPORT) {
  const card = makeCard({ file: "best.safetensors", sha256: HASH, byteLength: 1, ...smallModel() });
  return addEvaluation(card, { report, cases: CASES, imageFolder: "runs/a/card-images" });
}

Deno.test("addEvaluation: metrics by group with intervals, as means over the images of each", () => {
  const { card } = added()!;
  const { groups, pooledDice } = card.evaluations.test!;
  assert.deepEqual(groups.map(({ name, images }) => [name, images]), [
    ["with foreground", 6],
    ["without foreground", 1],
    ["small foreground", 2],
    ["medium foreground", 2],
    ["large foreground", 2],
    ["like the training images", 6],
    ["unlike the training images", 1],
  ]);
  assert.equal(pooledDice, REPORT.summary!.pooled.dice);
  // Of a predicted area of 4: Dice is 2 * min(area, 4) / (area + 4).
  const dice = [1, 2].map((area) => 2 * area / (area + 4));
  const small = groups[2]!.metrics.dice!;
  assert.ok(Math.abs(small.mean! - (dice[0]! + dice[1]!) / 2) < 1e-12);
  assert.deepEqual(small.interval, bootstrapMean(dice));
  assert.deepEqual(groups[1]!.metrics["predicted empty"]!.mean, 1);
  assert.deepEqual(parseCard(packCard(card)), card);
});

Deno.test("addEvaluation: the worst images with their drawings, and the hashes of images and masks", () => {
  const { card, drawings } = added()!;
  const { failures } = card.evaluations.test!;
  assert.deepEqual(failures, [{
    image: "worst.png",
    dice: 0.4,
    files: ["card-images/test-worst-1-1.jpg", "card-images/test-worst-1-2.jpg"],
  }]);
  assert.deepEqual([...drawings.keys()], ["test-worst-1-1.jpg", "test-worst-1-2.jpg"]);
  assert.equal(card.data.test!.files[6], `${HASH} ${HASH} test/6.png`);
  assert.match(cardMarkdown(card), /!\[worst\.png\]\(card-images\/test-worst-1-1\.jpg\)/);
});

Deno.test("addEvaluation: null for a split without annotations", () => {
  assert.equal(added({ ...REPORT, summary: null }), null);
});
