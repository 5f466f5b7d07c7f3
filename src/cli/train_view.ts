/**
 * The display of a training run: on a terminal a progress bar and the loss curves, otherwise plain lines.
 *
 * @module
 */
import type { EpochReport, PassProgress, RunSoFar, TrainCallbacks } from "../training/events.ts";
import type { MemoryUse } from "../training/batch_memory.ts";
import type { PlannedMemory, TrainPlan } from "../training/train_plan.ts";
import { DEFAULT_LOSS } from "../../kernels/loss/definition.ts";
import { drawCurves } from "./chart.ts";
import { formatBytes, formatPercent, formatSeconds, plural } from "./format.ts";
import { formatChoices } from "./kernel_choices.ts";
import { consoleSize, Progress } from "./progress.ts";
import { CONTROL, moveCursor, writeStderr } from "./terminal.ts";

/** Minimum seconds between plain lines about the progress of an epoch. */
const PLAIN_SECONDS = 10;

/** Displays a training run; its functions are the run's callbacks. */
export class TrainView implements TrainCallbacks {
  readonly #write: (text: string) => void;
  readonly #terminal = Deno.stderr.isTerminal();
  readonly #losses = { train: [] as number[], valid: [] as number[] };
  /** Of each epoch until the next one started, so including the time to save its checkpoint. */
  readonly #seconds: number[] = [];
  #since = performance.now();
  #bar: Progress | undefined;
  #barOf = "";
  #barSince = 0;
  #chartLines = 0;
  #compiling = false;
  #epochs = 0;

  /** Passes results to `write`; everything else goes to standard error. */
  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  readonly onNote = (message: string): void => this.#above(() => writeStderr(`note: ${message}\n`));

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

  readonly onStart = (plan: TrainPlan, { epochs, batches }: RunSoFar): void => {
    this.#epochs = plan.config.epochs;
    this.#since = performance.now();
    for (const { metrics } of epochs) this.#addLosses(metrics);
    this.#write(describePlan(plan));
    if (epochs.length === 0 && batches === 0) return;
    this.#write(describeResumed({ epochs: epochs.length, batches }));
  };

  readonly onEstimate = (secondsPerEpoch: number): void =>
    this.#above(() => {
      this.#write(describeEstimate(secondsPerEpoch, this.#epochs));
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
    this.#addLosses(metrics);
    const now = performance.now();
    // Of a resumed epoch, only the rest was trained in this process.
    this.#seconds.push(Math.max(metrics.seconds!, (now - this.#since) / 1000));
    this.#since = now;
    this.#endBar();
    this.#above(() => this.#write(this.#describeEpoch(report)));
  };

  /** Removes what is only displayed while training runs. */
  close(): void {
    this.#endBar();
  }

  #addLosses(metrics: EpochReport["metrics"]): void {
    this.#losses.train.push(metrics["train/loss"]!);
    this.#losses.valid.push(metrics["valid/loss"]!);
  }

  #describeEpoch({ epoch, epochs, metrics, best, stale }: EpochReport): string {
    const value = (name: string, show: (value: number) => string) => {
      const number = metrics[name]!;
      return Number.isFinite(number) ? show(number) : "undefined";
    };
    const fixed = (number: number) => number.toFixed(4);
    const recent = this.#seconds.slice(-5);
    const left = recent.reduce((sum, seconds) => sum + seconds, 0) / recent.length * (epochs - epoch);
    return [
      `epoch ${`${epoch}`.padStart(`${epochs}`.length)}/${epochs}`,
      `train loss ${value("train/loss", fixed)}`,
      `accuracy ${value("train/accuracy", formatPercent)}`,
      `| valid loss ${value("valid/loss", fixed)}`,
      `accuracy ${value("valid/accuracy", formatPercent)}`,
      `dice ${value("valid/dice", fixed)}`,
      `iou ${value("valid/iou", fixed)}`,
      `| ${formatSeconds(metrics.seconds!)}`,
      ...(epoch < epochs ? [`${formatSeconds(left)} left`] : []),
      best ? "best" : `best ${plural(stale, "epoch")} ago`,
    ].join("  ") + "\n";
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
    if (!this.#terminal || this.#losses.train.length < 2) return;
    const lines = drawCurves([
      { name: "train loss", values: this.#losses.train },
      { name: "valid loss", values: this.#losses.valid },
    ], consoleSize().columns - 1);
    writeStderr(lines.map((line) => `${line}\n`).join(""));
    this.#chartLines = lines.length;
  }
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

/** What training will do and need, one line for each. */
export function describePlan(plan: TrainPlan): string {
  const { config, data, adapter, parameters, memory } = plan;
  const splits = (["train", "valid"] as const).map((role) => {
    const { samples, annotated, background } = data[role];
    return `${role.padEnd(14)}${plural(samples, "sample")}, ${annotated} annotated; ` +
      `${formatPercent(background)} of all pixels are background\n`;
  });
  const { filters, norm, size, batchSize } = config;
  const loss = config.loss === DEFAULT_LOSS ? "" : `loss ${config.loss}, `;
  return splits.join("") +
    `network       ${filters} filters, norm ${norm}, ${parameters.toLocaleString("en-US")} parameters, ` +
    `input ${size} x ${size}, batches of ${batchSize}\n` +
    `recipe        ${config.recipe}: ${loss}${config.optimizer}, learning rate ${config.learningRate}, ` +
    `${config.schedule} schedule, seed ${config.seed}\n` +
    `device        ${adapter ?? "none found; memory is planned for a typical GPU"}\n` +
    describeKernels(plan) +
    `memory        ${describeMemory(config.memory, memory)}\n`;
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
