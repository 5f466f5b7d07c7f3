/** Codes say exactly which thresholds a probability exceeds: compared with the comparison itself. */
import assert from "node:assert/strict";
import { segment } from "../../mod.ts";
import {
  codedMask,
  codedThresholds,
  cutOf,
  decodeProbabilities,
  encodeProbabilities,
} from "../../src/evaluation/probability_codes.ts";
import { uniformFloats } from "../support/random.ts";

/** The float32 neighbors of a value, the value itself among them. */
function neighbors(value: number): number[] {
  const bits = new Int32Array(Float32Array.of(value).buffer)[0]!;
  return [-2, -1, 0, 1, 2].map((step) =>
    new Float32Array(Int32Array.of(Math.max(0, bits + step)).buffer)[0]!
  );
}

/** Random probabilities, and those next to every tested threshold, where rounding would decide. */
function probabilitiesNear(thresholds: readonly number[]): Float32Array {
  const near = thresholds.flatMap(neighbors).filter((value) => value <= 1);
  return Float32Array.from([...near, ...uniformFloats(5, 1000, 0.5, 0.5), 0, 1, 1e-45, 0.9999999]);
}

for (const evaluated of [0.5, 0.123456789, 1e-9, null]) {
  Deno.test(`codedMask: at ${evaluated} and at all thousandths it is the mask of the probabilities themselves`, () => {
    const steps = Array.from({ length: 1001 }, (_, step) => step / 1000);
    const tested = evaluated === null ? steps : [...steps, evaluated];
    const data = probabilitiesNear(tested);
    const map = { width: data.length, height: 1, data };
    const thresholds = codedThresholds(evaluated);
    const codes = encodeProbabilities(data, thresholds);
    for (const threshold of tested) {
      const mask = codedMask(codes, map, threshold, thresholds).data;
      const wrong = data.findIndex((value, at) => (value > threshold) !== (mask[at] === 1));
      assert.equal(wrong, -1, `${data[wrong]} at ${threshold}`);
    }
    const chosen = evaluated ?? 0.25;
    assert.deepEqual(
      codedMask(codes, map, chosen, thresholds),
      segment(map, map, { threshold: chosen }).mask,
    );
  });
}

Deno.test("decodeProbabilities: rise with the codes, and are at most half a thousandth off", () => {
  const data = uniformFloats(1, 5000, 0.5, 0.5);
  const thresholds = codedThresholds(0.3337);
  const codes = encodeProbabilities(data, thresholds);
  decodeProbabilities(codes, thresholds).forEach((value, at) => {
    assert.ok(Math.abs(value - data[at]!) <= 0.000501, `${value} for ${data[at]}`);
  });
  const order = Array.from(data.keys()).sort((a, b) => data[a]! - data[b]!);
  assert.ok(order.every((at, i) => i === 0 || codes[at]! >= codes[order[i - 1]!]!));
  assert.deepEqual([...decodeProbabilities(Uint16Array.of(0, 1000), codedThresholds(null))], [
    0,
    Math.fround(0.9995),
  ]);
});

Deno.test("cutOf: a threshold between two coded ones takes the lower one", () => {
  const thresholds = codedThresholds(null);
  assert.equal(cutOf(0.0005, thresholds), cutOf(0, thresholds));
  assert.equal(cutOf(1, thresholds), 1001);
});
