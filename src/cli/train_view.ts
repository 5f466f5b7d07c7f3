/**
 * The display of a training run: on a terminal a progress bar and the curves of losses and Dice, otherwise plain lines.
 *
 * @module
 */
import type { EpochReport, PassProgress, RunSoFar, TrainCallbacks } from "../training/events.ts";
import type { MemoryUse } from "../training/batch_memory.ts";
import type { PlannedMemory, TrainPlan } from "../training/train_plan.ts";
import { inputSize } from "../image/input_frame.ts";
import { extentsOf, initializationOf, type TrainConfig } from "../training/train_config.ts";
import { DEFAULT_LOSS } from "../../kernels/loss/definition.ts";
import type { AutoChoice } from "../training/auto/auto_choice.ts";
import type { BudgetChoice } from "../training/budget_choice.ts";
import { describeAuto } from "./auto_view.ts";
import { describeBudget, describeLongRun } from "./budget_view.ts";
import { drawCurves } from "./chart.ts";
import { formatBytes, formatPercent, formatSeconds, plural } from "../format.ts";
import { formatChoices } from "./kernel_choices.ts";
import { escapeLine } from "../escape.ts";
import { consoleSize, Progress } from "./progress.ts";
import { CONTROL, moveCursor, writeStderr } from "./terminal.ts";

/** The metrics of an epoch. */
type Metrics = EpochReport["metrics"];

/** Minimum seconds between plain lines about the progress of an epoch. */
const PLAIN_SECONDS = 10;

/** Displays a training run; its functions are the run's callbacks. */
export class TrainView implements TrainCallbacks {
  readonly #write: (text: string) => void;
  readonly #terminal = Deno.stderr.isTerminal();
  readonly #history: Metrics[] = [];
  /** Of each epoch until the next one started, so including the time to save its checkpoint. */
  readonly #seconds: number[] = [];
  #since = performance.now();
  #bar: Progress | undefined;
  #barOf = "";
  #barSince = 0;
  #chartLines = 0;
  #compiling = false;
  #epochs = 0;
  #budget: number | undefined;

  /** Passes results to `write`; everything else goes to standard error. */
  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  readonly onNote = (message: string): void =>
    this.#above(() => writeStderr(`note: ${escapeLine(message)}\n`));

  /** Called when another thread wrote a line below the curves, which moved them up by one. */
  readonly onForeignLine = (): void => {
    if (this.#chartLines > 0) this.#chartLines++;
  };

  readonly onPrepare = (split: "train" | "valid", done: number, total: number): void => {
    this.#advance(`preparing ${split} images`, { total, start: 0 }).update(done);
    if (done === total) this.#endBar();
  };

  readonly onCompile = (): void => {
    if (this.#compiling) return;
    this.#compiling = true;
    writeStderr("compiling kernels (takes seconds once, then the driver caches them)\n");
  };

  readonly onBudget = (choice: BudgetChoice): void => this.#write(describeBudget(choice));

  readonly onAuto = (choice: AutoChoice): void => this.#write(describeAuto(choice));

  readonly onStart = (plan: TrainPlan, { epochs, batches }: RunSoFar): void => {
    this.#epochs = plan.config.epochs;
    this.#budget = plan.config.budget;
    this.#since = performance.now();
    this.#history.push(...epochs.map(({ metrics }) => metrics));
    this.#write(describePlan(plan));
    if (epochs.length === 0 && batches === 0) return;
    this.#write(describeResumed({ epochs: epochs.length, batches }));
  };

  readonly onEstimate = (secondsPerEpoch: number): void =>
    this.#above(() => {
      this.#write(
        describeEstimate(secondsPerEpoch, this.#epochs) + describeLongRun(secondsPerEpoch, this.#budget),
      );
    });

  readonly onProgress = ({ part, epoch, epochs, done, start, total, loss }: PassProgress): void => {
    const label = part === "train" ? `epoch ${epoch}/${epochs}` : `validating ${epoch}/${epochs}`;
    const bar = this.#advance(label, { total, start });
    if (done === start || (!this.#terminal && performance.now() - this.#barSince < 1000 * PLAIN_SECONDS)) {
      return;
    }
    bar.update(done, `loss ${loss.toFixed(4)}`);
  };

  readonly onEpoch = (report: EpochReport): void => {
    const { metrics } = report;
    this.#history.push(metrics);
    const now = performance.now();
    // Of a resumed epoch, only the rest was trained in this process.
    this.#seconds.push(Math.max(metrics.seconds!, (now - this.#since) / 1000));
    this.#since = now;
    this.#endBar();
    this.#above(() => this.#write(describeEpoch(report, this.#left(report))));
  };

  /** Removes what is only displayed while training runs. */
  close(): void {
    this.#endBar();
  }

  /** Seconds that the remaining epochs will take, by the last five. */
  #left({ epoch, epochs }: EpochReport): number {
    const recent = this.#seconds.slice(-5);
    return recent.reduce((sum, seconds) => sum + seconds, 0) / recent.length * (epochs - epoch);
  }

  #advance(label: string, { total, start }: { total: number; start: number }): Progress {
    if (this.#bar === undefined || this.#barOf !== label) {
      this.#endBar();
      this.#bar = new Progress({ label, total, start, unit: "samples", plainEverySeconds: PLAIN_SECONDS });
      this.#barOf = label;
      this.#barSince = performance.now();
    }
    return this.#bar;
  }

  #endBar(): void {
    this.#bar?.clear();
    this.#bar = undefined;
    this.#barOf = "";
  }

  /** Writes lines above the curves, which stay at the bottom of the terminal. */
  #above(write: () => void): void {
    this.#bar?.clear();
    if (this.#chartLines > 0) moveCursor(CONTROL.eraseUp(this.#chartLines));
    this.#chartLines = 0;
    write();
    if (!this.#terminal || this.#history.length < 2) return;
    const lines = drawHistory(this.#history, consoleSize().columns - 1);
    writeStderr(lines.map((line) => `${line}\n`).join(""));
    this.#chartLines = lines.length;
  }
}

/**
 * A finished epoch as a line that fits 80 columns; `secondsLeft` is the time of the remaining ones. It ends with `best`,
 * or with the number of the best epoch. `metrics.jsonl` has all metrics.
 */
export function describeEpoch(
  { epoch, epochs, metrics, best, stale }: EpochReport,
  secondsLeft: number,
): string {
  const fixed = (name: string) => Number.isFinite(metrics[name]) ? metrics[name]!.toFixed(4) : "n/a";
  return [
    `epoch ${`${epoch}`.padStart(`${epochs}`.length)}/${epochs}`,
    `loss ${fixed("train/loss")} valid ${fixed("valid/loss")} dice ${fixed("valid/dice")}`,
    epoch < epochs ? `${formatSeconds(secondsLeft)} left` : `${formatSeconds(metrics.seconds!)}`,
    best ? "best" : `best ${epoch - stale}`,
  ].join("  ") + "\n";
}

/** The losses at one scale, and Dice from 0 to 1. */
export function drawHistory(history: readonly Metrics[], width: number): string[] {
  const values = (name: string) => history.map((metrics) => metrics[name]!);
  return [
    ...drawCurves([
      { name: "train loss", values: values("train/loss") },
      { name: "valid loss", values: values("valid/loss") },
    ], width),
    ...drawCurves([{ name: "valid dice", values: values("valid/dice") }], width, [0, 1]),
  ];
}

/** What was finished before a run is resumed. */
export function describeResumed({ epochs, batches }: { epochs: number; batches: number }): string {
  const within = batches > 0 ? ` and ${plural(batches, "batch", "batches")} of the next` : "";
  return `resuming after ${plural(epochs, "epoch")}${within}\n`;
}

/** How long training will take. */
export function describeEstimate(secondsPerEpoch: number, epochs: number): string {
  const all = formatSeconds(secondsPerEpoch * epochs);
  return `estimated     ${formatSeconds(secondsPerEpoch)} per epoch, at most ${all} for ${epochs}\n`;
}

function describeInput(config: TrainConfig): string {
  const { width, height } = inputSize(extentsOf(config));
  const { fit, patch, scale = 1 } = config;
  if (patch === undefined) return `input ${width} x ${height}${fit === "pad" ? " (padded)" : ""}`;
  return `patches of ${width} x ${height} at ${scale === 1 ? "the images' resolution" : `scale ${scale}`}`;
}

/** What training will do and need, one line for each. */
export function describePlan(plan: TrainPlan): string {
  const { config, data, adapter, parameters, memory } = plan;
  const splits = (["train", "valid"] as const).map((role) => {
    const { samples, annotated, background } = data[role];
    return `${role.padEnd(14)}${plural(samples, "sample")}, ${annotated} annotated; ` +
      `${formatPercent(background)} of all pixels are background\n`;
  });
  const { filters, norm, depth, batchSize } = config;
  const loss = config.loss === DEFAULT_LOSS ? "" : `loss ${config.loss}, `;
  return splits.join("") +
    describeCorrections(data.train) +
    `network       ${filters} filters, ${depth ? `depth ${depth}, ` : ""}norm ${norm}, ${
      parameters.toLocaleString("en-US")
    } parameters, ` +
    `${describeInput(config)}, batches of ${batchSize}\n` +
    describeWindows(config) +
    describeInit(config) +
    describeClasses(config) +
    `recipe        ${config.recipe}: ${loss}${config.optimizer}, learning rate ${config.learningRate}, ` +
    `${config.schedule} schedule, seed ${config.seed}\n` +
    `device        ${adapter ?? "none found; memory is planned for a typical GPU"}\n` +
    (plan.ranks === 1
      ? ""
      : `ranks         ${plan.ranks}, each with ${
        Math.ceil(batchSize / plan.ranks)
      } images of a batch at most; ` +
        "memory is that of one\n") +
    describeKernels(plan) +
    `memory        ${describeMemory(config.memory, memory)}\n`;
}

/** A line if a run is trained on patches: whether windows agree. */
export function describeWindows(config: TrainConfig): string {
  if (config.patch === undefined) return "";
  if (config.norm === "none") {
    const weights = config.init === undefined && initializationOf(config) === "he"
      ? ", and He's initial weights"
      : "";
    return `windows       as whole images are predicted: no normalization by what a window shows${weights}\n`;
  }
  return `windows       each normalized by its own moments, so that predictions depend on their size; --norm none avoids it\n`;
}

/** A line if a run learns from corrections. */
function describeCorrections({ corrections }: TrainPlan["data"]["train"]): string {
  if (corrections === undefined) return "";
  const { samples, joined, negatives, oversample } = corrections;
  const parts = [
    ...(joined > 0 ? [`${joined} of them new`] : []),
    ...(negatives > 0 ? [`${negatives} corrected to nothing`] : []),
    oversample === 1 ? "drawn once per epoch" : `drawn ${oversample} times per epoch`,
  ];
  return `corrections   ${plural(samples, "image")}, ${parts.join(", ")}\n`;
}

/** A line if a run starts from a model. */
function describeInit({ init }: TrainPlan["config"]): string {
  if (init === undefined) return "";
  const { model, sha256 } = init;
  return `weights       of ${escapeLine(model)} (SHA-256 ${sha256.slice(0, 12)}), ` +
    "with its network, classes and normalization\n";
}

/** A line if a run names classes. */
function describeClasses({ classes, head = "sigmoid" }: TrainPlan["config"]): string {
  if (classes === undefined) return "";
  return `classes       ${classes.map(escapeLine).join(", ")}; head ${head}\n`;
}

function describeMemory(use: MemoryUse, memory: TrainPlan["memory"]): string {
  const other = use === "low" ? "normal" : "low";
  const show = ({ bytes, microBatches }: PlannedMemory) =>
    `${formatBytes(bytes)} planned${microBatches > 1 ? `, ${microBatches} micro-batches per batch` : ""}`;
  return `${show(memory[use])}; with --memory ${other} ${show(memory[other])}`;
}

/** A line if the kernels are not just the defaults. */
function describeKernels({ choicesFrom, nonDefaultChoices }: TrainPlan): string {
  const changed = formatChoices(nonDefaultChoices);
  if (choicesFrom === "defaults" || (choicesFrom === "run" && changed === "")) return "";
  const origin = choicesFrom === "run" ? "those that the run was started with" : "as timed on this adapter";
  return `kernels       ${origin}${
    changed === "" ? ", which are the defaults" : `, not the defaults: ${changed}`
  }\n`;
}
