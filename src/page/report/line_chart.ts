/**
 * A line chart as SVG: curves over epochs, labeled where they end, colored by the style sheet.
 * This module is browser compatible.
 *
 * @module
 */
import { type Html, markup } from "./html.ts";

/** A curve. */
export interface Curve {
  /** Its label. */
  readonly name: string;
  /** Class of the style sheet that colors it, and dashes it so that gray prints tell curves apart. */
  readonly style: "train" | "valid" | "rate";
  /** A value per epoch; those that are not finite leave gaps. */
  readonly values: readonly number[];
}

/** A chart. */
export interface LineChart {
  /** What it shows, for its heading. */
  readonly title: string;
  /** The epoch of each value. */
  readonly epochs: readonly number[];
  /** The curves. */
  readonly curves: readonly Curve[];
  /** The vertical axis; defaults to the values' own extremes, widened to round numbers. */
  readonly range?: readonly [least: number, most: number];
  /** The epoch of a vertical line, and its label. */
  readonly mark?: { readonly epoch: number; readonly name: string } | null;
}

const WIDTH = 440, HEIGHT = 270;
const PLOT = { left: 48, top: 26, right: 104, bottom: 40 };
const INNER = { width: WIDTH - PLOT.left - PLOT.right, height: HEIGHT - PLOT.top - PLOT.bottom };

/** Pixels between the baselines of two labels. */
const LABEL_STEP = 15;

/** Draws a chart; null if no curve has a value. */
export function lineChart(chart: LineChart): Html | null {
  const { title, epochs, curves, mark } = chart;
  const finite = curves.flatMap(({ values }) => values.filter(Number.isFinite));
  if (finite.length === 0) return null;
  const [low, high, step] = chart.range ? [...chart.range, 0.25] as const : niceRange(finite);
  const [first, last] = [epochs[0]!, epochs.at(-1)!];
  const x = (epoch: number) =>
    PLOT.left + INNER.width * (last === first ? 0.5 : (epoch - first) / (last - first));
  const y = (value: number) => PLOT.top + INNER.height * (1 - (value - low) / (high - low));
  const rows = Array.from({ length: Math.round((high - low) / step) + 1 }, (_, i) => low + i * step);
  return markup`
    <figure class="chart">
      <figcaption>${title}</figcaption>
      <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${describe(chart)}">
    ${
    rows.map((value) =>
      markup`
        <path class="grid" d="M${PLOT.left} ${px(y(value))}h${INNER.width}" />
        <text class="axis end" x="${PLOT.left - 7}" y="${px(y(value) + 4)}">${label(value)}</text>
      `
    )
  }
    ${
    epochTicks(first, last).map((epoch) =>
      markup`<text class="axis middle" x="${px(x(epoch))}" y="${HEIGHT - PLOT.bottom + 17}">${epoch}</text>`
    )
  }
    <text class="axis middle" x="${PLOT.left + INNER.width / 2}" y="${HEIGHT - 6}">epoch</text>
    ${
    mark && mark.epoch >= first && mark.epoch <= last && markup`
      <path class="mark" d="M${px(x(mark.epoch))} ${PLOT.top}v${INNER.height}" />
      <text class="axis middle" x="${
      px(
        Math.min(Math.max(x(mark.epoch), PLOT.left + 40), PLOT.left + INNER.width),
      )
    }" y="${PLOT.top - 9}">${mark.name}</text>
    `
  }
    ${
    curves.map(({ style, values }) =>
      markup`
        <path class="curve ${style}" d="${pathOf(epochs, values, x, y)}" />
      `
    )
  }
    ${
    labelsOf(chart, y).map(({ style, text, at, dot }) =>
      markup`
        <circle class="dot ${style}" cx="${px(x(dot.epoch))}" cy="${px(y(dot.value))}" r="3" />
        <text class="label ${style}" x="${PLOT.left + INNER.width + 9}" y="${px(at + 4)}">${text}</text>
      `
    )
  }
      </svg>
    </figure>
  `;
}

/** What the chart shows, in words. */
function describe({ title, epochs, curves, mark }: LineChart): string {
  const parts = curves.map(({ name, values }) => {
    const finite = values.filter(Number.isFinite);
    const [first, last] = [finite[0], finite.at(-1)];
    return first === undefined ? `${name}: no values` : `${name} from ${label(first)} to ${label(last!)}`;
  });
  return `${title}, epochs ${epochs[0]} to ${epochs.at(-1)}: ${parts.join("; ")}${
    mark ? `; ${mark.name}` : ""
  }`;
}

/** Last values at the right, moved apart where they would overlap. */
function labelsOf({ epochs, curves }: LineChart, y: (value: number) => number) {
  const ends = curves.flatMap(({ name, style, values }) => {
    const at = values.findLastIndex(Number.isFinite);
    if (at < 0) return [];
    const value = values[at]!;
    return [{ style, text: `${name} ${label(value)}`, at: y(value), dot: { epoch: epochs[at]!, value } }];
  }).sort((a, b) => a.at - b.at);
  ends.forEach((end, index) => {
    if (index > 0) end.at = Math.max(end.at, ends[index - 1]!.at + LABEL_STEP);
  });
  const excess = (ends.at(-1)?.at ?? 0) - (PLOT.top + INNER.height);
  if (excess > 0) ends.forEach((end) => end.at -= excess);
  return ends;
}

/** A path through the least and the largest value of every column of pixels: peaks stay, however long the run. */
function pathOf(
  epochs: readonly number[],
  values: readonly number[],
  x: (epoch: number) => number,
  y: (value: number) => number,
): string {
  let path = "";
  let drawing = false;
  for (let from = 0; from < values.length;) {
    const column = Math.round(2 * x(epochs[from]!));
    let end = from + 1;
    while (end < values.length && Math.round(2 * x(epochs[end]!)) === column) end++;
    for (const index of extremes(values, from, end)) {
      const value = values[index]!;
      if (!Number.isFinite(value)) {
        drawing = false;
        continue;
      }
      path += `${drawing ? "L" : "M"}${px(x(epochs[index]!))} ${px(y(value))}`;
      drawing = true;
    }
    from = end;
  }
  return path;
}

/** The indices of the first, the extreme and the last values, in order. */
function extremes(values: readonly number[], from: number, end: number): number[] {
  let [least, most] = [from, from];
  for (let i = from; i < end; i++) {
    if (!Number.isFinite(values[i]!)) continue;
    if (!(values[i]! >= values[least]!)) least = i;
    if (!(values[i]! <= values[most]!)) most = i;
  }
  return [...new Set([from, least, most, end - 1])].sort((a, b) => a - b);
}

/** Round bounds around the values, and the step between lines. */
function niceRange(values: readonly number[]): [low: number, high: number, step: number] {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) [least, most] = [Math.min(least, value), Math.max(most, value)];
  if (least === most) [least, most] = [least - Math.abs(least || 1) / 2, most + Math.abs(most || 1) / 2];
  const rough = (most - least) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? rough;
  const low = step * Math.floor(least / step + 1e-9);
  return [low, Math.max(low + step, step * Math.ceil(most / step - 1e-9)), step];
}

function epochTicks(first: number, last: number): number[] {
  const step = [1, 2, 5].flatMap((
    factor,
  ) => [factor, 10 * factor, 100 * factor, 1e3 * factor, 1e4 * factor, 1e5 * factor])
    .sort((a, b) => a - b).find((each) => (last - first) / each <= 6) ?? last - first;
  const ticks: number[] = [];
  for (let tick = Math.ceil(first / step) * step; tick <= last; tick += step) ticks.push(tick);
  return ticks;
}

function label(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(size < 1e-3 ? 1 : 2);
  return `${Number(value.toFixed(size < 1 ? 4 : 3))}`;
}

function px(value: number): string {
  return `${Number(value.toFixed(1))}`;
}
