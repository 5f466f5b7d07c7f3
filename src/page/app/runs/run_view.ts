/**
 * One run, live. This module is browser compatible.
 *
 * @module
 */
import type { EpochLine, RunDetail, RunSample, RunSummary, StreamProblem } from "../../api/runs.ts";
import { LineChart } from "../charts/line_chart.ts";
import { fill, h } from "../dom.ts";
import { showBytes, showMetric, showNumber, showSeconds, UNKNOWN } from "../format.ts";
import { type View, viewHash } from "../view.ts";
import { points } from "./comparison.ts";
import { flatten } from "./config_diff.ts";
import { metricKeys, metricName } from "./metric_names.ts";
import { SampleGrid } from "./sample_grid.ts";
import { DISCONNECTED, tell } from "./runs_view.ts";
import { stateBadge } from "./state_badge.ts";

/** A chart of the view: its title, and the metrics that are its lines. */
interface ChartPlan {
  readonly title: string;
  readonly metrics: readonly string[];
}

const CHARTS: readonly ChartPlan[] = [
  { title: "Loss", metrics: ["train/loss", "valid/loss"] },
  { title: "Dice", metrics: ["train/dice", "valid/dice"] },
  { title: "Learning rate", metrics: ["learning_rate"] },
  { title: "Samples per second", metrics: ["samples_per_second"] },
];

/** The view: `#/run/NAME`. */
export const runView: View = {
  name: "run",
  title: "Run",
  under: "runs",
  open(root, [name], page) {
    if (name === undefined) {
      page.navigate(viewHash("runs"));
      return () => {};
    }
    page.setTitle(name);
    let detail: RunDetail | null = null;
    let lines: EpochLine[] = [];
    const status = h("p", { class: "error", role: "alert", hidden: true });
    const badge = h("span", { role: "status" });
    const facts = h("dl", { class: "facts" });
    const problems = h("ul", { class: "problems", hidden: true });
    const progress = h("progress", { max: 1, value: 0, "aria-label": "Finished epochs" });
    const samples = new SampleGrid(page.api, name);
    const settings = h("div");
    const charts = CHARTS.map(({ title, metrics }) => ({
      metrics,
      chart: new LineChart({ title, xLabel: "epoch", wholeX: true, format: showNumber }),
    }));
    const classes = new LineChart({
      title: "Dice of each class (validation)",
      xLabel: "epoch",
      wholeX: true,
      format: showNumber,
    });
    classes.element.hidden = true;

    const drawCharts = () => {
      for (const { metrics, chart } of charts) {
        chart.setLines(metrics.map((metric) => ({
          label: metrics.length === 1
            ? metricName(metric)
            : metric.startsWith("train/")
            ? "training"
            : "validation",
          points: points(lines, metric, "epoch"),
        })));
      }
      const ofClasses = metricKeys(lines.slice(-1)).filter((key) => key.startsWith("valid/dice/"));
      classes.element.hidden = ofClasses.length === 0;
      classes.setLines(ofClasses.map((metric) => ({
        label: metric.slice("valid/dice/".length),
        points: points(lines, metric, "epoch"),
      })));
    };
    const drawFacts = () => {
      if (detail === null) return;
      const { summary } = detail;
      fill(facts, factsOf(summary, lines));
      progress.hidden = summary.epochs === null;
      progress.max = Math.max(summary.epochs ?? summary.epoch, 1);
      progress.value = summary.epoch;
    };
    const drawSummary = (summary: RunSummary) => {
      const before = detail?.summary.state;
      detail = { ...detail!, summary };
      fill(badge, stateBadge(summary), h("span", { class: "muted" }, ` ${summary.reason}`));
      if (before !== undefined && before !== summary.state) page.announce(`The run is ${summary.state}.`);
      problems.hidden = summary.problems.length === 0;
      fill(problems, summary.problems.map((problem) => h("li", {}, problem)));
      drawFacts();
    };
    const receive = (data: unknown) => {
      detail = data as RunDetail;
      lines = [...detail.lines];
      drawSummary(detail.summary);
      drawCharts();
      samples.show(detail.samples, detail.config);
      fill(settings, settingsTable(detail.config));
    };

    const close = page.api.events(["runs", name, "events"], {
      on: {
        run: receive,
        lines: (data) => {
          lines.push(...data as EpochLine[]);
          drawCharts();
          drawFacts();
        },
        summary: (data) => drawSummary(data as RunSummary),
        samples: (data) => samples.show(data as RunSample[], detail?.config ?? null),
        gone: () => tell(status, "The run's folder is gone."),
        problem: (data) => tell(status, (data as StreamProblem).error),
      },
      onState: (connected) => tell(status, connected ? null : DISCONNECTED),
    });
    const timer = setInterval(drawFacts, 1000);

    fill(
      root,
      h(
        "nav",
        { class: "links", "aria-label": "This run" },
        h("a", { href: viewHash("runs") }, "All runs"),
        h("a", { href: viewHash("results", name) }, "Its results"),
      ),
      h("h1", {}, name),
      h("p", {}, badge),
      status,
      problems,
      progress,
      facts,
      h("div", { class: "chart-grid-2" }, charts.map(({ chart }) => chart.element), classes.element),
      samples.element,
      h("details", { class: "panel" }, h("summary", {}, "All settings"), settings),
    );
    return () => {
      close();
      clearInterval(timer);
      for (const { chart } of charts) chart.close();
      classes.close();
    };
  },
};

function factsOf(summary: RunSummary, lines: readonly EpochLine[]): HTMLElement[] {
  const { epoch, epochs, bestDice, bestDiceEpoch, bestLoss, bestLossEpoch, seconds } = summary;
  const last = lines.at(-1)?.metrics ?? {};
  const at = (value: number | null) => value === null ? null : `epoch ${value}`;
  const facts: [string, string, string | null][] = [
    ["Epochs", epochs === null ? `${epoch}` : `${epoch} of ${epochs}`, null],
    ["Best Dice", showMetric(bestDice), at(bestDiceEpoch)],
    ["Best loss", showMetric(bestLoss), at(bestLossEpoch)],
    ["Samples per second", showNumber(summary.samplesPerSecond), null],
    ["Time per epoch", showSeconds(last.seconds), null],
    ["Time so far", showSeconds(seconds), null],
    ["Time left", showSeconds(timeLeft(summary)), summary.secondsLeft === null ? null : "at most"],
    ["Device memory", showBytes(summary.memoryBytes), "planned"],
  ];
  return facts.map(([name, value, note]) =>
    h(
      "div",
      { class: "fact" },
      h("dt", {}, name),
      h(
        "dd",
        {},
        value,
        note !== null && value !== UNKNOWN ? h("small", { class: "muted" }, ` ${note}`) : null,
      ),
    )
  );
}

/** The time left now: less what has passed since the last epoch, which another machine's clock cannot make negative. */
function timeLeft({ secondsLeft, updated, epoch, epochs }: RunSummary): number | null {
  if (secondsLeft === null || updated === null || epochs === null) return secondsLeft;
  const perEpoch = secondsLeft / Math.max(1, epochs - epoch);
  const passed = (Date.now() - Date.parse(updated)) / 1000;
  return secondsLeft - Math.min(Math.max(passed, 0), perEpoch);
}

function settingsTable(config: RunDetail["config"]): HTMLElement {
  if (config === null) return h("p", { class: "muted" }, "The settings cannot be read.");
  return h(
    "div",
    { class: "scroll-x" },
    h(
      "table",
      { "aria-label": "All settings" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Setting"), h("th", { scope: "col" }, "Value"))),
      h(
        "tbody",
        {},
        [...flatten(config)].map(([name, value]) =>
          h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, value))
        ),
      ),
    ),
  );
}
