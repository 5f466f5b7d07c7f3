/**
 * One pass over a split: hands every batch to the device and adds up the metrics in order.
 *
 * @module
 */
import type { ServedBatch } from "../dataset/batches.ts";
import { addBatch, type MetricSums } from "./epoch_metrics.ts";
import type { Pace } from "./pace.ts";
import type { Trainer } from "./trainer.ts";

/** A pass and its progress. */
export interface Pass {
  /** The remaining batches. */
  readonly batches: AsyncIterable<ServedBatch>;
  /** Metrics of the finished batches; this pass adds to them. */
  readonly sums: MetricSums;
  /** Hands a batch to the trainer; `index` counts from the first of the whole pass. */
  readonly enqueue: (batch: ServedBatch, index: number) => Promise<void>;
  /** Whether the pass may stop after this many batches. */
  readonly mayStopAfter: (batches: number) => boolean;
  /** Whether to stop the pass early: asked before each batch after which it may. */
  readonly shouldStop: () => boolean | Promise<boolean>;
  /** Called after each wait for the device. */
  readonly onRead?: (() => void) | undefined;
}

/**
 * Runs a pass until its end or until it should stop; returns whether it reached its end.
 *
 * @throws {Error} if a loss is not finite.
 */
export async function runPass(trainer: Trainer, pass: Pass, pace: Pace): Promise<boolean> {
  const { sums } = pass;
  const samples: number[] = [];
  const read = async () => {
    for (const metrics of await trainer.readMetrics()) addBatch(sums, metrics, samples.shift()!);
    pace.waited();
    pass.onRead?.();
  };
  let index = sums.batches;
  let complete = true;
  pace.begin();
  for await (const batch of pass.batches) {
    if (pass.mayStopAfter(index) && await pass.shouldStop()) {
      complete = false;
      break;
    }
    await pass.enqueue(batch, index++);
    samples.push(batch.whole);
    if (pace.submitted()) await read();
  }
  if (samples.length > 0) await read();
  return complete;
}
