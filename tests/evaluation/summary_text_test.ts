/** The summary as text, verbatim. */
import assert from "node:assert/strict";
import { formatSummary, scoreImage, summarize } from "../../mod.ts";
import { exampleScores } from "../support/evaluation.ts";
import { drawMask } from "../support/masks.ts";

Deno.test("formatSummary: pooled and per-image metrics, images without foreground apart", () => {
  assert.equal(
    formatSummary(summarize(exampleScores()), { unit: "mm" }),
    `4 images: 2 with foreground, 2 without

all pixels together
  Dice             0.3333
  IoU              0.2000
  sensitivity      0.4000
  precision        0.2857
  specificity      0.8571
  accuracy         0.8000   (all background: 0.8750)

per image with foreground      mean    median   95 % interval of the mean
  Dice                       0.2857    0.2857   0.0000 to 0.5714
  IoU                        0.2000    0.2000   0.0000 to 0.4000
  sensitivity                0.3333    0.3333   0.0000 to 0.6667
  precision                  0.5000    0.5000   0.5000 to 0.5000   (of 1)
  specificity                0.8571    0.8571   0.7143 to 1.0000
  accuracy                   0.7500    0.7500   0.7000 to 0.8000
  HD95 mm                      1.35      1.35   1.35 to 1.35   (of 1)
  avg surface dist mm          0.49      0.49   0.49 to 0.49   (of 1)

lesions      3 true, 5 predicted: 2 missed, 4 false
foreground   1 of 2 images predicted empty
background   1 of 2 images predicted empty; in the others 3 lesions, 3 pixels
`,
  );
});

Deno.test("formatSummary: fits a terminal, without trailing blanks", () => {
  const empty = drawMask("..", "..");
  for (
    const scores of [
      exampleScores(),
      [scoreImage("a", empty, empty)],
      [scoreImage("b", drawMask("##"), drawMask("#."))],
    ]
  ) {
    const text = formatSummary(summarize(scores));
    assert.ok(text.endsWith("\n"));
    for (const line of text.split("\n")) assert.match(line, /^(|.{0,79}[^ ])$/);
    assert.doesNotMatch(text, /NaN|null|undefined|Infinity/);
  }
});

Deno.test("formatSummary: images without foreground that are all predicted empty", () => {
  const empty = drawMask("..", "..");
  const text = formatSummary(summarize([scoreImage("a", empty, empty)]));
  assert.equal(
    text,
    `1 image: 0 with foreground, 1 without

all pixels together
  Dice             -
  IoU              -
  sensitivity      -
  precision        -
  specificity      1.0000
  accuracy         1.0000   (all background: 1.0000)

lesions      0 true, 0 predicted: 0 missed, 0 false
background   1 of 1 image predicted empty
`,
  );
});
