/**
 * The log of a run: `config.json` and `metrics.jsonl`, one line per epoch. All backends are fed from it.
 *
 * @module
 */
import { readBoundedText } from "../fs/bounded_read.ts";
import { byteLengthOf } from "../fs/read_at.ts";
import { join } from "node:path";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { RUN_FILES } from "../fs/layout.ts";
import { ifFound } from "../fs/paths.ts";
import { isDiskFull } from "../fs/write_failure.ts";
import { writeWholeSync } from "../fs/write_whole.ts";
import type { Metrics, RunConfig } from "./backend.ts";

/** One line of `metrics.jsonl`. */
export interface EpochRecord {
  /** The epoch. */
  readonly epoch: number;
  /** When it ended. */
  readonly time: Date;
  /** Its metrics; NaN (null in the file) where undefined. */
  readonly metrics: Metrics;
}

/** The log of a run, open for appending. */
export class RunLog {
  readonly #file: Deno.FsFile;
  readonly #epochs: EpochRecord[];
  /** Lines that a failing disk did not take. */
  #unwritten = "";

  private constructor(file: Deno.FsFile, epochs: EpochRecord[]) {
    this.#file = file;
    this.#epochs = epochs;
  }

  /** All epochs of the run so far. */
  get epochs(): readonly EpochRecord[] {
    return this.#epochs;
  }

  /**
   * Starts the log of a run in `folder`, or with `resume` continues it after that epoch: later lines and a torn last
   * line are removed, so that no epoch occurs twice.
   *
   * @throws {Error} if the folder already has a log and `resume` is absent
   * @throws {SyntaxError} if the log is damaged before its last line
   */
  static async open(folder: string, config: RunConfig, resume?: number): Promise<RunLog> {
    const path = join(folder, RUN_FILES.metrics);
    const before = await readRunLog(folder);
    if (resume === undefined && before.length > 0) {
      throw new Error(
        `Cannot start a run in ${folder}: its ${RUN_FILES.metrics} already has ${before.length} epochs\n` +
          "hint: resume it with --resume, or choose another folder with --run",
      );
    }
    const kept = before.filter((line) => line.epoch <= (resume ?? -1));
    await writeFileAtomic(join(folder, RUN_FILES.config), JSON.stringify(config, null, 2) + "\n");
    await writeRunLog(folder, kept);
    return new RunLog(await Deno.open(path, { append: true }), kept);
  }

  /**
   * Appends an epoch and waits until it is on the disk. If the disk fails otherwise than by being full, returns the
   * reason: the line is written with the next one, or restored from the run's checkpoint when it is resumed.
   *
   * @throws {RangeError} if the epoch is not an integer above the last one, or a metric is called `epoch` or `time` like
   * the line's own fields
   * @throws {Error} if the disk is full; the log is unchanged then
   */
  async append(epoch: number, metrics: Metrics, time: Date): Promise<string | null> {
    const last = this.#epochs.at(-1)?.epoch ?? -1;
    if (!Number.isSafeInteger(epoch) || epoch <= last) {
      throw new RangeError(`Cannot log epoch ${epoch}: expected an integer above ${last}`);
    }
    const reserved = Object.keys(metrics).find((name) => name === "epoch" || name === "time");
    if (reserved) {
      throw new RangeError(`Cannot log a metric called "${reserved}": the name is reserved`);
    }
    const record = { epoch, time, metrics };
    const text = this.#unwritten + formatLine(record);
    let size: number | null = null;
    let failure: string | null = null;
    try {
      size = byteLengthOf(this.#file);
      writeWholeSync(this.#file, new TextEncoder().encode(text));
      await this.#file.syncData();
    } catch (error) {
      // A full disk must not leave half a line for the next one to follow.
      if (size !== null) await this.#file.truncate(size).catch(() => {});
      failure = (error as Error).message.split("\n")[0]!;
      if (isDiskFull(error)) {
        throw new Error(
          `Cannot log epoch ${epoch}: ${failure}\n` +
            "hint: the last checkpoint is intact; fix the cause and continue with --resume",
          { cause: error },
        );
      }
    }
    this.#unwritten = failure === null ? "" : text;
    this.#epochs.push(record);
    return failure;
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }
}

/**
 * Reads `metrics.jsonl` of a run folder; empty if it does not exist. A torn last line (from a crash while it was
 * written) is left out.
 *
 * @throws {SyntaxError} naming the first damaged line before the last
 */
export async function readRunLog(folder: string): Promise<EpochRecord[]> {
  const records: EpochRecord[] = [];
  const lines = await readLogLines(folder);
  for (const [index, record] of lines.entries()) {
    if (record) records.push(record);
    else if (index < lines.length - 1) {
      throw new SyntaxError(
        `Cannot read ${join(folder, RUN_FILES.metrics)}: line ${index + 1} is damaged\n` +
          "hint: --resume repairs it from the run's checkpoint",
      );
    }
  }
  return records;
}

/** The lines of `metrics.jsonl`, null for each damaged one; empty if it does not exist. */
export async function readLogLines(folder: string): Promise<(EpochRecord | null)[]> {
  const text = await ifFound(readBoundedText(join(folder, RUN_FILES.metrics), 2 ** 28));
  return (text ?? "").split("\n").filter((line) => line !== "").map(parseLine);
}

/** Replaces `metrics.jsonl` of a run folder. */
export async function writeRunLog(folder: string, records: readonly EpochRecord[]): Promise<void> {
  await writeFileAtomic(join(folder, RUN_FILES.metrics), records.map(formatLine).join(""));
}

function formatLine({ epoch, time, metrics }: EpochRecord): string {
  return JSON.stringify({ epoch, time: time.toISOString(), ...metrics }) + "\n";
}

function parseLine(line: string): EpochRecord | null {
  try {
    const { epoch, time, ...rest } = JSON.parse(line);
    if (!Number.isSafeInteger(epoch) || Number.isNaN(Date.parse(time))) return null;
    const metrics = Object.entries(rest).map((
      [name, value],
    ) => [name, typeof value === "number" ? value : NaN]);
    return { epoch, time: new Date(time), metrics: Object.fromEntries(metrics) };
  } catch {
    return null;
  }
}
