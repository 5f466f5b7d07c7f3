/**
 * What a run says when its device runs out of memory or is lost: what was running, what is saved, and the way out.
 *
 * @module
 */
import type { MemoryUse } from "./batch_memory.ts";

/** What was going on. */
export interface Situation {
  /** What was running: `train epoch 3`. */
  readonly doing: string;
  /** The run's folder. */
  readonly folder: string;
  /** Finished epochs; null before the first checkpoint. */
  readonly epoch: number | null;
  /** The run's setting. */
  readonly memory: MemoryUse;
}

class DeviceFailure extends Error {
  override readonly name = "Error";
}

/** The error to throw: with the way out if the device failed, else as it is. */
export function deviceFailure(error: unknown, { doing, folder, epoch, memory }: Situation): unknown {
  if (!(error instanceof Error) || error instanceof DeviceFailure) return error;
  const [reason = ""] = error.message.split("\n");
  const isFull = /out of (device )?memory|not enough memory/i.test(reason);
  if (!isFull && !/^The GPU was lost/.test(reason)) return error;
  const what = isFull ? `the device is out of memory (${reason})` : reason;
  const saved = epoch === null ? "nothing was trained yet" : `epoch ${epoch} is saved`;
  const low = memory === "low" ? "" : " --memory low";
  const smaller = "a smaller --batch-size, --size or --filters";
  const way = epoch === null
    ? memory === "low" ? `start with ${smaller}` : `start with --memory low, or with ${smaller}`
    : `resume with:  deno task train --resume --run ${folder}${low}` +
      (memory === "low" ? `; if it happens again, start another run with ${smaller}` : "");
  const others = isFull ? "close what else uses the device, then " : "";
  return new DeviceFailure(`Cannot ${doing}: ${what}\nhint: ${saved}; ${others}${way}`, { cause: error });
}
