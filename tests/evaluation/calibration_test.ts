/** Calibration against plain loops, and the promise of conformal thresholds by simulation. */
import assert from "node:assert/strict";
import { leastTemperature, temperatureFit } from "../../src/evaluation/calibration/fit_temperature.ts";
import {
  imagesNeeded,
  MISSED_THRESHOLDS,
  missedCurve,
  missedShares,
  thresholdForMissRate,
} from "../../src/evaluation/calibration/missed_foreground.ts";
import { Reliability, RELIABILITY_BINS } from "../../src/evaluation/calibration/reliability.ts";
import { shuffled } from "../../src/random.ts";
import { isCalibration } from "../../src/unet/model_calibration.ts";
import { Random } from "../support/random.ts";

const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));
const tensor = (shape: number[], data: ArrayLike<number>) => ({ shape, data: Float32Array.from(data) });

/** Logits `temperature` times those that labels are drawn by. */
function drawSigmoid(count: number, temperature: number, seed: number) {
  const random = new Random(seed);
  const exact = Array.from({ length: count }, () => 8 * random.next() - 5);
  const labels = exact.map((logit) => random.next() < sigmoid(logit) ? 1 : 0);
  return { logits: exact.map((logit) => logit * temperature), labels };
}

Deno.test("temperatureFit: finds per class by what logits were multiplied, as a plain search does", () => {
  const fit = temperatureFit("sigmoid", 2, 2 * 4000);
  const [one, two] = [drawSigmoid(4000, 3, 1), drawSigmoid(4000, 0.5, 2)];
  fit.add(
    tensor([1, 2, 40, 100], [...one.logits, ...two.logits]),
    tensor([1, 2, 40, 100], [...one.labels, ...two.labels]),
  );
  // Ignored pixels count nowhere.
  fit.add(tensor([1, 2, 1, 1], [50, -50]), tensor([1, 2, 1, 1], [-1, -1]));
  const found = fit.temperatures();
  [one, two].forEach(({ logits, labels }, index) => {
    const loss = (temperature: number) =>
      logits.reduce(
        (sum, logit, at) => sum - Math.log(sigmoid((labels[at] ? 1 : -1) * logit / temperature)),
        0,
      );
    let best = 0.2;
    for (let each = 0.2; each < 6; each += 0.005) if (loss(each) < loss(best)) best = each;
    assert.ok(Math.abs(found[index]! - best) < 0.01, `class ${index}: ${found[index]}, plain search ${best}`);
  });
  assert.ok(Math.abs(found[0]! - 3) < 0.3 && Math.abs(found[1]! - 0.5) < 0.05, `${found}`);
});

Deno.test("temperatureFit: one temperature for a softmax", () => {
  const random = new Random(3);
  const [pixels, channels] = [6000, 3];
  const logits = new Float32Array(channels * pixels);
  const labels = new Float32Array(pixels);
  for (let at = 0; at < pixels; at++) {
    const exact = Array.from({ length: channels }, () => 6 * random.next());
    const all = exact.reduce((sum, value) => sum + Math.exp(value), 0);
    let draw = random.next() * all;
    while (labels[at]! < channels - 1 && (draw -= Math.exp(exact[labels[at]!]!)) > 0) labels[at]!++;
    exact.forEach((value, channel) => logits[channel * pixels + at] = 2 * value);
  }
  labels[0] = -1;
  const fit = temperatureFit("softmax", channels, pixels);
  fit.add({ shape: [1, channels, 60, 100], data: logits }, { shape: [1, 1, 60, 100], data: labels });
  const found = fit.temperatures();
  assert.equal(found.length, 1);
  assert.ok(Math.abs(found[0]! - 2) < 0.15, `${found}`);
});

Deno.test("temperatureFit: a softmax keeps pixels of all images, also of more pixels than announced", () => {
  const fit = temperatureFit("softmax", 2, 1);
  // The first half is twice, the second half four times too certain: one temperature has to serve both.
  const count = 2 ** 20;
  const labels = Float32Array.from({ length: count }, (_, at) => at % 8 === 0 ? 0 : 1);
  for (const factor of [2, 4]) {
    const logits = new Float32Array(2 * count).fill(factor * Math.log(7), count);
    fit.add({ shape: [1, 2, 1, count], data: logits }, { shape: [1, 1, 1, count], data: labels });
  }
  const [temperature] = fit.temperatures();
  assert.ok(temperature! > 2.05 && temperature! < 3.95, `${temperature}`);
});

Deno.test("leastTemperature: stays within its bounds, and at 1 without labels", () => {
  assert.equal(leastTemperature((temperature) => -temperature), 20);
  assert.equal(leastTemperature((temperature) => temperature), 0.05);
  assert.equal(leastTemperature(() => 0), 1);
  assert.equal(temperatureFit("sigmoid", 1, 0).temperatures()[0], 1);
});

Deno.test("Reliability: bins and the expected calibration error by hand", () => {
  const logit = (value: number) => Math.log(value / (1 - value));
  const reliability = new Reliability("sigmoid", 1);
  // Two at 0.72 of which one is foreground, two at 0.15 of which none is, and an ignored one.
  const values = [0.72, 0.72, 0.15, 0.15, 0.9].map(logit);
  reliability.add(tensor([1, 1, 1, 5], values), tensor([1, 1, 1, 5], [1, 0, 0, 0, -1]));
  const [bins] = reliability.bins();
  assert.equal(bins!.length, RELIABILITY_BINS);
  assert.deepEqual([bins![7]!.pixels, bins![7]!.frequency], [2, 0.5]);
  assert.deepEqual([bins![1]!.pixels, bins![1]!.frequency], [2, 0]);
  assert.equal(bins![9]!.pixels, 0);
  const [error] = reliability.errors();
  assert.ok(Math.abs(error! - (2 * 0.22 + 2 * 0.15) / 4) < 1e-6, `${error}`);
  const softmax = new Reliability("softmax", 2);
  softmax.add(tensor([1, 3, 1, 1], [Math.log(0.2), Math.log(0.5), Math.log(0.3)]), tensor([1, 1, 1, 1], [2]));
  const errors = softmax.errors().map((value) => Number(value.toFixed(5)));
  assert.deepEqual(errors, [0.5, 0.7], "of the first class, which it is not, and of the second, which it is");
});

Deno.test("missedShares: the share of foreground at or below each threshold, by hand", () => {
  const map = (...data: number[]) => ({ width: data.length, height: 1, data: Float32Array.from(data) });
  const mask = (...data: number[]) => ({ width: data.length, height: 1, data: Uint8Array.from(data) });
  const at = (shares: Float64Array | null, threshold: number) =>
    shares![MISSED_THRESHOLDS.findLastIndex((value) => value <= threshold)];
  const one = missedShares([map(0.2, 0.6, 0.99, 0.9)], [mask(1, 1, 1, 0)], "sigmoid");
  assert.deepEqual([0, 0.15, 0.3, 0.7, 0.99].map((threshold) => at(one, threshold)), [
    0,
    0,
    1 / 3,
    2 / 3,
    2 / 3,
  ]);
  assert.equal(missedShares([map(0.2)], [mask(0)], "sigmoid"), null);
  assert.equal(missedShares([map(0.2)], [mask(1)], "sigmoid", mask(1)), null, "ignored");
  // Exclusive classes: found if any class is, overlapping ones each for itself.
  const [maps, truths] = [[map(0.1, 0.7), map(0.8, 0.1)], [mask(1, 1), mask(0, 0)]];
  assert.equal(at(missedShares(maps, truths, "softmax"), 0.5), 0);
  assert.equal(at(missedShares(maps, truths, "sigmoid"), 0.5), 0.5);
  // Exactly at a threshold is not above it.
  const exact = MISSED_THRESHOLDS[100]!;
  const shares = missedShares([map(Math.fround(exact))], [mask(1)], "sigmoid")!;
  assert.equal(shares[99], 0);
  assert.equal(shares[100], Math.fround(exact) > exact ? 0 : 1);
});

Deno.test("thresholdForMissRate: the highest threshold of the bound, refused for too few images", () => {
  const curve = { images: 19, thresholds: [0, 0.1, 0.5, 0.9], shares: [0, 0.04, 0.06, 0.5] };
  // (19 * 0.06 + 1) / 20 = 0.107, (19 * 0.04 + 1) / 20 = 0.088.
  assert.equal(thresholdForMissRate(curve, 0.1), 0.1);
  assert.equal(thresholdForMissRate(curve, 0.107), 0.5);
  assert.equal(thresholdForMissRate(curve, 0.05), 0);
  assert.throws(() => thresholdForMissRate(curve, 0.04), {
    name: "RangeError",
    message: /calibrated on 19 images with foreground, 24 are needed\nhint: a rate of 0\.050 or more/,
  });
  const blind = { ...curve, shares: [0.3, 0.3, 0.3, 0.5] };
  assert.throws(
    () => thresholdForMissRate(blind, 0.1),
    /even at threshold 0 .* misses 0\.300 .*\nhint: .*0\.335/,
  );
  assert.equal(thresholdForMissRate(blind, 0.335), 0.5);
  assert.deepEqual([0.5, 0.1, 0.05, 0.3].map(imagesNeeded), [1, 9, 19, 3]);
  for (const rate of [0, 1, NaN, -0.1]) assert.throws(() => thresholdForMissRate(curve, rate), RangeError);
  assert.equal(missedCurve([]), null);
});

Deno.test("thresholdForMissRate: over 200 draws of images the mean rate is at most what was promised", () => {
  const random = new Random(7);
  // An image's foreground has probabilities around its own difficulty; a few are hardly seen at all.
  const image = () => {
    const level = random.next() < 0.1 ? 8 * random.next() - 6 : 2 + 3 * random.next();
    const values = Array.from({ length: 60 }, () => sigmoid(level + 4 * (random.next() - 0.5)));
    const size = { width: 60, height: 1 };
    const data = Float32Array.from(values);
    return missedShares([{ ...size, data }], [{ ...size, data: new Uint8Array(60).fill(1) }], "sigmoid")!;
  };
  for (const [count, rate] of [[9, 0.1], [20, 0.1], [30, 0.05], [12, 0.2]] as const) {
    let sum = 0;
    for (let round = 0; round < 200; round++) {
      const curve = missedCurve(Array.from({ length: count }, image))!;
      const threshold = thresholdForMissRate(curve, rate);
      sum += image()[MISSED_THRESHOLDS.indexOf(threshold)]! / 200;
    }
    assert.ok(sum <= rate + 0.02, `${count} images, promised ${rate}, missed ${sum}`);
  }
});

Deno.test("thresholdForMissRate: over 200 reshuffles of out-of-fold images a promised rate is kept", async () => {
  // Made by tests/bench/certainty.ts: thousandths at every fourth threshold.
  const path = new URL("../fixtures/certainty/missed_shares.json", import.meta.url);
  const images = JSON.parse(await Deno.readTextFile(path)) as number[][];
  const thresholds = MISSED_THRESHOLDS.filter((_, at) => at % 4 === 0);
  assert.ok(images.length > 100 && images.every(({ length }) => length === thresholds.length));
  const meanAt = (chosen: readonly number[][], at: number) =>
    chosen.reduce((sum, shares) => sum + shares[at]! / 1000, 0) / chosen.length;
  for (const [count, rate] of [[20, 0.2], [60, 0.15], [60, 0.3]] as const) {
    let missed = 0;
    for (let round = 0; round < 200; round++) {
      const order = Array.from(shuffled(images.length, 2, round), (at) => images[at]!);
      const known = order.slice(0, count);
      const shares = thresholds.map((_, at) => meanAt(known, at));
      const threshold = thresholdForMissRate({ images: count, thresholds, shares }, rate);
      missed += meanAt(order.slice(count), thresholds.indexOf(threshold)) / 200;
    }
    assert.ok(missed <= rate + 0.02, `${count} images, promised ${rate}, missed ${missed}`);
    assert.ok(missed > rate / 3, `${rate} is not kept by finding everything: ${missed}`);
  }
});

Deno.test("isCalibration: refuses what no fit writes", () => {
  const error = { before: [0.1], after: [0.05] };
  const good = { temperature: [1.5], images: 3, error };
  const missed = { images: 3, thresholds: [0, 0.5], shares: [0, 0.5] };
  assert.ok(isCalibration(good) && isCalibration({ ...good, missed }));
  const bad: unknown[] = [
    null,
    { ...good, temperature: [] },
    { ...good, temperature: [0] },
    { ...good, temperature: ["1"] },
    { ...good, images: 0 },
    { ...good, missed: { ...missed, shares: [0.5, 0] } },
    { ...good, missed: { ...missed, thresholds: [0, 0] } },
    { ...good, missed: { ...missed, shares: [0] } },
  ];
  for (const value of bad) assert.ok(!isCalibration(value), JSON.stringify(value));
});
