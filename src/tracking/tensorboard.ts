/**
 * TensorBoard's event file, `tb/events.out.tfevents.*`: scalars, images, texts and hyperparameters.
 *
 * It is one file, since a folder is a run of TensorBoard, which follows only the last file of a folder while it grows.
 * Field numbers are those of TensorFlow's `event.proto`, `summary.proto`, `tensor.proto` and the hparams plugin's
 * `plugin_data.proto`; the framing is TFRecord's.
 *
 * @module
 */
import { join } from "node:path";
import { listFolder, removeTree } from "../fs/paths.ts";
import { maskedCrc32c } from "./crc.ts";
import { bytesField, doubleField, floatField, intField, message, readFields } from "../protobuf.ts";
import { type Framing, RecordFile } from "./record_file.ts";
import type {
  Metrics,
  OpenBackendRequest,
  RunConfig,
  RunEnd,
  TrackedImage,
  TrackedText,
  TrackingBackend,
} from "./backend.ts";
import { RUN_FILES } from "../fs/layout.ts";

const FLOAT = 1, STRING = 7;
const TENSOR = 2, BLOB_SEQUENCE = 3;
const SESSION_START = "_hparams_/session_start_info", SESSION_END = "_hparams_/session_end_info";

/** Version 0.1 had two files, which TensorBoard shows as two runs; this one is written again from the log. */
const EARLIER_FOLDERS = ["scalars", "media"];

/** TFRecord: length (u64), its masked CRC-32C, data, the data's masked CRC-32C; all little-endian. */
const TF_RECORD: Framing = {
  head: new Uint8Array(),
  frame(payload) {
    const record = new Uint8Array(payload.length + 16);
    const view = new DataView(record.buffer);
    view.setBigUint64(0, BigInt(payload.length), true);
    view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true);
    record.set(payload, 12);
    view.setUint32(payload.length + 12, maskedCrc32c(payload), true);
    return record;
  },
  unframe(file, offset) {
    if (file.length - offset < 16) return null;
    const view = new DataView(file.buffer, file.byteOffset + offset, file.length - offset);
    const length = Number(view.getBigUint64(0, true));
    if (view.getUint32(8, true) !== maskedCrc32c(file.subarray(offset, offset + 8))) return null;
    const end = offset + length + 16;
    if (end > file.length) return null;
    const payload = file.subarray(offset + 12, end - 4);
    return view.getUint32(length + 12, true) === maskedCrc32c(payload) ? { payload, end } : null;
  },
};

/** The {@linkcode OpenBackend} of TensorBoard. */
export async function openTensorBoard(
  { run, options }: OpenBackendRequest,
): Promise<TrackingBackend | null> {
  if (!options.tensorboard) return null;
  const folder = join(options.runFolder, RUN_FILES.tensorboard);
  for (const name of EARLIER_FOLDERS) await removeTree(join(folder, name));
  return await TensorBoardFile.open(folder, run.config, run.startedAt, options.resume);
}

/** Writes the TensorBoard file of a run. */
export class TensorBoardFile implements TrackingBackend {
  /** Its name in messages. */
  readonly name = "TensorBoard";
  readonly #file: RecordFile;
  #lastStep: number;

  private constructor({ file, lastStep }: OpenEvents) {
    this.#file = file;
    this.#lastStep = lastStep;
  }

  /** The last step whose numbers the file has, -1 without any. */
  get lastStep(): number {
    return this.#lastStep;
  }

  /**
   * Opens the file in `folder` (the `tb/` of a run). With `resume`, events after that step and the end of the earlier
   * session are removed; without, the file starts empty.
   */
  static async open(
    folder: string,
    config: RunConfig,
    startedAt: Date,
    resume?: number,
  ): Promise<TensorBoardFile> {
    const events = await openEvents(folder, startedAt, resume);
    if (!events.tags.has(SESSION_START)) events.file.append(sessionStart(config, startedAt));
    return new TensorBoardFile(events);
  }

  /** Records the numbers of one epoch, as old-style scalars, which every reader of event files knows. */
  async scalars(step: number, metrics: Metrics, time: Date): Promise<void> {
    const values = Object.entries(metrics).map(([name, value]) => scalarValue(name, value));
    this.#file.append(event(step, time, values));
    this.#lastStep = step;
    await this.#file.flush();
  }

  /** Records an image. */
  async image({ name, step, png, width, height, caption }: TrackedImage, time: Date): Promise<void> {
    const tensor = stringTensor([`${width}`, `${height}`, png]);
    this.#file.append(event(step, time, [tensorValue(name, tensor, "images", BLOB_SEQUENCE, { caption })]));
    await this.#file.flush();
  }

  /** Records a text. */
  async text({ name, step, text }: TrackedText, time: Date): Promise<void> {
    const tag = `${name}/text_summary`;
    this.#file.append(event(step, time, [tensorValue(tag, stringTensor([text]), "text", TENSOR)]));
    await this.#file.flush();
  }

  /** Records the end of the run and closes. */
  async finish({ state, time, step }: RunEnd): Promise<void> {
    const status = state === "finished" ? 1 : 2;
    const end = bytesField(4, message(intField(1, status), doubleField(2, time.getTime() / 1000)));
    try {
      this.#file.append(event(step, time, [hparamsValue(SESSION_END, end)]));
      await this.#file.flush();
    } finally {
      this.#file.close();
    }
  }
}

interface OpenEvents {
  readonly file: RecordFile;
  readonly tags: ReadonlySet<string>;
  readonly lastStep: number;
}

async function openEvents(folder: string, startedAt: Date, resume: number | undefined): Promise<OpenEvents> {
  const tags = new Set<string>();
  let lastStep = -1;
  const keep = (payload: Uint8Array): boolean => {
    const found = readEvent(payload);
    if (resume === undefined || found.step > resume || found.tags.includes(SESSION_END)) return false;
    if (found.hasScalars) lastStep = found.step;
    found.tags.forEach((tag) => tags.add(tag));
    return true;
  };
  // TensorBoard's writers put host name and process id into the file name. Readers only look for `tfevents`, so a word
  // and zeros replace them.
  const seconds = `${Math.floor(startedAt.getTime() / 1000)}`.padStart(10, "0");
  const path = join(folder, await eventFileName(folder) ?? `events.out.tfevents.${seconds}.unet.0.0`);
  const file = await RecordFile.open(path, TF_RECORD, keep);
  if (file.length === 0) {
    file.append(message(doubleField(1, startedAt.getTime() / 1000), bytesField(3, "brain.Event:2")));
  }
  return { file, tags, lastStep };
}

async function eventFileName(folder: string): Promise<string | undefined> {
  const names = (await listFolder(folder)).map(({ name }) => name);
  return names.filter((name) => name.includes("tfevents")).sort()[0];
}

/** Event: 1 wall time, 2 step, 5 summary {1 value*}. */
function event(step: number, time: Date, values: readonly Uint8Array[]): Uint8Array {
  const summary = message(...values.map((value) => bytesField(1, value)));
  return message(doubleField(1, time.getTime() / 1000), intField(2, step), bytesField(5, summary));
}

function readEvent(payload: Uint8Array): { step: number; tags: string[]; hasScalars: boolean } {
  let step = 0;
  let hasScalars = false;
  const tags: string[] = [];
  for (const { number, value } of readFields(payload)) {
    if (number === 2) step = Number(value);
    if (number !== 5 || typeof value === "bigint") continue;
    for (const summary of readFields(value)) {
      for (const field of readFields(summary.value as Uint8Array)) {
        if (field.number === 1) tags.push(new TextDecoder().decode(field.value as Uint8Array));
        if (field.number === 2) hasScalars = true;
      }
    }
  }
  return { step, tags, hasScalars };
}

/** Summary.Value, old style: 1 tag, 2 simple value. */
function scalarValue(tag: string, value: number): Uint8Array {
  return message(bytesField(1, tag), floatField(2, value));
}

/** Summary.Value: 1 tag, 8 tensor, 9 metadata {1 plugin {1 name, 2 content}, 3 description, 4 data class}. */
function tensorValue(
  tag: string,
  tensor: Uint8Array,
  plugin: string,
  dataClass: number,
  options: { caption?: string; content?: Uint8Array } = {},
): Uint8Array {
  const pluginData = message(bytesField(1, plugin), bytesField(2, options.content ?? new Uint8Array()));
  const metadata = message(
    bytesField(1, pluginData),
    bytesField(3, options.caption ?? ""),
    intField(4, dataClass),
  );
  return message(bytesField(1, tag), bytesField(8, tensor), bytesField(9, metadata));
}

/** TensorProto: 1 type, 2 shape {2 dimension* {1 size}}, 8 strings*. */
function stringTensor(strings: readonly (string | Uint8Array)[]): Uint8Array {
  return message(
    intField(1, STRING),
    bytesField(2, bytesField(2, intField(1, strings.length))),
    ...strings.map((text) => bytesField(8, text)),
  );
}

/** A value that consists of metadata: HParamsPluginData {1 version 0, ...content} and an empty float tensor. */
function hparamsValue(tag: string, content: Uint8Array): Uint8Array {
  const empty = message(intField(1, FLOAT), bytesField(2, bytesField(2, intField(1, 0))));
  return tensorValue(tag, empty, "hparams", TENSOR, { content: message(intField(1, 0), content) });
}

/** HParamsPluginData.session_start_info (3): 1 map of hyperparameters, 5 start time. */
function sessionStart(config: RunConfig, startedAt: Date): Uint8Array {
  const entries = flatten(config).map(([key, value]) => {
    // google.protobuf.Value: 2 number, 3 string, 4 boolean.
    const encoded = typeof value === "number"
      ? doubleField(2, value)
      : typeof value === "boolean"
      ? intField(4, value)
      : bytesField(3, value);
    return bytesField(1, message(bytesField(1, key), bytesField(2, encoded)));
  });
  const start = message(...entries, doubleField(5, startedAt.getTime() / 1000));
  return event(0, startedAt, [hparamsValue(SESSION_START, bytesField(3, start))]);
}

/** Nested objects become `outer.inner`, arrays their JSON text; nulls are left out. */
function flatten(config: RunConfig, prefix = ""): [string, string | number | boolean][] {
  return Object.entries(config).flatMap(([key, value]): [string, string | number | boolean][] => {
    if (value === null || value === undefined) return [];
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
      return [[prefix + key, value]];
    }
    if (Array.isArray(value)) return [[prefix + key, JSON.stringify(value)]];
    return flatten(value as RunConfig, `${prefix}${key}.`);
  });
}
