/** Metrics compared with scipy and numpy (fixtures/evaluation/make_fixtures.py), by hand, and by their invariants. */
import assert from "node:assert/strict";
import { type Mask, type MaskMetrics, maskMetrics } from "../../mod.ts";
import { METRIC_NAMES } from "../../src/evaluation/metrics.ts";
import { drawMask, listMask, randomMask } from "../support/masks.ts";
import { Random } from "../support/random.ts";
import fixtures from "../fixtures/evaluation/metrics.json" with { type: "json" };

function assertMetrics(actual: MaskMetrics, expected: MaskMetrics, label: string): void {
  assert.deepEqual(Object.keys(actual).sort(), [...METRIC_NAMES].sort());
  for (const name of METRIC_NAMES) {
    const [a, e] = [actual[name], expected[name]];
    const equal = a === null || e === null ? a === e : Math.abs(a - e) <= 1e-12 * Math.max(1, Math.abs(e));
    assert.ok(equal, `${label}: ${name} is ${a}, expected ${e}`);
  }
}

Deno.test("maskMetrics: equals scipy and numpy", () => {
  fixtures.forEach(({ width, height, predicted, truth, spacing, metrics }, index) => {
    const actual = maskMetrics(listMask(width, height, predicted), listMask(width, height, truth), {
      spacing: [spacing[0]!, spacing[1]!],
    });
    assertMetrics(actual, metrics, `case ${index}`);
  });
  assert.ok(fixtures.some(({ metrics }) => metrics.hausdorff95! > 3), "no case has distant outlines");
});

const EMPTY = drawMask("....", "....", "....");
const FULL = drawMask("####", "####", "####");
const ONE = drawMask("....", ".#..", "....");

const CASES: [string, Mask, Mask, MaskMetrics][] = [
  ["nothing of nothing", EMPTY, EMPTY, {
    accuracy: 1,
    dice: null,
    iou: null,
    sensitivity: null,
    specificity: 1,
    precision: null,
    hausdorff95: null,
    averageSurfaceDistance: null,
  }],
  ["nothing of everything", EMPTY, FULL, {
    accuracy: 0,
    dice: 0,
    iou: 0,
    sensitivity: 0,
    specificity: null,
    precision: null,
    hausdorff95: null,
    averageSurfaceDistance: null,
  }],
  ["everything of nothing", FULL, EMPTY, {
    accuracy: 0,
    dice: 0,
    iou: 0,
    sensitivity: null,
    specificity: 0,
    precision: 0,
    hausdorff95: null,
    averageSurfaceDistance: null,
  }],
  ["everything of everything", FULL, FULL, {
    accuracy: 1,
    dice: 1,
    iou: 1,
    sensitivity: 1,
    specificity: null,
    precision: 1,
    hausdorff95: 0,
    averageSurfaceDistance: 0,
  }],
  ["one pixel of the same", ONE, ONE, {
    accuracy: 1,
    dice: 1,
    iou: 1,
    sensitivity: 1,
    specificity: 1,
    precision: 1,
    hausdorff95: 0,
    averageSurfaceDistance: 0,
  }],
  ["one pixel of another", ONE, drawMask("....", "....", "...#"), {
    accuracy: 10 / 12,
    dice: 0,
    iou: 0,
    sensitivity: 0,
    specificity: 10 / 11,
    precision: 0,
    hausdorff95: Math.sqrt(5),
    averageSurfaceDistance: Math.sqrt(5),
  }],
  // Beyond the border is background: all but the two inner pixels of the full mask are outline.
  ["one pixel of everything", ONE, FULL, {
    accuracy: 1 / 12,
    dice: 2 / 13,
    iou: 1 / 12,
    sensitivity: 1 / 12,
    specificity: null,
    precision: 1,
    // Three of its ten distances are 1, one is 2, four are sqrt 2, two are sqrt 5; in the other direction all are 1.
    hausdorff95: Math.sqrt(5),
    averageSurfaceDistance: (1 + 1 + 1 + 1 + 2 + 4 * Math.SQRT2 + 2 * Math.sqrt(5)) / 11,
  }],
];

for (const [name, predicted, truth, expected] of CASES) {
  Deno.test(`maskMetrics: ${name}`, () => assertMetrics(maskMetrics(predicted, truth), expected, name));
}

Deno.test("maskMetrics: the spacing is between rows, then between columns", () => {
  const [left, right] = [drawMask("#....", "....."), drawMask("...#.", ".....")];
  const [top, bottom] = [drawMask("#", ".", "."), drawMask(".", ".", "#")];
  const distance = (a: Mask, b: Mask, spacing: [number, number]) =>
    maskMetrics(a, b, { spacing }).hausdorff95;
  assert.equal(distance(left, right, [10, 0.5]), 1.5);
  assert.equal(distance(top, bottom, [10, 0.5]), 20);
  assert.equal(distance(left, right, [1, 1]), 3);
});

Deno.test("maskMetrics: the 95th percentile ignores a distant speck, and is interpolated", () => {
  const truth = drawMask("#".repeat(40) + ".".repeat(10));
  const speck = drawMask("#".repeat(40) + ".".repeat(9) + "#");
  // 40 distances of 0 and one of 10: index 38 of 0 to 40 is still 0.
  assert.equal(maskMetrics(speck, truth).hausdorff95, 0);
  const few = maskMetrics(drawMask("#####....#"), drawMask("#####....."));
  // 0, 0, 0, 0, 0, 5: index 4.75 lies three quarters of the way to 5.
  assert.equal(few.hausdorff95, 3.75);
  assert.equal(few.averageSurfaceDistance, 5 / 11);
});

Deno.test("maskMetrics: invariants of all masks", () => {
  const random = new Random(4);
  for (let i = 0; i < 300; i++) {
    const a = randomMask(random);
    const b = randomMask(random, a.width, a.height);
    const [there, back, self] = [maskMetrics(a, b), maskMetrics(b, a), maskMetrics(a, a)];
    for (const name of ["dice", "iou", "accuracy", "hausdorff95"] as const) {
      assert.equal(there[name], back[name], name);
    }
    assertMetrics(
      { ...there, sensitivity: there.precision, precision: there.sensitivity, specificity: null },
      { ...back, specificity: null },
      "exchanged",
    );
    const { dice, iou, sensitivity, precision } = there;
    if (dice !== null) assert.ok(Math.abs(iou! - dice / (2 - dice)) < 1e-12);
    if (dice !== null && sensitivity !== null && precision !== null && dice > 0) {
      assert.ok(Math.abs(dice - 2 * sensitivity * precision / (sensitivity + precision)) < 1e-12);
    }
    for (const name of METRIC_NAMES.slice(0, 6)) {
      assert.ok(there[name] === null || (there[name] >= 0 && there[name] <= 1), name);
      assert.ok(self[name] === null || self[name] === 1, name);
    }
    assert.ok(self.hausdorff95 === null || self.hausdorff95 === 0);
    const twice = maskMetrics(a, b, { spacing: [2, 2] });
    if (there.hausdorff95 === null) assert.equal(twice.hausdorff95, null);
    else assert.ok(Math.abs(twice.hausdorff95! - 2 * there.hausdorff95) < 1e-9);
  }
});

Deno.test("maskMetrics: every non-zero byte is foreground", () => {
  const gray = { ...ONE, data: ONE.data.map((value) => 255 * value) };
  assert.deepEqual(maskMetrics(gray, ONE), maskMetrics(ONE, ONE));
});

Deno.test("maskMetrics: refuses masks of different sizes and invalid spacings", () => {
  assert.throws(() => maskMetrics(EMPTY, drawMask("..")), {
    name: "TypeError",
    message: "Cannot compare masks: the predicted mask has 4 x 3 pixels, the true one 2 x 1\n" +
      "hint: resize one of them with resizeMask",
  });
  assert.throws(() => maskMetrics(EMPTY, { ...EMPTY, data: new Uint8Array(11) }), TypeError);
  assert.throws(() => maskMetrics(ONE, ONE, { spacing: 1 as unknown as [number, number] }), TypeError);
  assert.throws(
    () => maskMetrics(ONE, ONE, { spacing: [1, 1, 1] as unknown as [number, number] }),
    TypeError,
  );
  for (const step of [0, -1, NaN, Infinity, "1" as unknown as number]) {
    assert.throws(() => maskMetrics(ONE, ONE, { spacing: [1, step] }), RangeError, String(step));
  }
});
