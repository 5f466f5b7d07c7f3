/**
 * Checkpoints: everything that a training needs to go on as if it had never stopped.
 *
 * A safetensors file of flat blocks, with the rest as JSON in its metadata under a checksum of both.
 *
 * @module
 */
import { crc32 } from "node:zlib";
import type { KernelChoices } from "../../kernels/choices.ts";
import type { Tensor } from "../tensor.ts";
import { readSafetensors, safetensorsParts } from "../weights/safetensors.ts";
import type { Metrics } from "../tracking/sink.ts";
import type { TrainConfig } from "./config.ts";
import type { StoppingState } from "./early_stopping.ts";
import type { MetricSums } from "./epoch_metrics.ts";
import type { DataFingerprint } from "./data_fingerprint.ts";
import type { PlateauState } from "./schedule.ts";
import type { TrainerState } from "./trainer.ts";
import type { ToolVersions } from "./versions.ts";
import { allFinite } from "../math.ts";

/** An epoch that was left unfinished. */
export interface PartialEpoch {
  /** Training batches that were done. */
  readonly batches: number;
  /** Their metrics so far. */
  readonly sums: MetricSums;
  /** Seconds that they took. */
  readonly seconds: number;
}

/** The best epoch so far. */
export interface BestEpoch {
  /** The epoch. */
  readonly epoch: number;
  /** Its numbers, apart from times. */
  readonly metrics: Metrics;
  /** SHA-256 of its model file. */
  readonly sha256: string;
}

/** Where a run stands, apart from the trainer's blocks; plain JSON. */
export interface RunProgress {
  /** The run's id, kept over resumes. */
  readonly runId: string;
  /** When it was first started, ISO 8601. */
  readonly startedAt: string;
  /** The dataset's folder as the user named it. */
  readonly dataFolder: string;
  /** All settings. */
  readonly config: TrainConfig;
  /** What it trains on. */
  readonly data: DataFingerprint;
  /** What it runs on. */
  readonly versions: ToolVersions;
  /** Its kernel variants, which its bits depend on; absent where it was begun before there were choices. */
  readonly choices?: KernelChoices | undefined;
  /** Epochs that are finished. */
  readonly epoch: number;
  /** The next one, where it has begun. */
  readonly partial: PartialEpoch | null;
  /** The best one. */
  readonly best: BestEpoch | null;
  /** Early stopping. */
  readonly stopping: StoppingState;
  /** The learning rate's schedule. */
  readonly plateau: PlateauState;
}

/** A checkpoint. */
export interface Checkpoint {
  /** Where the run stands. */
  readonly progress: RunProgress;
  /** The trainer's blocks and counters. */
  readonly trainer: TrainerState;
}

const FORMAT = "deno-unet checkpoint 1";

/** The blocks by their names in the file; an average only where there is one. */
const BLOCKS = ["weights", "firstMoment", "secondMoment", "average"] as const;

/**
 * A checkpoint's file in parts, one after the other; those of blocks are their own memory.
 *
 * @throws {RangeError} where a block holds what is not finite: such a state is not worth going back to.
 */
export function checkpointParts({ progress, trainer }: Checkpoint): Uint8Array[] {
  const tensors = new Map<string, Tensor>();
  for (const name of BLOCKS) {
    const data = trainer[name];
    if (data === undefined) continue;
    if (!allFinite(data)) {
      throw new RangeError(
        `Cannot keep a checkpoint of step ${trainer.step}: its ${name} hold values that are not finite\n` +
          "hint: lower the learning rate; the last good checkpoint stays",
      );
    }
    tensors.set(name, { shape: [data.length], data });
  }
  const { step, updates, atOnce } = trainer;
  const state = JSON.stringify({ step, updates, atOnce, ...progress });
  return safetensorsParts(tensors, { format: FORMAT, state, checksum: checksum(state, tensors.values()) });
}

/**
 * Reads a checkpoint.
 *
 * @throws {SyntaxError} where it is damaged, or no checkpoint of this format.
 */
export function readCheckpoint(bytes: Uint8Array): Checkpoint {
  const { tensors, metadata } = readSafetensors(bytes);
  const { format, state } = metadata;
  if (format !== FORMAT || state === undefined) {
    throw new SyntaxError(
      `Cannot read a checkpoint of format ${JSON.stringify(format)}: expected ${JSON.stringify(FORMAT)}`,
    );
  }
  if (metadata.checksum !== checksum(state, tensors.values())) {
    throw new SyntaxError("Cannot read the checkpoint: it is damaged, its checksum is another");
  }
  const { step, updates, atOnce, ...progress } = JSON.parse(state) as
    & RunProgress
    & Pick<TrainerState, "step" | "updates" | "atOnce">;
  const block = (name: typeof BLOCKS[number]) => tensors.get(name)?.data as Float32Array<ArrayBuffer>;
  const average = block("average");
  return {
    progress,
    trainer: {
      step,
      updates,
      weights: block("weights"),
      firstMoment: block("firstMoment"),
      secondMoment: block("secondMoment"),
      ...(average ? { average } : {}),
      ...(atOnce ? { atOnce } : {}),
    },
  };
}

function checksum(state: string, tensors: Iterable<Tensor>): string {
  let sum = crc32(state);
  for (const { data } of tensors) {
    sum = crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), sum);
  }
  return sum.toString(16).padStart(8, "0");
}
