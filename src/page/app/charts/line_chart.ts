/**
 * A chart of lines, and its values as a table. This module is browser compatible.
 *
 * @module
 */
import { fill, h, on, uniqueId } from "../dom.ts";
import { type Column, VirtualTable } from "../widgets/virtual_table.ts";
import { alignLines, type Line } from "./align.ts";
import { type AlignedData, createUPlot, type UPlot, type UPlotAxis } from "./uplot.ts";

/** Colors of lines, `--series-1` to `--series-8`; with each round the dashes are others. */
const COLORS = 8;
const DASHES: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [10, 3, 2, 3]];

/** Settings of a {@linkcode LineChart}. */
export interface LineChartOptions {
  readonly title: string;
  /** What x is. */
  readonly xLabel: string;
  /** How values read. */
  readonly format: (value: number | null | undefined) => string;
  /** How x reads; defaults to its digits. */
  readonly formatX?: (value: number) => string;
  /** Whether x are whole numbers. */
  readonly wholeX?: boolean;
  /** Pixels; defaults to 240. */
  readonly height?: number;
}

/** A row of the table: x, and the values there. */
interface Row {
  readonly x: number;
  readonly values: readonly (number | null | undefined)[];
}

/** The chart; add its `element` to the page. */
export class LineChart {
  readonly element: HTMLElement;
  readonly #options: LineChartOptions;
  readonly #plot = h("div", { class: "chart-plot", role: "img" });
  readonly #caption: HTMLElement;
  readonly #empty = h("p", { class: "muted" }, "No values yet.");
  readonly #tableRoot = h("div");
  readonly #details: HTMLDetailsElement;
  readonly #closers: (() => void)[] = [];
  #lines: readonly Line[] = [];
  #aligned: ReturnType<typeof alignLines> = { x: [], values: [] };
  #chart: UPlot | null = null;
  #labels = "";
  #closed = false;
  #table: { readonly labels: string; readonly grid: VirtualTable<Row> } | null = null;

  /** An empty chart. */
  constructor(options: LineChartOptions) {
    this.#options = options;
    const id = uniqueId("chart");
    this.#caption = h("figcaption", { id }, h("h2", {}, options.title));
    this.#details = h(
      "details",
      { class: "chart-table", ontoggle: () => this.#drawTable() },
      h("summary", {}, "Values as a table", h("span", { class: "visually-hidden" }, `: ${options.title}`)),
      this.#tableRoot,
    );
    this.element = h(
      "figure",
      { class: "chart panel", "aria-labelledby": id },
      this.#caption,
      this.#empty,
      this.#plot,
      this.#details,
    );
    const observer = new ResizeObserver(() => {
      const width = this.#width();
      if (width > 0) this.#chart ? this.#chart.setSize({ width, height: this.#height() }) : this.#draw();
    });
    observer.observe(this.#plot);
    this.#closers.push(
      () => observer.disconnect(),
      // In the next frame, when all elements have the colors of the other scheme.
      on(matchMedia("(prefers-color-scheme: dark)"), "change", () => {
        requestAnimationFrame(() => this.#closed || this.#draw());
      }),
    );
  }

  /** Draws lines; what is zoomed in on stays. */
  setLines(lines: readonly Line[]): void {
    const before = this.#aligned.x;
    this.#lines = lines;
    this.#aligned = alignLines(lines);
    const isKnown = this.#aligned.values.some((values) => values.some((value) => typeof value === "number"));
    this.#empty.hidden = isKnown;
    this.#plot.hidden = !isKnown;
    this.#plot.setAttribute("aria-label", this.#summary());
    this.#drawTable();
    const labels = JSON.stringify(lines.map(({ label }) => label));
    if (this.#chart === null || labels !== this.#labels) {
      this.#labels = labels;
      this.#draw();
      return;
    }
    const { min, max } = this.#chart.scales.x ?? {};
    const isZoomed = before.length > 1 && (min !== before[0] || max !== before.at(-1));
    this.#chart.setData(this.#data(), !isZoomed);
  }

  /** Ends what listens. */
  close(): void {
    this.#closed = true;
    for (const close of this.#closers) close();
    this.#chart?.destroy();
  }

  #width(): number {
    return Math.floor(this.#plot.clientWidth);
  }

  #height(): number {
    return this.#options.height ?? 240;
  }

  #data(): AlignedData {
    return [this.#aligned.x, ...this.#aligned.values];
  }

  /** What screen readers say in place of the picture. */
  #summary(): string {
    const { title, xLabel, format, formatX = String } = this.#options;
    const last = this.#lines.map(({ label, points }) => {
      const point = points.findLast(([, y]) => y !== null);
      return point ? `${label}: ${format(point[1])} at ${xLabel} ${formatX(point[0])}` : `${label}: no value`;
    });
    return `${title}. Last values: ${last.join("; ")}`;
  }

  #draw(): void {
    this.#chart?.destroy();
    this.#chart = null;
    const width = this.#width();
    if (width === 0 || this.#aligned.x.length === 0) return;
    const { xLabel, format, formatX = String, wholeX = false } = this.#options;
    const style = getComputedStyle(this.element);
    const token = (name: string) => style.getPropertyValue(name).trim();
    const font = `12px ${token("--font") || "sans-serif"}`;
    const rule = { stroke: token("--line"), width: 1 };
    const axis = {
      stroke: token("--muted"),
      grid: rule,
      ticks: rule,
      font,
      labelFont: font,
    } satisfies UPlotAxis;
    this.#chart = createUPlot(
      {
        width,
        height: this.#height(),
        scales: { x: { time: false } },
        legend: { live: true },
        cursor: { points: { size: 7 } },
        axes: [
          {
            ...axis,
            label: xLabel,
            labelSize: 20,
            size: 34,
            values: (_, values) => values.map(formatX),
            ...wholeX
              ? { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000] }
              : {},
          },
          { ...axis, size: 60, values: (_, values) => shortened(values) },
        ],
        series: [
          {
            label: xLabel,
            value: (_, value, __, index) =>
              legendText(index, value, this.#aligned.x, (x) => formatX(x ?? NaN)),
          },
          ...this.#lines.map(({ label }, index) => ({
            label,
            stroke: token(`--series-${index % COLORS + 1}`),
            width: 2,
            dash: DASHES[Math.floor(index / COLORS + index) % DASHES.length]!,
            value: (_: UPlot, value: number | null, __: number, at: number | null) =>
              legendText(at, value, this.#aligned.values[index]!, format),
          })),
        ],
      },
      this.#data(),
      this.#plot,
    );
    // The summary and the table say it; the legend follows the mouse only.
    this.#plot.firstElementChild?.setAttribute("aria-hidden", "true");
  }

  #drawTable(): void {
    if (!this.#details.open) return;
    const { title, xLabel, format, formatX = String } = this.#options;
    const labels = JSON.stringify(this.#lines.map(({ label }) => label));
    if (this.#table?.labels !== labels) {
      const columns: Column<Row>[] = [
        {
          key: "x",
          title: xLabel,
          numeric: true,
          width: "90px",
          cell: ({ x }) => formatX(x),
          sort: ({ x }) => x,
        },
        ...this.#lines.map(({ label }, index): Column<Row> => ({
          key: `${index}`,
          title: label,
          help: label,
          numeric: true,
          width: "minmax(110px, 1fr)",
          cell: ({ values }) => format(values[index]),
          sort: ({ values }) => values[index],
        })),
      ];
      const grid = new VirtualTable<Row>({ label: title, columns, key: ({ x }) => `${x}`, rowHeight: 28 });
      grid.element.classList.add("chart-grid");
      this.#table = { labels, grid };
      fill(this.#tableRoot, grid.element);
    }
    const { x, values } = this.#aligned;
    this.#table.grid.setRows(x.map((x, at) => ({ x, values: values.map((line) => line[at]) })));
  }
}

/** A value of the legend: where the cursor is, and the last one while it is elsewhere. */
function legendText(
  index: number | null,
  value: number | null,
  all: readonly (number | null | undefined)[],
  format: (value: number | null | undefined) => string,
): string {
  return format(index === null ? all.findLast((value) => value !== null && value !== undefined) : value);
}

/** The numbers of an axis: short enough for its margin, and no two the same. */
function shortened(values: readonly number[]): string[] {
  for (let digits = 0;; digits++) {
    const texts = values.map((value) => {
      const size = Math.abs(value);
      if (size !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(digits).replace("e+", "e");
      return `${Number(value.toPrecision(4 + digits))}`;
    });
    if (new Set(texts).size === values.length || digits === 3) return texts;
  }
}
