/**
 * A model file whose weights are read when they are uploaded, piece by piece, with its SHA-256 on the way.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { openRegular } from "../fs/bounded_read.ts";
import { byteLengthOf, readAt } from "../fs/read_at.ts";
import { hashBytes } from "../fs/hash_bytes.ts";
import { readParts } from "../fs/read_parts.ts";
import type { Tensor } from "../tensor.ts";
import { describeHeader } from "../unet/model_format.ts";
import type { WeightsSource } from "../unet/weights_source.ts";
import {
  readSafetensorsLayout,
  safetensorsHeaderLength,
  type SafetensorsLayout,
} from "../weights/safetensors.ts";
import {
  completeDescription,
  type InputSettings,
  type LoadedModel,
  loadFault,
  loadModel,
} from "./load_model.ts";

/** A model whose weights may still be in its file. */
export interface OpenedModel extends LoadedModel {
  /** Reads the weights into a device's buffer; absent if `state` holds them. */
  readonly source?: WeightsSource;
}

/**
 * Opens a model file as {@linkcode loadModel} does, but reads only its header if that says all: its weights follow when
 * `source` is read, or when `state` or `sha256` is asked for without that.
 *
 * @throws as {@linkcode loadModel}
 */
export async function openModelFile(path: string, input: InputSettings = {}): Promise<OpenedModel> {
  // Whatever is unusual is read, or refused, as a whole.
  return await openHeader(path, input).catch(() => null) ?? await loadModel(path, input);
}

async function openHeader(path: string, input: InputSettings): Promise<OpenedModel | null> {
  using file = await openRegular(path);
  const size = byteLengthOf(file);
  const head = headOf(file, size);
  const layout = readSafetensorsLayout(head, size);
  if (layout.dataStart % 4 !== 0 || layout.entries.some(({ type }) => type !== "F32")) return null;
  const { description, described } = describeHeader({
    tensors: new Map(layout.entries.map(({ name, type, shape }) => [name, { type, shape }])),
    metadata: layout.metadata,
  });
  if (!described) return null;
  const complete = completeDescription(description, input);
  let sha256: string | undefined;
  return {
    path,
    description: complete,
    described,
    source: {
      tensors: new Map(
        layout.entries.map(({ name, shape, begin, end }) => [name, { shape, size: (end - begin) / 4 }]),
      ),
      pour: async (take) => {
        sha256 = await pour(path, size, head, layout, take).catch((error) => {
          throw loadFault(path, error);
        });
      },
    },
    state: new Map(layout.entries.map((entry) => [entry.name, lazyTensor(path, entry, layout)])),
    get sha256() {
      return sha256 ??= hashBytes(readBytes(path, 0, size));
    },
  };
}

/** A tensor whose values are read when they are asked for: some need the first layer's only. */
function lazyTensor(
  path: string,
  { shape, begin, end }: SafetensorsLayout["entries"][number],
  { dataStart }: SafetensorsLayout,
): Tensor {
  let data: Float32Array | undefined;
  return {
    shape,
    get data() {
      return data ??= new Float32Array(readBytes(path, dataStart + begin, end - begin).buffer);
    },
  };
}

function headOf(file: Deno.FsFile, size: number): Uint8Array {
  const read = (length: number) => {
    const bytes = new Uint8Array(Math.min(size, length));
    readAt(file, 0, bytes);
    return bytes;
  };
  return read(safetensorsHeaderLength(read(8)));
}

function readBytes(path: string, offset: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  using file = Deno.openSync(path);
  if (!readAt(file, offset, bytes)) throw changed(path);
  return bytes;
}

/** Hands over the values of each tensor, and returns the file's SHA-256. */
async function pour(
  path: string,
  size: number,
  head: Uint8Array,
  { entries, dataStart }: SafetensorsLayout,
  take: Parameters<WeightsSource["pour"]>[0],
): Promise<string> {
  using file = await Deno.open(path);
  const start = new Uint8Array(dataStart);
  // Sizes and places are those of the header that was checked.
  if (!readAt(file, 0, start) || !start.every((byte, at) => byte === head[at])) throw changed(path);
  const hash = createHash("sha256").update(start);
  let at = 0;
  let index = 0;
  for await (const part of readParts(file)) {
    if (dataStart + at + part.length > size || part.length % 4 !== 0) throw changed(path);
    hash.update(part);
    for (let used = 0; used < part.length;) {
      const { name, begin, end } = entries[index]!;
      const bytes = Math.min(part.length - used, end - at);
      if (bytes > 0) {
        take(name, (at - begin) / 4, new Float32Array(part.buffer, part.byteOffset + used, bytes / 4));
      }
      at += bytes;
      used += bytes;
      if (at === end) index++;
    }
  }
  if (dataStart + at !== size) throw changed(path);
  return hash.digest("hex");
}

function changed(path: string): Error {
  return new SyntaxError(`${JSON.stringify(path)} changed while it was read\nhint: run again`);
}
