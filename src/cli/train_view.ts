/**
 * What a training shows: on a terminal a bar and the curves of the loss so far, elsewhere plain lines.
 *
 * @module
 */
import type { EpochReport, PassProgress, RunSoFar, TrainCallbacks } from "../training/events.ts";
import type { MemoryUse } from "../training/batch_memory.ts";
import type { PlannedMemory, TrainPlan } from "../training/train_plan.ts";
import { drawCurves } from "./chart.ts";
import { formatBytes, formatPercent, formatSeconds, plural } from "./format.ts";
import { formatChoices } from "./kernel_choices.ts";
import { consoleSize, Progress } from "./progress.ts";
import { writeStderr } from "./task.ts";

/** Where plain lines say how far an epoch is, at most so often. */
const PLAIN_SECONDS = 10;

/** Shows a training; its functions are the training's callbacks. */
export class TrainView implements TrainCallbacks {
  readonly #write: (text: string) => void;
  readonly #terminal = Deno.stderr.isTerminal();
  readonly #losses = { train: [] as number[], valid: [] as number[] };
  /** Of each epoch, until the next one began: what keeping its checkpoint takes counts. */
  readonly #seconds: number[] = [];
  #since = performance.now();
  #bar: Progress | undefined;
  #barOf = "";
  #barSince = 0;
  #chartLines = 0;
  #compiling = false;
  #epochs = 0;

  /** Results go to `write`, everything else to standard error. */
  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  readonly onNote = (message: string): void => this.#above(() => writeStderr(`note: ${message}\n`));

  /** A line that another thread wrote below the curves: they begin one line higher. */
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
    writeStderr("compiling kernels (seconds once, then the driver keeps them)\n");
  };

  readonly onStart = (plan: TrainPlan, { epochs, batches }: RunSoFar): void => {
    this.#epochs = plan.config.epochs;
    this.#since = performance.now();
    for (const { metrics } of epochs) this.#addLosses(metrics);
    this.#write(describePlan(plan));
    if (epochs.length === 0 && batches === 0) return;
    const within = batches > 0 ? ` and ${batches} batches of the next` : "";
    this.#write(`going on after ${plural(epochs.length, "epoch")}${within}\n`);
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
    // Of an epoch that goes on after a stop, only the rest was waited for.
    this.#seconds.push(Math.max(metrics.seconds!, (now - this.#since) / 1000));
    this.#since = now;
    this.#endBar();
    this.#above(() => this.#write(this.#describeEpoch(report)));
  };

  /** Removes what is only shown while training runs. */
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

  /** Writes lines above the curves, which stay at the bottom of a terminal. */
  #above(write: () => void): void {
    this.#bar?.clear();
    if (this.#chartLines > 0) writeStderr(`\x1b[${this.#chartLines}A\x1b[J`);
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

/** How long a training will take. */
export function describeEstimate(secondsPerEpoch: number, epochs: number): string {
  const all = formatSeconds(secondsPerEpoch * epochs);
  return `estimated     ${formatSeconds(secondsPerEpoch)} an epoch, at most ${all} for ${epochs}\n`;
}

/** What a training will do and need, a line for each. */
export function describePlan(plan: TrainPlan): string {
  const { config, data, adapter, parameters, memory } = plan;
  const splits = (["train", "valid"] as const).map((role) => {
    const { samples, annotated, background } = data[role];
    return `${role.padEnd(14)}${plural(samples, "sample")}, ${annotated} with a tumor outlined; ` +
      `${formatPercent(background)} accurate without finding any\n`;
  });
  const { filters, norm, size, batchSize } = config;
  return splits.join("") +
    `network       ${filters} filters, norm ${norm}, ${parameters.toLocaleString("en-US")} parameters, ` +
    `input ${size} x ${size}, batches of ${batchSize}\n` +
    `recipe        ${config.recipe}: ${config.optimizer}, learning rate ${config.learningRate}, ` +
    `${config.schedule} schedule, seed ${config.seed}\n` +
    `device        ${adapter ?? "none found; the memory is that of some GPU"}\n` +
    describeKernels(plan) +
    `memory        ${describeMemory(config.memory, memory)}\n`;
}

function describeMemory(use: MemoryUse, memory: TrainPlan["memory"]): string {
  const other = use === "low" ? "normal" : "low";
  const show = ({ bytes, microBatches }: PlannedMemory) =>
    `${formatBytes(bytes)} planned${microBatches > 1 ? `, ${microBatches} micro-batches per batch` : ""}`;
  return `${show(memory[use])}; with --memory ${other} ${show(memory[other])}`;
}

/** A line where the kernels are not simply the defaults. */
function describeKernels({ choicesFrom, nonDefaultChoices }: TrainPlan): string {
  const unusual = formatChoices(nonDefaultChoices);
  if (choicesFrom === "defaults" || (choicesFrom === "run" && unusual === "")) return "";
  const origin = choicesFrom === "run" ? "those that the run began with" : "as timed on this adapter";
  return `kernels       ${origin}${
    unusual === "" ? ", which are the defaults" : `, not the defaults: ${unusual}`
  }\n`;
}
