/**
 * Line charts: curves over whole numbers such as epochs, with axes and a legend.
 *
 * @module
 */
import type { Color } from "./draw.ts";
import { drawText, type TextLine } from "./draw_text.ts";
import type { RgbImage } from "./image.ts";

/** Blue and vermilion: distinct with any kind of color vision, and as gray. */
export const CURVE_COLORS: readonly [Color, Color] = [[0, 114, 178], [213, 94, 0]];

/** A curve of a chart. */
export interface ChartCurve {
  /** Its name in the legend. */
  readonly name: string;
  /** Its color. */
  readonly color: Color;
  /** Its values at 1, 2, 3 ...; those that are not finite leave gaps. */
  readonly values: readonly number[];
}

/** One chart. */
export interface Chart {
  /** What the horizontal axis counts. */
  readonly axis: string;
  /** The curves. */
  readonly curves: readonly ChartCurve[];
  /** The vertical axis; defaults to the least and the largest value. */
  readonly range?: readonly [least: number, largest: number];
  /** Where a vertical line is drawn, and what it is called. */
  readonly mark?: { readonly at: number; readonly name: string } | undefined;
}

const SIZE = { width: 560, height: 400 };
const PLOT = { left: 64, right: 20, top: 40, bottom: 52 };
const TITLE_HEIGHT = 34;
const TEXT_SIZE = 14;
const FRAME: Color = [96, 96, 96];
const GRID: Color = [228, 228, 228];
const LINE_WIDTH = 2;

/** Draws charts side by side on white, below a title. */
export function drawCharts(charts: readonly Chart[], title: string): Promise<RgbImage> {
  const width = charts.length * SIZE.width;
  const height = TITLE_HEIGHT + SIZE.height;
  const canvas: RgbImage = { width, height, data: new Uint8Array(3 * width * height).fill(255) };
  const lines: TextLine[] = [{ text: title, x: width / 2, y: 26, size: 18, width: width - 40 }];
  charts.forEach((chart, index) => {
    lines.push(...drawChart(canvas, chart, index * SIZE.width, TITLE_HEIGHT));
  });
  return drawText(canvas, lines);
}

/** Draws a chart without its text, which is returned. */
function drawChart(canvas: RgbImage, chart: Chart, x0: number, y0: number): TextLine[] {
  const { curves, axis, mark } = chart;
  const left = x0 + PLOT.left;
  const right = x0 + SIZE.width - PLOT.right;
  const top = y0 + PLOT.top;
  const bottom = y0 + SIZE.height - PLOT.bottom;
  const count = Math.max(1, ...curves.map(({ values }) => values.length));
  const finite = curves.flatMap(({ values }) => values.filter(Number.isFinite));
  const ticks = ticksOf(chart.range ?? (finite.length === 0 ? [0, 1] : extentOf(finite)));
  const [low, high] = [ticks[0]!, ticks.at(-1)!];
  const place = (at: number) =>
    count === 1 ? (left + right) / 2 : left + (at - 1) / (count - 1) * (right - left);
  const level = (value: number) => bottom - (value - low) / (high - low) * (bottom - top);
  const text: TextLine[] = [];
  const write = (line: string, x: number, y: number, width: number, color?: Color) =>
    text.push({ text: line, x, y, size: TEXT_SIZE, width, ...(color && { color }) });

  const digits = decimalsOf(ticks[1]! - ticks[0]!);
  for (const tick of ticks) {
    drawLine(canvas, left, level(tick), right, level(tick), GRID, 1);
    write(tick.toFixed(digits), x0 + PLOT.left / 2 + 2, level(tick) + 5, PLOT.left - 8);
  }
  for (const tick of wholeTicks(count)) {
    drawLine(canvas, place(tick), bottom, place(tick), bottom + 4, FRAME, 1);
    write(String(tick), place(tick), bottom + 20, 60);
  }
  write(axis, (left + right) / 2, bottom + 42, right - left);
  drawLine(canvas, left, top, left, bottom, FRAME, 1);
  drawLine(canvas, left, bottom, right, bottom, FRAME, 1);
  if (mark !== undefined) drawLine(canvas, place(mark.at), top, place(mark.at), bottom, FRAME, 1);
  for (const { values, color } of curves) {
    values.forEach((value, index) => {
      if (!Number.isFinite(value)) return;
      const next = Number.isFinite(values[index + 1]) ? index + 1 : index;
      // A value between gaps is a dot.
      const dot = next === index && !Number.isFinite(values[index - 1]);
      drawLine(
        canvas,
        place(index + 1),
        level(value),
        place(next + 1),
        level(values[next]!),
        color,
        dot ? 3 * LINE_WIDTH : LINE_WIDTH,
      );
    });
  }
  const legend = [...curves, ...mark ? [{ name: mark.name, color: FRAME }] : []];
  const share = (right - left) / legend.length;
  legend.forEach(({ name, color }, index) => {
    const center = left + (index + 0.5) * share;
    drawLine(canvas, center - 72, top - 17, center - 52, top - 17, color, index < curves.length ? 3 : 1);
    write(name, center + 6, top - 12, 110, color);
  });
  return text;
}

function extentOf(values: readonly number[]): [number, number] {
  return values.reduce(([least, largest], value) => [Math.min(least, value), Math.max(largest, value)], [
    Infinity,
    -Infinity,
  ]);
}

/** Multiples of 1, 2 or 5 times a power of ten that cover a range. */
function ticksOf([least, largest]: readonly [number, number]): number[] {
  const span = largest - least || Math.abs(largest) || 1;
  const power = 10 ** Math.floor(Math.log10(span / 4));
  const step = power * [1, 2, 5, 10].find((factor) => span / (factor * power) <= 6)!;
  const first = Math.floor(least / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(largest / step - 1e-9));
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}

function decimalsOf(step: number): number {
  return Math.min(8, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)));
}

/** Whole numbers from 1 to `count`, about ten at most. */
function wholeTicks(count: number): number[] {
  if (count <= 10) return Array.from({ length: count }, (_, index) => index + 1);
  const step = [1, 2, 5].flatMap((factor) => [1, 10, 100, 1000, 10_000].map((power) => factor * power))
    .sort((a, b) => a - b).find((size) => count / size <= 9) ?? count;
  return [1, ...Array.from({ length: Math.floor(count / step) }, (_, index) => (index + 1) * step)];
}

/** Draws a line, smoothed: a pixel is covered by its distance to the line. */
function drawLine(
  { width, height, data }: RgbImage,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  color: Color,
  lineWidth: number,
): void {
  const reach = lineWidth / 2 + 1;
  const [dx, dy] = [x1 - x0, y1 - y0];
  const length2 = dx * dx + dy * dy;
  const right = Math.min(width - 1, Math.ceil(Math.max(x0, x1) + reach));
  const bottom = Math.min(height - 1, Math.ceil(Math.max(y0, y1) + reach));
  for (let y = Math.max(0, Math.floor(Math.min(y0, y1) - reach)); y <= bottom; y++) {
    for (let x = Math.max(0, Math.floor(Math.min(x0, x1) - reach)); x <= right; x++) {
      const along = length2 === 0 ? 0 : Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) / length2));
      const distance = Math.hypot(x - x0 - along * dx, y - y0 - along * dy);
      const share = Math.min(1, Math.max(0, lineWidth / 2 + 0.5 - distance));
      if (share === 0) continue;
      for (let c = 0; c < 3; c++) {
        const at = 3 * (y * width + x) + c;
        data[at] = Math.round((1 - share) * data[at]! + share * color[c]!);
      }
    }
  }
}
