import assert from "node:assert/strict";
import { lineChart } from "../../../src/page/report/line_chart.ts";

const epochs = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** The points of the path of a curve. */
function points(svg: string, style: string): [x: number, y: number][] {
  const [, path] = new RegExp(`class="curve ${style}" d="([^"]*)"`).exec(svg)!;
  return [...path!.matchAll(/[ML]([-\d.]+) ([-\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
}

Deno.test("lineChart: draws every value of a short run, with gaps where there is none", () => {
  const values = [0, 0.5, NaN, 1, 0.25];
  const { text } = lineChart({
    title: "Dice",
    epochs: epochs(5),
    curves: [{ name: "valid", style: "valid", values }],
    range: [0, 1],
  })!;
  const drawn = points(text, "valid");
  assert.equal(drawn.length, 4);
  const [bottom, half, top] = drawn.map(([, y]) => y);
  assert.ok(Math.abs((bottom! + top!) / 2 - half!) < 0.2 && top! < bottom!);
  assert.equal(text.match(/d="M[^"]*M/g)!.length, 1);
  assert.match(text, />valid 0\.25</);
});

Deno.test("lineChart: a run of 100,000 epochs stays small and keeps its peak", () => {
  const values = epochs(100_000).map((epoch) => epoch === 54_321 ? 5 : 1 / epoch);
  const { text } = lineChart({
    title: "Loss",
    epochs: epochs(100_000),
    curves: [{ name: "train", style: "train", values }],
  })!;
  assert.ok(text.length < 40_000, `${text.length} characters`);
  const peak = Math.min(...points(text, "train").map(([, y]) => y));
  // The axis ends at 6.
  assert.equal(peak, 60);
});

Deno.test("lineChart: labels of curves that end together do not overlap; nothing is drawn of no values", () => {
  const curve = (name: string, style: "train" | "valid") => ({ name, style, values: [0.5, 0.5] });
  const { text } = lineChart({
    title: "Loss",
    epochs: [1, 2],
    curves: [curve("train", "train"), curve("valid", "valid")],
  })!;
  const [one, other] = [...text.matchAll(/class="label \w+" x="[\d.]+" y="([\d.]+)"/g)].map(([, y]) =>
    Number(y)
  );
  assert.ok(other! - one! >= 15);
  assert.equal(
    lineChart({ title: "Loss", epochs: [1], curves: [{ name: "a", style: "train", values: [NaN] }] }),
    null,
  );
});
