/**
 * COCO annotation files on disk.
 *
 * @module
 */
import { openRegular, readBounded } from "../fs/bounded_read.ts";
import { JSON_TEXT, nameForeign } from "../image/foreign.ts";
import { type CocoDataset, type CocoOptions, readCoco } from "./coco.ts";
import { readCocoStream } from "./coco_stream.ts";
import { EntryFault } from "./json_entries.ts";
import { decodeJson } from "./text.ts";

/** The name of the annotation file in a folder of images, as Roboflow exports it. */
export const ANNOTATION_FILE = "_annotations.coco.json";

/** The longest string that V8 supports, in characters: 512 MiB. */
const MAX_TEXT_BYTES = 2 ** 29 - 24;

/** Larger files are read as a stream: their text and its parsed tree would take several times their size. */
const STREAM_BYTES = 2 ** 23;

/** The largest file that is read as a stream. */
const MAX_STREAM_BYTES = 2 ** 30;

/** Bytes that are read at a time. */
const CHUNK_BYTES = 2 ** 20;

/**
 * `readCoco` of a file, which messages call by its path. A million annotations stay under 1.5 GB of memory. Throws a
 * RangeError for more than 1 GiB, and else like {@linkcode readCocoText} and `readCoco`.
 */
export async function readCocoFile(
  path: string,
  options: Omit<CocoOptions, "name"> = {},
): Promise<CocoDataset> {
  const named = { ...options, name: JSON.stringify(path) };
  const { isFile, size } = await Deno.stat(path);
  if (!isFile || size <= STREAM_BYTES) return readCoco(await readCocoText(path), named);
  if (size > MAX_STREAM_BYTES) {
    throw new RangeError(`Cannot read ${named.name}: ${size} bytes, at most ${MAX_STREAM_BYTES}`);
  }
  const read = await readStream(() => readChunks(path), size, named);
  // As a text, which tells the line of a fault.
  return read ?? readCoco(await readCocoText(path), named);
}

/** `readCoco` of a file's bytes; `name` is what messages call it. Throws like {@linkcode readCocoFile}. */
export async function readCocoBytes(
  bytes: Uint8Array,
  options: CocoOptions & { readonly name: string },
): Promise<CocoDataset> {
  const read = bytes.length > STREAM_BYTES ? await readStream(() => [bytes], bytes.length, options) : null;
  return read ?? readCoco(decodeCoco(bytes, options.name), options);
}

/** Null for a text that is not read as a stream, if it can be read as a whole. */
async function readStream(
  open: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  byteLength: number,
  options: CocoOptions & { readonly name: string },
): Promise<CocoDataset | null> {
  try {
    return await readCocoStream(open, { ...options, byteLength });
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    if (byteLength <= MAX_TEXT_BYTES) return null;
    throw new SyntaxError(`Cannot read ${options.name}: ${error.message}`, { cause: error });
  }
}

/** Whether a text could not be split into entries or an entry could not be parsed; other errors are about COCO's format. */
function isUnreadable(error: unknown): error is Error {
  return error instanceof EntryFault || error instanceof SyntaxError ||
    (error instanceof TypeError && !error.message.startsWith("Cannot "));
}

/** The bytes of a file, piece by piece; each is only valid until the next. */
export async function* readChunks(path: string): AsyncGenerator<Uint8Array> {
  using file = await openRegular(path);
  const buffer = new Uint8Array(CHUNK_BYTES);
  for (let count = await file.read(buffer); count !== null; count = await file.read(buffer)) {
    yield buffer.subarray(0, count);
  }
}

/**
 * The text of an annotation file. Throws a RangeError for more than 512 MiB, and a SyntaxError for a file that is not
 * UTF-8 or that is something else than text in JSON.
 */
export async function readCocoText(path: string): Promise<string> {
  return decodeCoco(await readBounded(path, MAX_TEXT_BYTES), JSON.stringify(path));
}

function decodeCoco(bytes: Uint8Array, name: string): string {
  const foreign = nameForeign(bytes);
  if (foreign !== null && foreign.what !== JSON_TEXT) {
    const hint = foreign.hint === undefined ? "" : `\nhint: ${foreign.hint}`;
    throw new SyntaxError(`Cannot read ${name}: it is ${foreign.what}, not a COCO file${hint}`);
  }
  return decodeJson(bytes, name);
}
