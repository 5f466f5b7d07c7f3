/** Epochs around a trainer that computes nothing: what is called when, saved, and reported. */
import assert from "node:assert/strict";
import type { BatchMetrics } from "../../src/training/metrics_history.ts";
import { Epochs } from "../../src/training/epochs.ts";
import type { EpochReport } from "../../src/training/events.ts";
import { reopenRunFolder } from "../../src/training/run_folder.ts";
import type { TrainConfig } from "../../src/training/train_config.ts";
import type { TrainData } from "../../src/training/train_data.ts";
import type { Trainer } from "../../src/training/trainer.ts";
import type { Tracker } from "../../src/tracking/tracker.ts";
import { checkpointOf } from "../support/checkpoints.ts";
import { inTempFolder } from "../support/temp_folder.ts";

/** Images of the batches of a split. */
const SIZES = { train: [2, 2, 2, 2, 1], valid: [3, 1] };

interface World {
  /** What happened, in order. */
  readonly events: string[];
  readonly reports: EpochReport[];
  /** Makes epochs that start at the folder's checkpoint. */
  readonly start: (signal?: AbortSignal, elapsed?: () => number) => Promise<Epochs>;
}

/** Aborts `signal` when an event happens, whose place among equal ones counts from 1. */
function abortAt(world: World, event: string, times = 1): AbortSignal {
  const controller = new AbortController();
  const { events } = world;
  const push = events.push.bind(events);
  events.push = (...more) => {
    const length = push(...more);
    if (more.includes(event) && events.filter((other) => other === event).length === times) {
      controller.abort();
      Reflect.deleteProperty(events, "push");
    }
    return length;
  };
  return controller.signal;
}

/** A run whose validation losses are given, by epoch. */
function withEpochs(
  config: Partial<TrainConfig>,
  validLosses: number[],
  body: (world: World) => Promise<void>,
): Promise<void> {
  return inTempFolder(async (folder) => {
    const events: string[] = [];
    const reports: EpochReport[] = [];
    const first = checkpointOf(0, null);
    let queue: BatchMetrics[] = [];
    let epoch = 0;
    const record = (loss: number): BatchMetrics => ({
      loss,
      dice: loss / 2,
      bce: loss / 3,
      accuracy: 1 - loss / 10,
      overlap: 1,
      predicted: 2,
      truth: 3,
      pixels: 4,
    });
    const trainer: Trainer = {
      learningRate: 0,
      enqueue({ data: [batch] }: { data: number[] }) {
        events.push(`train ${batch} at ${trainer.learningRate.toFixed(2)}`);
        queue.push(record(1 + batch! / 10));
        return Promise.resolve();
      },
      enqueueEvaluation({ data: [batch] }: { data: number[] }) {
        events.push(`validate ${batch}`);
        queue.push(record(validLosses[epoch - 1]!));
        return Promise.resolve();
      },
      readMetrics() {
        const read = queue;
        queue = [];
        return Promise.resolve(read);
      },
      flush() {
        events.push("flush");
        return Promise.resolve();
      },
      async withAverage<T>(work: () => Promise<T>) {
        events.push("average");
        const result = await work();
        events.push("trained weights");
        return result;
      },
      state: () => Promise.resolve(first.trainer),
    } as unknown as Trainer;
    const split = (part: keyof typeof SIZES) => ({
      samples: SIZES[part].reduce((sum, size) => sum + size),
      batches: SIZES[part].length,
      async *read(of: number | null, firstBatch: number) {
        if (of !== null) epoch = of;
        for (const [batch, size] of SIZES[part].entries()) {
          if (batch >= firstBatch) yield { images: { shape: [size], data: [batch] }, masks: {}, whole: size };
        }
      },
    });
    const data = { train: split("train"), valid: split("valid") } as unknown as TrainData;
    const tracker = {
      epoch(epoch: number) {
        events.push(`log ${epoch}`);
        return Promise.resolve();
      },
    } as unknown as Tracker;
    const start = async (signal?: AbortSignal, elapsed?: () => number) => {
      // As in a new process.
      trainer.learningRate = 0;
      const { progress } = await reopenRunFolder(folder) ??
        { progress: { ...first.progress, config: { ...first.progress.config, ...config } } };
      return new Epochs(progress, {
        folder,
        trainer,
        data,
        tracker,
        signal,
        elapsed,
        readEverySeconds: 0,
        callbacks: {
          onEpoch: (report) => {
            events.push(`saved ${report.epoch}`);
            reports.push(report);
          },
        },
      });
    };
    await body({ events, reports, start });
  });
}

/** An uninterrupted epoch of five batches whose gradients are averaged in pairs. */
const epochEvents = (epoch: number, rates: string[]) => [
  ...rates.map((rate, batch) => `train ${batch} at ${rate}`),
  "flush",
  "average",
  "validate 0",
  "validate 1",
  "trained weights",
  `log ${epoch}`,
  `saved ${epoch}`,
];

const SETTINGS: Partial<TrainConfig> = { epochs: 2, accumulate: 2, learningRate: 1, warmup: 1 };
const RATES = [["0.20", "0.40", "0.60", "0.80", "1.00"], ["1.00", "1.00", "1.00", "1.00", "1.00"]];

Deno.test("Epochs: trains by the schedule, flushes, validates the EMA, logs, saves, then reports", () =>
  withEpochs(SETTINGS, [0.5, 0.7], async ({ events, reports, start }) => {
    const epochs = await start();
    assert.equal(await epochs.run(), true);
    assert.deepEqual(events, [...epochEvents(1, RATES[0]!), ...epochEvents(2, RATES[1]!)]);
    const [one, two] = reports as [EpochReport, EpochReport];
    // Weighted by images: (2 * (1 + 1.1 + 1.2 + 1.3) + 1.4) / 9.
    assert.ok(Math.abs(one.metrics["train/loss"]! - 10.6 / 9) < 1e-12);
    assert.ok(Math.abs(one.metrics["valid/loss_batch_mean"]! - 0.5) < 1e-12);
    assert.deepEqual([one.best, one.stale, two.best, two.stale], [true, 0, false, 1]);
    const { epoch, best, partial } = epochs.progress;
    assert.deepEqual([epoch, best!.epoch, partial], [2, 1, null]);
    assert.match(best!.sha256, /^[0-9a-f]{64}$/);
  }));

Deno.test("Epochs: stopped in training it resumes after the last whole accumulation, with the same metrics", () =>
  withEpochs(SETTINGS, [0.5, 0.7], async (world) => {
    const { events, reports, start } = world;
    const stopped = await start(abortAt(world, "train 2 at 0.60"));
    assert.equal(await stopped.run(), false);
    assert.deepEqual(stopped.progress.partial?.batches, 4);
    assert.deepEqual(events, RATES[0]!.slice(0, 4).map((rate, batch) => `train ${batch} at ${rate}`));
    assert.equal(await (await start()).run(), true);
    assert.deepEqual(events, [...epochEvents(1, RATES[0]!), ...epochEvents(2, RATES[1]!)]);
    assert.ok(Math.abs(reports[0]!.metrics["train/loss"]! - 10.6 / 9) < 1e-12);
  }));

Deno.test("Epochs: stopped in validation it resumes with the validation, and trains no batch twice", () =>
  withEpochs(SETTINGS, [0.5, 0.7], async (world) => {
    const { events, reports, start } = world;
    const stopped = await start(abortAt(world, "validate 0"));
    assert.equal(await stopped.run(), false);
    assert.equal(stopped.progress.partial?.batches, 5);
    const before = events.length;
    assert.equal(await (await start()).run(), true);
    assert.deepEqual(events.slice(before), [...epochEvents(1, []), ...epochEvents(2, RATES[1]!)]);
    // That of its last batch, which another process trained.
    assert.deepEqual(reports.map(({ metrics }) => metrics.learning_rate), [1, 1]);
  }));

Deno.test("Epochs: early stopping ends the run, also after a resume, and the best epoch is the first of the lowest loss", () =>
  withEpochs({ epochs: 9, patience: 2 }, [0.5, 0.4, 0.4, 0.6, 0.1], async (world) => {
    const stopped = await world.start(abortAt(world, "saved 3"));
    assert.equal(await stopped.run(), false);
    const epochs = await world.start();
    assert.equal(await epochs.run(), true);
    assert.deepEqual([epochs.progress.epoch, epochs.progress.best!.epoch, epochs.stopped], [4, 2, true]);
    assert.deepEqual(world.reports.map(({ best, stale }) => [best, stale]), [
      [true, 0],
      [true, 0],
      [false, 1],
      [false, 2],
    ]);
  }));

Deno.test("Epochs: a run ends before its budget does, and a resumed one trains the remaining epochs", () =>
  withEpochs({ epochs: 4 }, [0.5, 0.4, 0.3, 0.2], async ({ start, reports }) => {
    const epochs = await start(undefined, () => 96.5 * reports.length);
    Object.assign(epochs.progress, { budget: { seconds: 100 } });
    assert.equal(await epochs.run(), true);
    assert.deepEqual([epochs.progress.epoch, epochs.progress.budget?.spent], [2, true]);
    const resumed = await start();
    assert.equal(await resumed.run(), true);
    assert.deepEqual([resumed.progress.epoch, resumed.progress.budget?.spent], [4, undefined]);
  }));
