import assert from "node:assert/strict";
import { ELASTIC_CELLS, MOST_ELASTIC } from "../../kernels/augment/augment.ts";
import { formatAugmentation, LIGHT, parseAugmentation } from "../../src/training/augmentation.ts";
import { cubicSpline } from "../reference/augment.ts";
import { Random } from "../support/random.ts";

Deno.test("parseAugmentation: none, light, a list, and light with overrides", () => {
  assert.equal(parseAugmentation("none"), null);
  assert.deepEqual(parseAugmentation("light"), LIGHT);
  assert.deepEqual(parseAugmentation("light, noise=0.2,rotation=0"), { ...LIGHT, noise: 0.2, rotation: 0 });
  assert.deepEqual(parseAugmentation("vertical,shift=0.25"), {
    flipHorizontal: false,
    flipVertical: true,
    rotation: 0,
    scale: 0,
    shift: 0.25,
    contrast: 0,
    brightness: 0,
    noise: 0,
  });
});

Deno.test("parseAugmentation: rejects what is unknown or out of range, by name", () => {
  for (const text of ["", "heavy", "none,rotation=3", "rotation", "rotation=1=2", "toString=1", "light=1"]) {
    assert.throws(() => parseAugmentation(text), /^RangeError: Cannot augment with "/, text);
  }
  assert.throws(() => parseAugmentation("light,share=0.5"), /share of 0.5 .* gamma, tone, bias, invert/);
  assert.throws(() => parseAugmentation("tone=1"), /tone "1": expected a number from 0 to 0.95/);
  assert.throws(
    () => parseAugmentation("elastic=0.1222"),
    /elastic "0.1222": expected a number from 0 to 0.12/,
  );
  assert.throws(() => parseAugmentation("elastic=0.1,share=0.5"), /share of 0.5/);
  assert.throws(() => parseAugmentation("scale=1"), /scale "1": expected a number from 0 to 0.9/);
  assert.throws(() => parseAugmentation("noise="), /noise "": expected a number/);
  assert.throws(() => parseAugmentation("noise=-1"), /noise "-1"/);
  assert.throws(() => parseAugmentation("noise=x"), /noise "x"/);
});

Deno.test("formatAugmentation: parses back to the same augmentation", () => {
  const texts = ["none", "light", "horizontal,rotation=12.5,noise=0.01", "vertical", "rotation=0"];
  for (
    const text of [
      ...texts,
      "vertical,gamma=0.5,tone=0.3,bias=0.2,invert=0.1,share=0.5",
      "bias=1,share=0",
      "horizontal,shift=0.1,elastic=0.05",
    ]
  ) {
    assert.equal(formatAugmentation(parseAugmentation(text)), text);
  }
  assert.equal(
    formatAugmentation(parseAugmentation("light,shift=0")),
    "horizontal,vertical,rotation=10,scale=0.1,contrast=0.1,brightness=0.1",
  );
  assert.equal(
    formatAugmentation(parseAugmentation("light,elastic=0.05")),
    "horizontal,vertical,rotation=10,scale=0.1,shift=0.05,elastic=0.05,contrast=0.1,brightness=0.1",
  );
});

Deno.test("MOST_ELASTIC: the worst offsets of control points below it do not fold an image, and those above it do", () => {
  const least = (most: number) => leastDeterminant(most * ELASTIC_CELLS);
  const parsed = parseAugmentation("elastic=0.12")!.elastic!;
  assert.ok(parsed < MOST_ELASTIC && least(parsed) > 0.01);
  assert.ok(Math.abs(least(MOST_ELASTIC)) < 1e-3);
  assert.ok(least(1.01 * MOST_ELASTIC) < -0.005);
});

/** Of the Jacobian of a displacement by offsets of at most `most` cells, over some places of a cell and all offsets. */
function leastDeterminant(most: number): number {
  const random = new Random(1);
  let least = Infinity;
  for (let place = 0; place < 25; place++) {
    const at = [place % 5 / 4, Math.floor(place / 5) / 4] as const;
    const distances = Array.from(
      { length: 16 },
      (_, point) => [at[0] - point % 4 + 1, at[1] - Math.floor(point / 4) + 1] as const,
    );
    const slope = (distance: number) => (cubicSpline(distance + 1e-6) - cubicSpline(distance - 1e-6)) / 2e-6;
    const alongX = distances.map(([x, y]) => most * slope(x) * cubicSpline(y));
    const alongY = distances.map(([x, y]) => most * cubicSpline(x) * slope(y));
    const dot = (a: readonly number[], b: readonly number[]) =>
      a.reduce((sum, value, index) => sum + value * b[index]!, 0);
    for (let start = 0; start < 4; start++) {
      // The determinant is linear in the offsets along either axis: signs of one that make it least, then of the other.
      let down = distances.map(() => random.integer(2) === 0 ? -1 : 1);
      for (let round = 0; round < 6; round++) {
        const [own, other] = [1 + dot(alongY, down), dot(alongX, down)];
        const right = alongX.map((value, point) => own * value - other * alongY[point]! > 0 ? -1 : 1);
        const [ofRight, across] = [1 + dot(alongX, right), dot(alongY, right)];
        down = alongY.map((value, point) => ofRight * value - across * alongX[point]! > 0 ? -1 : 1);
        least = Math.min(least, ofRight * (1 + dot(alongY, down)) - across * dot(alongX, down));
      }
    }
  }
  return least;
}
