import assert from "node:assert/strict";
import type { AppearanceJudge } from "../../src/appearance/appearance.ts";
import { describeFar, describeNotAdapted } from "../../src/cli/adapt_notes.ts";
import { formatAppearance, summarizeAppearance } from "../../src/evaluation/appearance_summary.ts";
import { formatScores } from "../../src/evaluation/csv.ts";
import { type ImageScore, scoreImage } from "../../src/evaluation/image_score.ts";
import { adaptLogits, foundShare, usualShare, whyNotAdapted } from "../../src/prediction/adapt.ts";
import { appearanceNote } from "../../src/prediction/appearance_note.ts";
import { completeConfig } from "../../src/unet/config.ts";

const APPEARANCE = { images: 20, quantile: 0.99, threshold: 1, features: 1, space: "" };
const JUDGED = { distance: 2, intensities: 1, encoder: 1, unusual: true };
const network = completeConfig({ filters: 1 });

/** Accuracy and Dice as validation reports them, from counts of pixels. */
function metrics(overlap: number, predicted: number, truth: number, pixels: number) {
  const errors = predicted + truth - 2 * overlap;
  return { "valid/accuracy": 1 - errors / pixels, "valid/dice": 2 * overlap / (predicted + truth) };
}

Deno.test("usualShare: the mean of the true and the predicted share of foreground, by accuracy and Dice", () => {
  const share = usualShare({ network, metrics: metrics(70, 90, 110, 1000) })!;
  assert.ok(Math.abs(share - 0.1) < 1e-12, `${share}`);
});

Deno.test("whyNotAdapted: what the model's file lacks, or that it has several classes", () => {
  const known = metrics(70, 90, 110, 1000);
  assert.equal(whyNotAdapted({ ...base, network, appearance: APPEARANCE, metrics: known }), null);
  assert.match(whyNotAdapted({ ...base, network, metrics: known })!, /training images look like/);
  for (
    const metrics of [undefined, {}, { "valid/accuracy": null, "valid/dice": 0.5 }, {
      "valid/accuracy": 1,
      "valid/dice": 1,
    }]
  ) {
    assert.match(
      whyNotAdapted({ ...base, network, appearance: APPEARANCE, metrics })!,
      /how much foreground/,
    );
  }
  const several = { ...network, outChannels: 3, head: "softmax" as const };
  const why = whyNotAdapted({ ...base, network: several, appearance: APPEARANCE, metrics: known })!;
  assert.match(why, /several classes/);
  const models = [{ path: "a\u001b.pth", description: { ...base, network } }];
  assert.match(
    describeNotAdapted(models),
    /^note: --adapt changes nothing for a\\u001b\.pth: the model's file.*\n$/,
  );
  assert.equal(
    describeNotAdapted([{
      path: "a",
      description: { ...base, network, appearance: APPEARANCE, metrics: known },
    }]),
    "",
  );
});

const base = { size: 4, normalize: "imagenet", threshold: 0.5 } as const;

Deno.test("describeFar: counts what --adapt would try, unless it was asked for, is refused, or changes nothing", () => {
  const known = { ...base, network, appearance: APPEARANCE, metrics: metrics(70, 90, 110, 1000) };
  const at = (distance: number) => ({ appearance: { ...JUDGED, distance } });
  const images = [at(0.5), at(2), at(2.01), {}];
  const models = [{ description: known }];
  assert.match(describeFar(images, models, {}), /^note: 1 image is far .*--adapt.*\n$/);
  assert.match(describeFar([...images, at(9)], models, {}), /^note: 2 images are far /);
  assert.equal(describeFar(images, models, { adapt: true }), "");
  assert.equal(describeFar(images, models, { missRate: 0.1 }), "");
  assert.equal(describeFar(images.slice(0, 2), models, {}), "");
  assert.equal(describeFar(images, [{ description: { ...base, network } }], {}), "");
});

Deno.test("foundShare: counts the pixels above a logit of 0, padding not at all", () => {
  const data = new Float32Array(12).fill(1);
  for (const at of [0, 4, 8]) data[at] = 0;
  assert.equal(foundShare({ shape: [3, 2, 2], data }, Float32Array.of(5, 1, -1, -1)), 1 / 3);
});

Deno.test("adaptLogits: inverts what is far if its share of foreground is more usual, or its distance halves", async () => {
  const images = { shape: [3, 3, 2, 2], data: Float32Array.from({ length: 36 }, (_, i) => 1 + i) };
  // Of three images the shares of foreground are 1, 1 and 1/4.
  const logits = { shape: [3, 1, 2, 2], data: Float32Array.of(9, 9, 9, 9, 9, 9, 9, 9, 9, -9, -9, -9) };
  const run = async (share: number, distanceOf: (isInverted: boolean) => number) => {
    const asked: number[] = [];
    const adapted: unknown[] = [];
    const judge = {
      judge: ({ data: [first] }: { data: Float32Array }) => {
        const place = [1, 13, 25].indexOf(first!);
        // The first image is near the training images.
        return { distance: place === 0 ? 2 : distanceOf(place < 0) };
      },
    } as unknown as AppearanceJudge;
    const { data } = await adaptLogits(images, logits, {
      judge,
      share,
      normalize: "imagenet",
      predict: (image, place) => {
        assert.deepEqual(image.shape, [1, 3, 2, 2]);
        asked.push(place);
        return Promise.resolve({ shape: [1, 1, 2, 2], data: Float32Array.of(7, 7, -7, -7) });
      },
      onAdapted: (...what) => adapted.push(what),
    });
    return { data: [...data], asked, adapted };
  };
  const [usual, full, quarter, half] = [[9, 9, 9, 9], [9, 9, 9, 9], [9, -9, -9, -9], [7, 7, -7, -7]];
  assert.deepEqual(await run(0.3, () => 2.1), {
    data: [...usual, ...half, ...quarter],
    asked: [1, 2],
    adapted: [[1, "inverted"]],
  });
  // Equally near to the usual share, an image stays.
  assert.deepEqual((await run(0.75, () => 2.1)).adapted, [[2, "inverted"]]);
  // Inverted images at less than half the distance are taken whatever they find.
  assert.deepEqual((await run(1, (isInverted) => isInverted ? 1.9 : 4)).data, [...usual, ...half, ...half]);
  assert.deepEqual((await run(1, (isInverted) => isInverted ? 2 : 4)).data, [...usual, ...full, ...half]);
  assert.deepEqual((await run(0.3, () => 2)).asked, []);
  // The batch itself is left as it is.
  assert.equal(logits.data[4], 9);
});

Deno.test("formatAppearance, formatScores, appearanceNote: state what was done to which image", () => {
  const mask = { width: 2, height: 1, data: Uint8Array.of(1, 0) };
  const score = (name: string, more: Partial<ImageScore>) => ({ ...scoreImage(name, mask, mask), ...more });
  const plain = score("a.png", { appearance: { ...JUDGED, unusual: false } });
  const inverted = score("b.png", { appearance: JUDGED, adapted: "inverted" });
  const summary = summarizeAppearance([plain, inverted], { appearance: APPEARANCE })!;
  assert.equal(summary.inverted, 1);
  assert.match(
    formatAppearance(summary),
    /\nadapted {6}1 of them was predicted with inverted intensities\n$/,
  );
  const [header, first, second] = formatScores([plain, inverted]).split("\r\n");
  assert.match(header!, /,appearance_distance,adapted$/);
  assert.match(first!, /,2,$/);
  assert.match(second!, /,2,inverted$/);
  assert.doesNotMatch(formatScores([plain]), /adapted/);
  assert.equal("inverted" in summarizeAppearance([plain], { appearance: APPEARANCE })!, false);
  const notes = appearanceNote(JUDGED, { appearance: APPEARANCE }, "inverted");
  assert.deepEqual(notes.map(({ message }) => message).slice(1), ["predicted with inverted intensities"]);
});
