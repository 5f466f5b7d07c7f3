/**
 * Metrics of batches: the device writes one record per batch, and all of them are read at once.
 * This module is browser compatible.
 *
 * @module
 */
import {
  CLASS_FIELDS,
  type ClassCounts,
  type LossRecord,
  RECORD_NAMES,
  recordSize,
} from "../../kernels/loss/definition.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { historyCapacity } from "../layers/loss.ts";

/** Metrics of one batch with the counts that sums over batches need. */
export type BatchMetrics = LossRecord;

/** Metrics of one batch; those of a training step are from before the update. */
export type StepMetrics = Pick<LossRecord, "loss" | "dice" | "bce" | "accuracy">;

/** Decodes the records of a history, one after the other. */
export function decodeRecords(values: Float32Array, classes: number): LossRecord[] {
  const size = recordSize(classes);
  const fields = (names: readonly string[], at: number) =>
    Object.fromEntries(names.map((name, field) => [name, values[at + field]]));
  return Array.from({ length: values.length / size }, (_, index) => {
    const record = fields(RECORD_NAMES, index * size) as unknown as LossRecord;
    if (classes === 1) return record;
    const first = index * size + RECORD_NAMES.length;
    const counts = (row: number) =>
      fields(CLASS_FIELDS, first + row * CLASS_FIELDS.length) as unknown as ClassCounts;
    return { ...record, classes: Array.from({ length: classes }, (_, row) => counts(row)) };
  });
}

/** The records since the last read. */
export class MetricsHistory {
  readonly #gpu: Gpu;
  /** Receives the records; {@linkcode MetricsHistory.length} is the place of the next one. */
  readonly buffer: GPUBuffer;
  readonly #classes: number;
  /** What each record is of: a training step, or an evaluation after it. */
  #sources: string[] = [];

  private constructor(gpu: Gpu, buffer: GPUBuffer, classes: number) {
    this.#gpu = gpu;
    this.buffer = buffer;
    this.#classes = classes;
  }

  /**
   * Allocates the history for records of this many classes.
   *
   * @throws {CapacityError} if it does not fit the device.
   */
  static async create(gpu: Gpu, classes: number): Promise<MetricsHistory> {
    const byteLength = historyCapacity(classes) * recordSize(classes) * 4;
    return new MetricsHistory(gpu, await gpu.createBuffer("history", byteLength), classes);
  }

  /** Records that were not read yet. */
  get length(): number {
    return this.#sources.length;
  }

  /**
   * Checks that another record fits.
   *
   * @throws {RangeError} if the history is full.
   */
  checkRoom(): void {
    const capacity = historyCapacity(this.#classes);
    if (this.length < capacity) return;
    throw new RangeError(
      `Cannot keep metrics of more than ${capacity} batches\nhint: call readMetrics() earlier`,
    );
  }

  /** Says that a record was handed to the device, and what it is of, for error messages. */
  add(source: string): void {
    this.#sources.push(source);
  }

  /** Forgets what was not read. */
  clear(): void {
    this.#sources = [];
  }

  /**
   * Waits for the device and returns the records since the last read, in order.
   *
   * @throws {Error} if a loss is not finite, naming the step.
   */
  async read(): Promise<LossRecord[]> {
    const sources = this.#sources;
    if (sources.length === 0) return [];
    this.clear();
    const bytes = await this.#gpu.read(this.buffer, 0, sources.length * recordSize(this.#classes) * 4);
    const records = decodeRecords(new Float32Array(bytes), this.#classes);
    records.forEach(({ loss }, index) => {
      if (Number.isFinite(loss)) return;
      const precision = this.#gpu.precision === "f16" ? "train with --precision f32, " : "";
      throw new Error(
        `Training diverged: the loss of ${sources[index]} is ${loss}\n` +
          `hint: ${precision}lower the learning rate, or look for images or weights that are not finite`,
      );
    });
    return records;
  }
}
