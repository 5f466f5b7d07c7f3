/** Which steps depend on constants only, of made-up steps; no GPU. */
import assert from "node:assert/strict";
import type { Dispatch } from "../../kernels/kernel.ts";
import { splitConstant } from "../../src/graph/constants.ts";
import { type RecordedStep, type Region, view } from "../../src/graph/recorder.ts";

const region = (label: string, kilobytes = 1, fixed = false): Region => ({
  label,
  precision: "f32",
  byteLength: 1024 * kilobytes,
  fixed,
});
const WEIGHTS = region("weights", 1, true);
const IMAGES = region("images", 1, true);

/** A step that reads all regions except the last, which it writes. */
function step(...regions: Region[]): RecordedStep {
  const bindings = regions.map((_, index) => ({
    name: `b${index}`,
    access: index < regions.length - 1 ? "read" : "read_write",
  }));
  const label = regions.map(({ label }) => label).join(" ");
  const dispatch = { kernel: { label, code: "", bindings } } as unknown as Dispatch;
  return { dispatch, views: regions.map((region) => view(region)) };
}

/** Labels of the preparation and of the rest. */
function split(steps: readonly RecordedStep[], most?: number): [string[], string[]] {
  const { preparation, rest, prepared } = splitConstant(steps, (region) => region === WEIGHTS, most);
  const labels = (list: readonly RecordedStep[]) => list.map(({ dispatch }) => dispatch.kernel.label);
  assert.deepEqual(prepared, [...new Set(preparation.map(({ views }) => views.at(-1)!.region))]);
  return [labels(preparation), labels(rest)];
}

const [a, b, x, y] = ["a", "b", "x", "y"].map((label) => region(label)) as [Region, Region, Region, Region];

Deno.test("splitConstant: what is computed of weights, also by several steps, is prepared", () => {
  assert.deepEqual(
    split([step(IMAGES, x), step(WEIGHTS, a), step(WEIGHTS, a, b), step(x, b, y)]),
    [["weights a", "weights a b"], ["images x", "x b y"]],
  );
  // A region that is written in parts is prepared if all parts are.
  assert.deepEqual(split([step(WEIGHTS, a), step(WEIGHTS, a), step(a, x)])[0].length, 3);
});

Deno.test("splitConstant: a region that anything else writes is computed in every run, and what depends on it", () => {
  assert.deepEqual(
    split([step(WEIGHTS, a), step(IMAGES, a), step(a, b), step(b, y)])[0],
    [],
  );
  assert.deepEqual(split([step(WEIGHTS, IMAGES)])[0], [], "a fixed region may be read by others");
});

Deno.test("splitConstant: memory that is used for one result after the other is not prepared", () => {
  const blocks = [step(WEIGHTS, a), step(a, IMAGES, x), step(WEIGHTS, a), step(a, IMAGES, y)];
  assert.deepEqual(split(blocks)[0], []);
  assert.deepEqual(split([step(WEIGHTS, a), step(WEIGHTS, b), step(a, b, IMAGES, x)])[0].length, 2);
});

Deno.test("splitConstant: of too many bytes the smallest regions are prepared", () => {
  const [small, large] = [region("small", 1), region("large", 8)];
  const steps = [step(WEIGHTS, large), step(WEIGHTS, small), step(large, small, IMAGES, x)];
  assert.deepEqual(split(steps, 9 * 1024)[0], ["weights large", "weights small"]);
  assert.deepEqual(split(steps, 9 * 1024 - 1)[0], ["weights small"]);
  assert.deepEqual(split(steps, 0)[0], []);
  // What is computed of a result that is not kept is not kept either.
  assert.deepEqual(split([step(WEIGHTS, large), step(large, small), step(small, IMAGES, x)], 4096)[0], []);
});
