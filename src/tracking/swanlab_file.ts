/**
 * A SwanLab offline run, `swanlog/run-YYYYMMDD_HHMMSS-ID/`, which SwanLab's own `swanlab sync` uploads.
 *
 * It contains `run-ID.swanlab` (protobuf records in the framing of LevelDB's log), `files/` and `media/`.
 *
 * @module
 */
import { join } from "node:path";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { listFolder } from "../fs/paths.ts";
import { bytesField, doubleField, intField, message, readFields, timestamp } from "../protobuf.ts";
import { RecordFile } from "./record_file.ts";
import type {
  Metrics,
  OpenBackendRequest,
  RunEnd,
  TrackedImage,
  TrackedRun,
  TrackedText,
  TrackingBackend,
} from "./backend.ts";
import { configTable, type MediaFile, mediaFile, SWANLAB_METADATA, syncCommand } from "./swanlab_format.ts";
import { SWANLAB_LOG } from "./swanlab_framing.ts";
import { RUN_FILES } from "../fs/layout.ts";

// The payloads of a record: field numbers of `record.proto`.
const START = 10, FINISH = 11, SCALAR = 13, MEDIA = 14, LOG = 16, SAVE = 20;
const COLUMN_SCALAR = 1, COLUMN_IMAGE = 2, COLUMN_TEXT = 4;

/** The {@linkcode OpenBackend} of SwanLab's offline run. */
export async function openSwanLabFile(
  { run, options }: OpenBackendRequest,
): Promise<TrackingBackend | null> {
  if (options.swanlab === "off") return null;
  return await SwanLabFile.open(join(options.runFolder, RUN_FILES.swanlab), run, options.resume);
}

/** Writes a SwanLab offline run. */
export class SwanLabFile implements TrackingBackend {
  /** Its name in messages. */
  readonly name = "SwanLab's offline run";
  /** The command that uploads the run with SwanLab's own tool. */
  readonly uploadCommand: string;
  readonly #file: RecordFile;
  readonly #found: FoundRecords;

  private constructor(
    /** The directory of the run, the one to sync. */
    readonly directory: string,
    runId: string,
    file: RecordFile,
    found: FoundRecords,
  ) {
    this.uploadCommand = syncCommand(directory, runId);
    this.#file = file;
    this.#found = found;
  }

  /** The last step whose numbers the file has, -1 without any. */
  get lastStep(): number {
    return this.#found.lastStep;
  }

  /**
   * Opens the directory of the run in `folder` (the `swanlog/` of a run). With `resume`, the directory of the same run id
   * is continued: records after that step and the earlier end of the run are removed.
   */
  static async open(folder: string, run: TrackedRun, resume?: number): Promise<SwanLabFile> {
    const name = await runDirectoryName(folder, run.runId) ?? `run-${localStamp(run.startedAt)}-${run.runId}`;
    const directory = join(folder, name);
    await writeFileAtomic(join(directory, "files", "swanlab-metadata.json"), json(SWANLAB_METADATA));
    // JSON is valid YAML.
    await writeFileAtomic(join(directory, "files", "config.yaml"), json(configTable(run.config)));
    const found = { number: 0, logLines: 0, lastStep: -1 };
    const keep = (payload: Uint8Array) => resume !== undefined && keepRecord(payload, resume, found);
    const file = await RecordFile.open(join(directory, `run-${run.runId}.swanlab`), SWANLAB_LOG, keep);
    if (file.length === SWANLAB_LOG.head.length) file.append(...opening(run, name));
    return new SwanLabFile(directory, run.runId, file, found);
  }

  /** Records the numbers of one epoch. */
  async scalars(step: number, metrics: Metrics, time: Date): Promise<void> {
    const records = Object.entries(metrics).map(([key, value]) =>
      this.#data(SCALAR, key, step, COLUMN_SCALAR, time, doubleField(1, value))
    );
    this.#file.append(...records);
    this.#found.lastStep = step;
    await this.#file.flush();
  }

  /** Records an image. */
  async image({ name, step, png, caption }: TrackedImage, time: Date): Promise<void> {
    await this.#media(name, step, COLUMN_IMAGE, time, mediaFile("image", step, png), caption);
  }

  /** Records a text. */
  async text({ name, step, text }: TrackedText, time: Date): Promise<void> {
    await this.#media(name, step, COLUMN_TEXT, time, mediaFile("text", step, text), "");
  }

  /** Records the end of the run and closes. */
  async finish({ state, message: why, time }: RunEnd): Promise<void> {
    const records: Uint8Array[] = [];
    if (state === "crashed" && why) {
      const line = message(
        bytesField(1, why),
        intField(2, 1),
        bytesField(3, timestamp(time)),
        intField(4, ++this.#found.logLines),
      );
      records.push(record(++this.#found.number, time, LOG, line));
    }
    const code = { finished: 1, crashed: 2, aborted: 3 }[state];
    const end = message(intField(1, code), bytesField(2, why), bytesField(3, timestamp(time)));
    try {
      this.#file.append(...records, record(-2, time, FINISH, end));
      await this.#file.flush();
    } finally {
      this.#file.close();
    }
  }

  async #media(
    key: string,
    step: number,
    type: number,
    time: Date,
    media: MediaFile,
    caption: string,
  ): Promise<void> {
    await writeFileAtomic(join(this.directory, "media", media.kind, media.fileName), media.bytes);
    const item = message(
      bytesField(1, media.fileName),
      bytesField(2, media.sha256),
      intField(3, media.bytes.length),
      bytesField(4, caption),
    );
    this.#file.append(this.#data(MEDIA, key, step, type, time, bytesField(1, item)));
    await this.#file.flush();
  }

  /** The payload of scalar and media records: 1 key, 2 step, 3 column type, 4 time, 5 value. */
  #data(kind: number, key: string, step: number, type: number, time: Date, value: Uint8Array): Uint8Array {
    const data = message(
      bytesField(1, key),
      intField(2, step),
      intField(3, type),
      bytesField(4, timestamp(time)),
      bytesField(5, value),
    );
    return record(++this.#found.number, time, kind, data);
  }
}

/** The first records: the identity of the run, and its two saved files. */
function opening(run: TrackedRun, directoryName: string): Uint8Array[] {
  const start = message(
    bytesField(1, run.project),
    bytesField(2, run.workspace),
    bytesField(4, run.name),
    bytesField(5, run.description),
    bytesField(10, run.runId),
    intField(11, 1),
    bytesField(12, timestamp(run.startedAt)),
  );
  const save = (number: number, name: string, fileName: string, type: number) => {
    // Sync looks for this path first and then for its last part in files/. An absolute path would reveal this
    // machine's folders; a bare file name could match an unrelated file.
    const path = `${directoryName}/files/${fileName}`;
    const saved = message(bytesField(1, name), bytesField(2, path), bytesField(3, path), intField(5, type));
    return record(number, run.startedAt, SAVE, saved);
  };
  return [
    record(-1, run.startedAt, START, start),
    save(-3, "config", "config.yaml", 1),
    save(-4, "metadata", "swanlab-metadata.json", 2),
  ];
}

/** Record: 1 number, 2 time, and one payload under its own field number. */
function record(number: number, time: Date, kind: number, payload: Uint8Array): Uint8Array {
  return message(intField(1, number), bytesField(2, timestamp(time)), bytesField(kind, payload));
}

interface FoundRecords {
  number: number;
  logLines: number;
  lastStep: number;
}

function keepRecord(payload: Uint8Array, resume: number, found: FoundRecords): boolean {
  const fields = new Map([...readFields(payload)].map(({ number, value }) => [number, value]));
  if (fields.has(FINISH)) return false;
  const data = fields.get(SCALAR) ?? fields.get(MEDIA);
  if (data instanceof Uint8Array) {
    const step = Number([...readFields(data)].find(({ number }) => number === 2)?.value ?? 0);
    if (step > resume) return false;
    if (fields.has(SCALAR)) found.lastStep = step;
  }
  if (fields.has(LOG)) found.logLines++;
  found.number = Math.max(found.number, Number(fields.get(1) ?? 0));
  return true;
}

async function runDirectoryName(folder: string, runId: string): Promise<string | undefined> {
  const names = (await listFolder(folder)).map(({ name }) => name);
  return names.find((name) => /^run-\d{8}_\d{6}-/.test(name) && name.slice(20) === runId);
}

function localStamp(time: Date): string {
  const two = (value: number) => `${value}`.padStart(2, "0");
  const date = `${time.getFullYear()}${two(time.getMonth() + 1)}${two(time.getDate())}`;
  return `${date}_${two(time.getHours())}${two(time.getMinutes())}${two(time.getSeconds())}`;
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2) + "\n";
}
