/**
 * Several runs in one chart, and what their settings differ in. This module is browser compatible.
 *
 * @module
 */
import type { EpochLine, RunDetail, RunSummary } from "../../api/runs.ts";
import type { Api } from "../api.ts";
import type { Line } from "../charts/align.ts";
import { LineChart } from "../charts/line_chart.ts";
import { fill, h, uniqueId } from "../dom.ts";
import { showNumber } from "../format.ts";
import { configDifferences } from "./config_diff.ts";
import { metricKeys, metricName } from "./metric_names.ts";

/** What is compared over: epochs, or hours of training. */
type Over = "epoch" | "hours";

/** Most runs that are drawn: more lines cannot be told apart. */
const MOST = 16;

/** The comparison; add its `element` to the page. */
export class Comparison {
  readonly element: HTMLElement;
  readonly #api: Api;
  readonly #metric: HTMLSelectElement;
  readonly #chartRoot = h("div");
  readonly #note = h("p", { class: "muted", hidden: true });
  readonly #differences = h("section", { class: "panel", "aria-label": "Differences of the settings" });
  readonly #loaded = new Map<string, { readonly summary: RunSummary; readonly detail: RunDetail }>();
  readonly #loading = new Map<string, RunSummary>();
  #runs: readonly RunSummary[] = [];
  #chart: { readonly key: string; readonly chart: LineChart } | null = null;
  #over: Over = "epoch";
  #closed = false;

  /** Compares nothing yet; `onClear` is called when nothing is to be compared any more. */
  constructor(api: Api, onClear: () => void) {
    this.#api = api;
    const [metricId, overId] = [uniqueId("metric"), uniqueId("over")];
    this.#metric = h("select", { id: metricId, onchange: () => this.#draw() });
    const over = h(
      "select",
      {
        id: overId,
        onchange: () => {
          this.#over = over.value as Over;
          this.#draw();
        },
      },
      h("option", { value: "epoch" }, "Epochs"),
      h("option", { value: "hours" }, "Hours of training"),
    );
    this.element = h(
      "div",
      { class: "comparison" },
      h(
        "div",
        { class: "toolbar" },
        h("div", { class: "field" }, h("label", { for: metricId }, "Metric"), this.#metric),
        h("div", { class: "field" }, h("label", { for: overId }, "Over"), over),
        h("button", { type: "button", onclick: onClear }, "Select no run"),
      ),
      this.#note,
      this.#chartRoot,
      this.#differences,
    );
  }

  /** Compares these runs; those that have grown are loaded again. */
  show(runs: readonly RunSummary[]): void {
    this.#runs = runs.slice(0, MOST);
    this.#note.hidden = runs.length <= MOST;
    this.#note.textContent = `The first ${MOST} of ${runs.length} selected runs are drawn.`;
    for (const run of this.#runs) this.#load(run);
    this.#draw();
  }

  /** Ends what listens. */
  close(): void {
    this.#closed = true;
    this.#chart?.chart.close();
  }

  async #load(summary: RunSummary): Promise<void> {
    const { name } = summary;
    const known = this.#loading.get(name) ?? this.#loaded.get(name)?.summary;
    if (known && known.updated === summary.updated && known.epoch === summary.epoch) return;
    this.#loading.set(name, summary);
    try {
      const detail = await this.#api.get<RunDetail>(["runs", name]);
      this.#loaded.set(name, { summary, detail });
    } catch {
      // It has vanished; the next list says so.
      this.#loaded.delete(name);
    } finally {
      if (this.#loading.get(name) === summary) this.#loading.delete(name);
      if (!this.#closed) this.#draw();
    }
  }

  #draw(): void {
    const details = this.#runs.flatMap(({ name }) => this.#loaded.get(name)?.detail ?? []);
    // Without an answer yet, nothing is known to be missing.
    if (details.length === 0 && this.#loading.size > 0) return;
    this.#fillMetrics(details);
    const metric = this.#metric.value;
    const key = `${metric} ${this.#over}`;
    if (this.#chart?.key !== key) {
      this.#chart?.chart.close();
      const chart = new LineChart({
        title: metricName(metric),
        xLabel: this.#over === "epoch" ? "epoch" : "hours",
        wholeX: this.#over === "epoch",
        formatX: (x) => showNumber(x),
        format: showNumber,
        height: 300,
      });
      this.#chart = { key, chart };
      fill(this.#chartRoot, chart.element);
    }
    this.#chart.chart.setLines(details.map(({ summary: { name }, lines }): Line => ({
      label: name,
      points: points(lines, metric, this.#over),
    })));
    this.#drawDifferences(details);
  }

  #fillMetrics(details: readonly RunDetail[]): void {
    const chosen = this.#metric.value;
    const keys = metricKeys(details.flatMap(({ lines }) => lines.slice(-1)));
    if (keys.length === 0) keys.push("valid/dice");
    if (keys.join() === [...this.#metric.options].map(({ value }) => value).join()) return;
    fill(this.#metric, keys.map((key) => h("option", { value: key }, metricName(key))));
    this.#metric.value = keys.includes(chosen) ? chosen : keys[0]!;
  }

  #drawDifferences(details: readonly RunDetail[]): void {
    const heading = h("h2", {}, "Differences of the settings");
    if (details.length < 2) {
      fill(
        this.#differences,
        heading,
        h("p", { class: "muted" }, "Select two or more runs to compare them."),
      );
      return;
    }
    const differences = configDifferences(details.map(({ config }) => config));
    if (differences.length === 0) {
      fill(this.#differences, heading, h("p", {}, "All settings are the same."));
      return;
    }
    fill(
      this.#differences,
      heading,
      h(
        "div",
        { class: "scroll-x", tabindex: 0, role: "region", "aria-label": "Differences of the settings" },
        h(
          "table",
          { "aria-label": "Differences of the settings" },
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              h("th", { scope: "col" }, "Setting"),
              details.map(({ summary: { name } }) => h("th", { scope: "col" }, name)),
            ),
          ),
          h(
            "tbody",
            {},
            differences.map(({ setting, values }) =>
              h(
                "tr",
                {},
                h("th", { scope: "row" }, setting),
                values.map((value) => h("td", {}, value ?? "–")),
              )
            ),
          ),
        ),
      ),
    );
  }
}

/** A log as a line: of an epoch that was trained again, the last value. */
export function points(lines: readonly EpochLine[], metric: string, over: Over): [number, number | null][] {
  const byEpoch = new Map(lines.map((line) => [line.epoch, line]));
  const points: [number, number | null][] = [];
  let seconds = 0;
  for (const { epoch, metrics } of [...byEpoch.values()].sort((a, b) => a.epoch - b.epoch)) {
    seconds += metrics.seconds ?? 0;
    const value = metrics[metric];
    if (value !== undefined) points.push([over === "epoch" ? epoch : seconds / 3600, value]);
  }
  return points;
}
