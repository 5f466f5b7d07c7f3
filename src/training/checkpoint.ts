/**
 * Checkpoints: everything that a run needs to resume as if it had never stopped.
 *
 * A safetensors file of flat blocks, with the rest as JSON in its metadata and a checksum of both.
 *
 * @module
 */
import { crc32 } from "node:zlib";
import type { KernelChoices } from "../../kernels/choices.ts";
import type { Tensor } from "../tensor.ts";
import { openRegular } from "../fs/bounded_read.ts";
import { byteLengthOf, readAt } from "../fs/read_at.ts";
import { readSafetensors, safetensorsParts } from "../weights/safetensors.ts";
import type { Metrics } from "../tracking/backend.ts";
import { blockSizeOf, stateFault } from "./checkpoint_state.ts";
import type { AutoChoice } from "./auto/auto_choice.ts";
import type { BudgetChoice } from "./budget_choice.ts";
import type { TrainConfig } from "./train_config.ts";
import type { StoppingState } from "./early_stopping.ts";
import type { MetricSums } from "./epoch_metrics.ts";
import type { DataFingerprint } from "./data_fingerprint.ts";
import type { PlateauState } from "./schedule.ts";
import { STATE_BLOCKS, type TrainerState } from "./trainer_state.ts";
import type { ToolVersions } from "./versions.ts";
import { allFinite } from "../math.ts";

/** An unfinished epoch. */
export interface PartialEpoch {
  /** Finished training batches. */
  readonly batches: number;
  /** Their metrics. */
  readonly sums: MetricSums;
  /** Seconds that they took. */
  readonly seconds: number;
}

/** The best epoch so far. */
export interface BestEpoch {
  /** The epoch. */
  readonly epoch: number;
  /** Its metrics, except times. */
  readonly metrics: Metrics;
  /** SHA-256 of its model file. */
  readonly sha256: string;
  /** That of the same file before it was completed at the end of training; absent until then. */
  readonly plainSha256?: string;
}

/** A corrections file as a run keeps it: it may grow in the meantime. */
export interface KeptCorrections {
  /** Its path, relative to the project; null if it lies elsewhere. */
  readonly path: string | null;
  /** How many of its versions count. */
  readonly records: number;
}

/** Progress of a run, except the trainer's blocks; plain JSON. */
export interface RunProgress {
  /** The run's id, kept when it is resumed. */
  readonly runId: string;
  /** When it was first started, ISO 8601. */
  readonly startedAt: string;
  /** The dataset's folder, relative to the project; null if it lies elsewhere, which no file of a run may tell. */
  readonly dataFolder: string | null;
  /** All settings. */
  readonly config: TrainConfig;
  /** What it trains on. */
  readonly data: DataFingerprint;
  /** What it runs on. */
  readonly versions: ToolVersions;
  /** Its kernel variants, which its bits depend on; absent in runs of versions without choices. */
  readonly choices?: KernelChoices | undefined;
  /** The corrections that it learns from; absent for none. */
  readonly corrections?: readonly KeptCorrections[] | undefined;
  /** What was chosen for its time budget, and why; absent without one. */
  readonly budget?: BudgetChoice | undefined;
  /** What the recipe `auto` chose, and why; absent for others. */
  readonly auto?: AutoChoice | undefined;
  /** The ranks that train it, which its last digits depend on; absent for one. */
  readonly ranks?: number | undefined;
  /** Finished epochs. */
  readonly epoch: number;
  /** The next epoch, if it has begun. */
  readonly partial: PartialEpoch | null;
  /** The best epoch. */
  readonly best: BestEpoch | null;
  /** State of early stopping. */
  readonly stopping: StoppingState;
  /** State of the learning rate schedule. */
  readonly plateau: PlateauState;
  /** The metrics of every finished epoch, except times, which the log must agree with; absent in older versions. */
  readonly history?: readonly Metrics[] | undefined;
}

/** A checkpoint. */
export interface Checkpoint {
  /** Progress of the run. */
  readonly progress: RunProgress;
  /** The trainer's blocks and counters. */
  readonly trainer: TrainerState;
}

const FORMAT = "deno-unet checkpoint 1";

/** Most bytes of a checkpoint's header, which holds the metrics of every epoch: 100,000 epochs take less. */
const MAX_HEADER_BYTES = 2 ** 27;

/** The JSON of a checkpoint; its key for the trainer's micro-batch is that of version 0.1.0. */
type StoredState = RunProgress & Pick<TrainerState, "step" | "updates"> & {
  readonly atOnce?: TrainerState["microBatch"];
};

/**
 * A checkpoint's file in consecutive parts; those of blocks share the blocks' memory.
 *
 * @throws {RangeError} if a block is not finite: such a state is not worth resuming.
 */
export function checkpointParts({ progress, trainer }: Checkpoint): Uint8Array[] {
  const tensors = new Map<string, Tensor>();
  for (const name of STATE_BLOCKS) {
    const data = trainer[name];
    if (data === undefined) continue;
    if (!allFinite(data)) {
      throw new RangeError(
        `Cannot save a checkpoint of step ${trainer.step}: its ${name} has values that are not finite\n` +
          "hint: lower the learning rate; the last good checkpoint stays",
      );
    }
    tensors.set(name, { shape: [data.length], data });
  }
  const { step, updates, microBatch } = trainer;
  const stored: StoredState = { step, updates, ...(microBatch ? { atOnce: microBatch } : {}), ...progress };
  const state = JSON.stringify(stored);
  return safetensorsParts(tensors, { format: FORMAT, state, checksum: checksum(state, tensors.values()) });
}

/**
 * Reads a checkpoint.
 *
 * @throws {SyntaxError} if it is damaged, or not a checkpoint of this format.
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
    throw new SyntaxError("Cannot read the checkpoint: it is damaged, its checksum does not match");
  }
  const { step, updates, atOnce, ...progress } = parseState(state);
  const size = blockSizeOf(progress.config);
  const block = (name: typeof STATE_BLOCKS[number]) => {
    const tensor = tensors.get(name);
    if (tensor === undefined && name === "average") return undefined as never;
    if (tensor?.shape.length === 1 && tensor.data.length === size) {
      return tensor.data as Float32Array<ArrayBuffer>;
    }
    throw new SyntaxError(
      `Cannot read the checkpoint: its ${name} has ${
        tensor ? `the shape [${tensor.shape}]` : "no values"
      }, expected ${size} values`,
    );
  };
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
      ...(atOnce ? { microBatch: atOnce } : {}),
    },
  };
}

/**
 * The progress in a checkpoint's file, without its blocks, which take long to read and to check.
 *
 * @throws {SyntaxError} if it is damaged, or not a checkpoint of this format.
 */
export async function readProgress(path: string): Promise<RunProgress> {
  using file = await openRegular(path);
  const length = new Uint8Array(8);
  const headerBytes = readAt(file, 0, length) ? new DataView(length.buffer).getBigUint64(0, true) : 0n;
  const fits = headerBytes < byteLengthOf(file) && headerBytes <= MAX_HEADER_BYTES;
  const header = new Uint8Array(fits ? Number(headerBytes) : 0);
  let metadata: unknown;
  try {
    if (!readAt(file, 8, header)) throw new SyntaxError();
    metadata = JSON.parse(new TextDecoder().decode(header)).__metadata__;
  } catch {
    throw new SyntaxError("Cannot read the checkpoint: it is damaged");
  }
  const { format, state } = (metadata ?? {}) as Record<string, unknown>;
  if (format !== FORMAT || typeof state !== "string") {
    throw new SyntaxError(`Cannot read the checkpoint: its format is not ${JSON.stringify(FORMAT)}`);
  }
  const { step: _, updates: __, atOnce: ___, ...progress } = parseState(state);
  return progress;
}

function parseState(text: string): StoredState {
  let state: unknown;
  try {
    state = JSON.parse(text);
  } catch {
    throw new SyntaxError("Cannot read the checkpoint: its state is not JSON");
  }
  const fault = stateFault(state);
  if (fault !== null) throw new SyntaxError(`Cannot read the checkpoint: ${fault}`);
  return state as StoredState;
}

function checksum(state: string, tensors: Iterable<Tensor>): string {
  let sum = crc32(state);
  for (const { data } of tensors) {
    sum = crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), sum);
  }
  return sum.toString(16).padStart(8, "0");
}
