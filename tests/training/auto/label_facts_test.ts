import assert from "node:assert/strict";
import { IGNORE, type LabelMap } from "../../../src/image/label_map.ts";
import { labelFacts, mirrorRatios } from "../../../src/training/auto/label_facts.ts";
import { Random } from "../../support/random.ts";

/** A map of labels by pixel. */
function mapOf(width: number, height: number, label: (x: number, y: number) => number): LabelMap {
  const data = Uint8Array.from(
    { length: width * height },
    (_, at) => label(at % width, Math.floor(at / width)),
  );
  return { width, height, data };
}

const disk = (cx: number, cy: number, diameter: number) => (x: number, y: number) =>
  (x - cx) ** 2 + (y - cy) ** 2 <= (diameter / 2) ** 2;

Deno.test("labelFacts: the diameter is that of disks, however many touch, and twice the width of lines", () => {
  const one = labelFacts(mapOf(128, 96, (x, y) => Number(disk(60, 50, 30)(x, y))), 1);
  assert.equal(one.objects, 1);
  assert.ok(Math.abs(one.classes[0]!.diameter - 30) < 1.5, `${one.classes[0]!.diameter}`);
  assert.ok(Math.abs(one.share - Math.PI * 15 ** 2 / (128 * 96)) < 0.002);
  assert.equal(one.side, Math.sqrt(128 * 96));
  const disks = [disk(20, 20, 16), disk(80, 30, 16), disk(40, 70, 16)];
  const three = labelFacts(mapOf(128, 96, (x, y) => Number(disks.some((each) => each(x, y)))), 1);
  assert.equal(three.objects, 3);
  assert.ok(Math.abs(three.classes[0]!.diameter - 16) < 1.5);
  assert.equal(labelFacts(mapOf(128, 96, (x, y) => Number(disks.some((each) => each(x, y)))), 7).objects, 7);
  const line = labelFacts(mapOf(256, 256, (x, y) => Number(y >= 100 && y < 104 && x > 4 && x < 250)), 1);
  assert.ok(Math.abs(line.classes[0]!.diameter - 8 * 4 / Math.PI) < 1, `${line.classes[0]!.diameter}`);
});

Deno.test("labelFacts: counts each class of overlapping labels, and no ignored pixels", () => {
  const overlapping = {
    ...mapOf(64, 64, (x, y) => y < 16 ? IGNORE : x < 16 ? 1 : x < 32 ? 3 : x < 40 ? 2 : 0),
    overlaps: [[1, 2]],
    classCount: 2,
  };
  const facts = labelFacts(overlapping, 2);
  assert.equal(facts.share, 40 / 64);
  const area = (at: number) => facts.classes[at]!.cells.reduce((sum, cell) => sum + cell, 0) / 256;
  assert.deepEqual([0, 1].map((at) => facts.classes[at]!.label), [1, 2]);
  assert.deepEqual([area(0), area(1)], [32 * 48 / 4096, 24 * 48 / 4096]);
  const nothing = labelFacts(mapOf(8, 8, () => 0), 1);
  assert.deepEqual([nothing.share, nothing.objects, nothing.classes.length], [0, 0, 0]);
  const all = labelFacts(mapOf(8, 8, () => 1), 1);
  assert.deepEqual([all.share, all.objects, all.classes[0]!.diameter], [1, 1, 8]);
  const pixel = labelFacts(mapOf(1, 1, () => 1), 1);
  assert.ok(pixel.classes[0]!.cells.every(Number.isFinite) && pixel.classes[0]!.diameter === 1);
});

Deno.test("mirrorRatios: 1 if places make no difference, 0 for sides of their own, null for too few", () => {
  const random = new Random(4);
  const images = (label: (x: number, y: number, dx: number, dy: number) => number, count = 40) =>
    Array.from({ length: count }, () => {
      const [dx, dy] = [random.next(), random.next()];
      return labelFacts(mapOf(48, 48, (x, y) => label(x / 48, y / 48, dx, dy)), 1);
    });
  // Two lungs: each on its own side, upright ones higher than wide.
  const lungs = images((x, y, dx) => {
    const inside = (at: number) => Math.abs(x - at - 0.05 * dx) < 0.12 && Math.abs(y - 0.4) < 0.25;
    return inside(0.25) ? 1 : inside(0.7) ? 2 : 0;
  });
  const ratios = mirrorRatios(lungs, 2)!;
  assert.ok(
    ratios.horizontal < 0.1 && ratios.vertical > 0.6 && ratios.vertical < 0.95,
    JSON.stringify(ratios),
  );
  // Somewhere around the middle.
  const tumors = images((x, y, dx, dy) => Number(disk(0.3 + 0.4 * dx, 0.3 + 0.4 * dy, 0.2)(x, y)), 120);
  const even = mirrorRatios(tumors, 1)!;
  assert.ok(Math.abs(even.horizontal - 1) < 0.25 && Math.abs(even.vertical - 1) < 0.25, JSON.stringify(even));
  assert.equal(mirrorRatios(lungs.slice(0, 7), 2), null);
  // Anywhere.
  assert.equal(mirrorRatios(images((x, y, dx, dy) => Number(disk(dx, dy, 0.1)(x, y)), 200), 1), null);
});
