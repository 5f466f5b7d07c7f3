/**
 * The safetensors format, read strictly and written: eight bytes of header length, a JSON header, then the values.
 *
 * The format is described at https://github.com/huggingface/safetensors#format.
 *
 * @module
 */
import { joinBytes } from "../bytes.ts";
import type { StateDict, Tensor } from "../tensor.ts";
import { countElements, decodeFloats, FLOAT_BYTES, type FloatType } from "./floats.ts";
import { findDuplicateKey } from "./json_keys.ts";
import { quote, showShape } from "./message.ts";
import { beginsAsZip } from "./zip_reader.ts";

/** What a safetensors file holds. */
export interface SafetensorsFile {
  /** The tensors as float32, in the order of their values in the file. */
  tensors: StateDict;
  /** The file's own notes: any strings under any names. */
  metadata: Record<string, string>;
}

/** The format's own limit; a longer header is no header. */
const MAX_HEADER_BYTES = 100_000_000;
const METADATA_KEY = "__metadata__";

interface Entry {
  name: string;
  type: FloatType;
  shape: number[];
  begin: number;
  end: number;
}

/**
 * Reads a safetensors file of F32, F16, BF16 and F64 tensors; everything becomes float32.
 *
 * Every byte must be accounted for: overlaps, holes, trailing bytes, offsets that no value of the type may have,
 * sizes that do not follow from the shape, and names given twice are refused. No more is allocated than the file
 * holds (twice that for the two-byte types); F32 tensors are views of `bytes` where those are aligned.
 *
 * @throws {SyntaxError} where the bytes are no well-formed safetensors file
 * @throws {RangeError} where the header is longer than the format allows
 * @throws {TypeError} where a tensor is of another type than the four
 */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  const { header, dataStart } = readHeader(bytes);
  const metadata = readMetadata(header[METADATA_KEY]);
  const entries = Object.entries(header)
    .filter(([name]) => name !== METADATA_KEY)
    .map(([name, value]) => readEntry(name, value))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkCoverage(entries, bytes.length - dataStart);
  const tensors: StateDict = new Map();
  for (const { name, type, shape, begin, end } of entries) {
    const data = decodeFloats(bytes.subarray(dataStart + begin, dataStart + end), type);
    tensors.set(name, { shape, data });
  }
  return { tensors, metadata };
}

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < 8) {
    throw fault(`${bytes.length} bytes are too few for its header length`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = view.getBigUint64(0, true);
  if (beginsAsZip(bytes)) {
    throw fault("it is a zip, as PyTorch's .pth", "read it with readTorchCheckpoint()");
  }
  if (headerBytes > BigInt(bytes.length - 8)) {
    throw fault(`its header claims ${headerBytes} bytes, of which the file has ${bytes.length - 8}`);
  }
  if (headerBytes > MAX_HEADER_BYTES) {
    throw new RangeError(
      `Cannot read safetensors: its header of ${headerBytes} bytes is above the limit of ${MAX_HEADER_BYTES}`,
    );
  }
  const dataStart = 8 + Number(headerBytes);
  const headerText = bytes.subarray(8, dataStart);
  if (headerText[0] !== 0x7b) throw fault('its header does not begin with "{"');
  let header: unknown;
  let duplicate: string | undefined;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(headerText);
    header = JSON.parse(text);
    duplicate = findDuplicateKey(text);
  } catch (error) {
    throw fault(`its header is no JSON (${(error as Error).message})`);
  }
  if (duplicate !== undefined) throw fault(`its header gives ${quote(duplicate)} twice`);
  // The text begins with "{" and parsed, so it is an object.
  return { header: header as Record<string, unknown>, dataStart };
}

function readMetadata(value: unknown): Record<string, string> {
  if (value === undefined) return {};
  if (!isObject(value)) throw fault(`its ${METADATA_KEY} is no object`);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") throw fault(`its metadata ${quote(key)} is no string`);
  }
  return value as Record<string, string>;
}

function readEntry(name: string, value: unknown): Entry {
  if (!isObject(value)) throw fault(`its entry ${quote(name)} is no object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string") throw fault(`tensor ${quote(name)} has no dtype`);
  if (!Object.hasOwn(FLOAT_BYTES, dtype)) {
    throw new TypeError(
      `Cannot read safetensors: tensor ${quote(name)} is ${quote(dtype)}; F32, F16, BF16 and F64 can be read`,
    );
  }
  const type = dtype as FloatType;
  const count = Array.isArray(shape) ? countElements(shape) : undefined;
  if (count === undefined) {
    throw fault(`tensor ${quote(name)} has the shape ${showShape(shape)}`);
  }
  if (!isSpan(offsets)) {
    throw fault(`tensor ${quote(name)} has the data_offsets ${showShape(offsets)}`);
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
    throw fault(`tensor ${quote(name)} (${type}) begins at byte ${begin}, no multiple of ${size}`);
  }
  return { name, type, shape: shape as number[], begin, end };
}

/** Checks that the entries, sorted by offset, tile the data exactly. */
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

/**
 * Writes tensors as F32 in their map's order, with optional metadata; the same input gives the same bytes.
 *
 * @throws as {@linkcode safetensorsParts}.
 */
export function writeSafetensors(tensors: StateDict, metadata?: Record<string, string>): Uint8Array {
  return joinBytes(safetensorsParts(tensors, metadata));
}

/**
 * A file of {@linkcode writeSafetensors} in parts, one after the other: its head, and the tensors' own memory.
 *
 * The values begin at a multiple of eight bytes, as other readers like it.
 *
 * @throws {TypeError} where a tensor's data does not fill its shape, metadata is no string, or a name is reserved
 * @throws {RangeError} where the names and metadata make a header longer than the format allows
 */
export function safetensorsParts(tensors: StateDict, metadata?: Record<string, string>): Uint8Array[] {
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
    header.set(name, { dtype: "F32", shape, data_offsets: [dataBytes, dataBytes + data.byteLength] });
    dataBytes += data.byteLength;
  }
  const members = [...header].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  const unpadded = new TextEncoder().encode(`{${members.join(",")}}`);
  const headerBytes = Math.ceil(unpadded.length / 8) * 8;
  if (headerBytes > MAX_HEADER_BYTES) {
    throw new RangeError(
      `Cannot write safetensors: its header of ${headerBytes} bytes is above the limit of ${MAX_HEADER_BYTES}`,
    );
  }
  const head = new Uint8Array(8 + headerBytes).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(headerBytes), true);
  head.set(unpadded, 8);
  const values = [...tensors.values()].map(({ data }) =>
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  );
  return [head, ...values];
}

/** Throws a TypeError unless the tensor's shape is one and its data fills it; `format` is what is being written. */
export function checkTensor(format: string, name: string, { shape, data }: Tensor): void {
  if (data.length !== countElements(shape)) {
    throw new TypeError(
      `Cannot write ${format}: tensor ${quote(name)} has the shape ${
        showShape(shape)
      } and ${data.length} values`,
    );
  }
}
