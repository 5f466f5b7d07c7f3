/**
 * Reads (strictly) and writes safetensors: eight bytes of header length, a JSON header, then the values.
 * This module is browser compatible.
 *
 * The format is specified at https://github.com/huggingface/safetensors#format.
 *
 * @module
 */
import { joinBytes } from "../bytes.ts";
import type { StateDict, Tensor } from "../tensor.ts";
import { countElements, decodeFloats, FLOAT_BYTES, type FloatType } from "./floats.ts";
import { findJsonExcess, type JsonBounds } from "./json_bounds.ts";
import { findDuplicateKey } from "./json_keys.ts";
import { quote, showShape } from "./message.ts";
import { beginsAsZip } from "./signature.ts";

/** The content of a safetensors file. */
export interface SafetensorsFile {
  /** The tensors as float32, in the order of their data in the file. */
  tensors: StateDict;
  /** The file's own metadata: any strings under any names. */
  metadata: Record<string, string>;
}

/** A sixth of the format's own limit: enough for the names and shapes of 16,384 tensors. */
const MAX_HEADER_BYTES = 16 * 2 ** 20;
/** A header is three deep; the counts are those of 16,384 tensors and as much metadata. */
const HEADER_BOUNDS: JsonBounds = { depth: 8, containers: 3 * 2 ** 14 + 2, values: 10 * 2 ** 14 };
const METADATA_KEY = "__metadata__";

interface Entry {
  name: string;
  type: FloatType;
  shape: number[];
  begin: number;
  end: number;
}

/**
 * Reads a safetensors file of F32, F16, BF16 and F64 tensors, all converted to float32.
 *
 * Every byte must be accounted for: overlaps, gaps, trailing bytes, misaligned offsets, sizes that contradict the
 * shape, and duplicate names are refused. Allocates no more than the size of the file (twice that for two-byte types);
 * aligned F32 tensors are views of `bytes`.
 *
 * @throws {SyntaxError} if the bytes are not a well-formed safetensors file
 * @throws {RangeError} if the header is longer than 16 MiB, or has more entries than any network needs
 * @throws {TypeError} if a tensor has any other type
 */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  const { header, dataStart } = readHeader(bytes);
  const metadata = readMetadata(header[METADATA_KEY]);
  const entries = entriesOf(header);
  checkCoverage(entries, bytes.length - dataStart);
  const tensors: StateDict = new Map();
  for (const { name, type, shape, begin, end } of entries) {
    const data = decodeFloats(bytes.subarray(dataStart + begin, dataStart + end), type);
    tensors.set(name, { shape, data });
  }
  return { tensors, metadata };
}

/** The tensors of a header, in the order of their data. */
function entriesOf(header: Record<string, unknown>): Entry[] {
  return Object.entries(header)
    .filter(([name]) => name !== METADATA_KEY)
    .map(([name, value]) => readEntry(name, value))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
}

/** What the header of a safetensors file says. */
export interface SafetensorsHeader {
  /** Type and shape of each tensor. */
  readonly tensors: ReadonlyMap<string, { readonly type: FloatType; readonly shape: readonly number[] }>;
  /** The file's own metadata. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Where the tensors of a file lie, in the order of their data. */
export interface SafetensorsLayout {
  /** Name, type and shape of each tensor, and its bytes in the data. */
  readonly entries: readonly Readonly<Entry>[];
  /** The file's own metadata. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The data's first byte in the file. */
  readonly dataStart: number;
}

/**
 * Reads only the header, to read the values piece by piece.
 *
 * @param head the file up to the end of its header, or further
 * @param byteLength of the whole file
 * @throws as {@linkcode readSafetensors}
 */
export function readSafetensorsLayout(head: Uint8Array, byteLength: number): SafetensorsLayout {
  const { header, dataStart } = readHeader(head);
  const entries = entriesOf(header);
  checkCoverage(entries, byteLength - dataStart);
  return { entries, metadata: readMetadata(header[METADATA_KEY]), dataStart };
}

/** Bytes from the beginning of a file that its header takes; `head` are its first eight or more. */
export function safetensorsHeaderLength(head: Uint8Array): number {
  const length = new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0, true);
  return length > MAX_HEADER_BYTES ? Infinity : 8 + Number(length);
}

/**
 * Reads only the header, to list a file without its values.
 *
 * @param head the file up to the end of its header, or further
 * @throws as {@linkcode readSafetensors}
 */
export function readSafetensorsHeader(head: Uint8Array): SafetensorsHeader {
  const { header } = readHeader(head);
  const entries = Object.entries(header).filter(([name]) => name !== METADATA_KEY);
  const tensors = new Map(entries.map(([name, value]) => {
    const { type, shape } = readEntry(name, value);
    return [name, { type, shape }] as const;
  }));
  return { tensors, metadata: readMetadata(header[METADATA_KEY]) };
}

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < 8) {
    throw fault(`it has ${bytes.length} bytes, fewer than the 8 of its header length`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = view.getBigUint64(0, true);
  if (beginsAsZip(bytes)) {
    throw fault("it is a zip, like PyTorch's .pth", "read it with readTorchCheckpoint()");
  }
  if (headerBytes > BigInt(bytes.length - 8)) {
    throw fault(`its header claims ${headerBytes} bytes, but only ${bytes.length - 8} follow`);
  }
  if (headerBytes > MAX_HEADER_BYTES) {
    throw new RangeError(
      `Cannot read safetensors: its header of ${headerBytes} bytes exceeds the limit of ${MAX_HEADER_BYTES}`,
    );
  }
  const dataStart = 8 + Number(headerBytes);
  const headerText = bytes.subarray(8, dataStart);
  if (headerText[0] !== 0x7b) throw fault('its header does not begin with "{"');
  const excess = findJsonExcess(headerText, HEADER_BOUNDS);
  if (excess !== null) throw new RangeError(`Cannot read safetensors: its header is refused: ${excess}`);
  let header: unknown;
  let duplicate: string | undefined;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(headerText);
    header = JSON.parse(text);
    duplicate = findDuplicateKey(text);
  } catch (error) {
    throw fault(`its header is not JSON (${(error as Error).message})`);
  }
  if (duplicate !== undefined) throw fault(`its header has the key ${quote(duplicate)} twice`);
  // The text starts with "{" and was parsed, so it is an object.
  return { header: header as Record<string, unknown>, dataStart };
}

function readMetadata(value: unknown): Record<string, string> {
  if (value === undefined) return {};
  if (!isObject(value)) throw fault(`its ${METADATA_KEY} is not an object`);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") throw fault(`its metadata ${quote(key)} is not a string`);
  }
  return value as Record<string, string>;
}

function readEntry(name: string, value: unknown): Entry {
  if (!isObject(value)) throw fault(`its entry ${quote(name)} is not an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string") throw fault(`tensor ${quote(name)} has no dtype`);
  if (!Object.hasOwn(FLOAT_BYTES, dtype)) {
    throw new TypeError(
      `Cannot read safetensors: tensor ${quote(name)} is ${quote(dtype)}, expected F32, F16, BF16 or F64`,
    );
  }
  const type = dtype as FloatType;
  const count = Array.isArray(shape) ? countElements(shape) : undefined;
  if (count === undefined) {
    throw fault(`tensor ${quote(name)} has shape ${showShape(shape)}`);
  }
  if (!isSpan(offsets)) {
    throw fault(`tensor ${quote(name)} has data_offsets ${showShape(offsets)}`);
  }
  const [begin, end] = offsets;
  const size = FLOAT_BYTES[type];
  if (end - begin !== count * size) {
    throw fault(
      `tensor ${quote(name)} (${type}, shape ${showShape(shape)}) needs ${
        count * size
      } bytes, its data_offsets span ${end - begin}`,
    );
  }
  if (begin % size !== 0) {
    throw fault(
      `tensor ${quote(name)} (${type}) begins at byte ${begin}, which is not a multiple of ${size}`,
    );
  }
  return { name, type, shape: shape as number[], begin, end };
}

/** Checks that the entries, sorted by offset, cover the data exactly. */
function checkCoverage(entries: readonly Entry[], dataBytes: number): void {
  let covered = 0;
  let before = "the header";
  for (const { name, begin, end } of entries) {
    if (end > dataBytes) {
      throw fault(`tensor ${quote(name)} ends at byte ${end} of the data, which has ${dataBytes}`);
    }
    if (begin < covered) throw fault(`tensor ${quote(name)} overlaps ${before}`);
    if (begin > covered) {
      throw fault(`${begin - covered} bytes before tensor ${quote(name)} belong to no tensor`);
    }
    covered = end;
    before = `tensor ${quote(name)}`;
  }
  if (covered < dataBytes) throw fault(`${dataBytes - covered} bytes follow ${before}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSpan(value: unknown): value is [number, number] {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [begin, end] = value as unknown[];
  return Number.isSafeInteger(begin) && Number.isSafeInteger(end) && (begin as number) >= 0 &&
    (begin as number) <= (end as number);
}

function fault(what: string, hint?: string): SyntaxError {
  return new SyntaxError(`Cannot read safetensors: ${what}${hint === undefined ? "" : `\nhint: ${hint}`}`);
}

/** How values are stored: as float32, or rounded to float16, which halves the file. */
export type StoredFloats = "F32" | "F16";

/**
 * Writes tensors as F32, or F16, in the order of their map, with optional metadata; the same input gives the same bytes.
 *
 * @throws as {@linkcode safetensorsParts}.
 */
export function writeSafetensors(
  tensors: StateDict,
  metadata?: Record<string, string>,
  type?: StoredFloats,
): Uint8Array {
  return joinBytes(safetensorsParts(tensors, metadata, type));
}

/**
 * A file of {@linkcode writeSafetensors} in parts to be joined: the header, and the tensors' own memory, if it is F32.
 *
 * The values are aligned to eight bytes, which other readers expect.
 *
 * @throws {TypeError} if a tensor's data does not fill its shape, metadata is not a string, or a name is reserved
 * @throws {RangeError} if names and metadata make the header longer than 16 MiB, or a value is too large for float16
 */
export function safetensorsParts(
  tensors: StateDict,
  metadata?: Record<string, string>,
  type: StoredFloats = "F32",
): Uint8Array[] {
  const header = new Map<string, unknown>();
  if (metadata !== undefined) {
    for (const [key, value] of Object.entries(metadata)) {
      if (typeof value !== "string") {
        throw new TypeError(
          `Cannot write safetensors: metadata ${quote(key)} is ${typeof value}, expected a string`,
        );
      }
    }
    header.set(METADATA_KEY, metadata);
  }
  let dataBytes = 0;
  for (const [name, { shape, data }] of tensors) {
    if (name === METADATA_KEY) throw new TypeError(`Cannot write safetensors: the name ${name} is reserved`);
    checkTensor("safetensors", name, { shape, data });
    const end = dataBytes + data.length * FLOAT_BYTES[type];
    header.set(name, { dtype: type, shape, data_offsets: [dataBytes, end] });
    dataBytes = end;
  }
  const members = [...header].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  const unpadded = new TextEncoder().encode(`{${members.join(",")}}`);
  const headerBytes = Math.ceil(unpadded.length / 8) * 8;
  if (headerBytes > MAX_HEADER_BYTES) {
    throw new RangeError(
      `Cannot write safetensors: its header of ${headerBytes} bytes exceeds the limit of ${MAX_HEADER_BYTES}`,
    );
  }
  const head = new Uint8Array(8 + headerBytes).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(headerBytes), true);
  head.set(unpadded, 8);
  const values = [...tensors].map(([name, { data }]) => {
    const { buffer, byteOffset, byteLength } = type === "F16" ? toHalf(name, data) : data;
    return new Uint8Array(buffer, byteOffset, byteLength);
  });
  return [head, ...values];
}

/** The values rounded to float16. Throws a RangeError for one that would become infinite. */
function toHalf(name: string, data: Float32Array): Float16Array {
  const half = Float16Array.from(data);
  const beyond = half.findIndex((value, at) => !Number.isFinite(value) && Number.isFinite(data[at]!));
  if (beyond < 0) return half;
  throw new RangeError(
    `Cannot write safetensors as float16: tensor ${quote(name)} holds ${data[beyond]}, at most 65504 fits\n` +
      "hint: keep float32",
  );
}

/** Throws a TypeError unless the shape is valid and the data fills it; `format` is the format being written. */
export function checkTensor(format: string, name: string, { shape, data }: Tensor): void {
  if (data.length !== countElements(shape)) {
    throw new TypeError(
      `Cannot write ${format}: tensor ${quote(name)} has shape ${showShape(shape)} and ${data.length} values`,
    );
  }
}
