/**
 * What a page is told of a model.
 *
 * @module
 */
import { basename, dirname, extname, resolve } from "node:path";
import { openRegular } from "../fs/bounded_read.ts";
import { byteLengthOf, readAt } from "../fs/read_at.ts";
import { classCount, headOf } from "../unet/config.ts";
import { modelClasses } from "../unet/model_classes.ts";
import { describeHeader, type ModelDescription } from "../unet/model_format.ts";
import { readSafetensorsHeader, safetensorsHeaderLength } from "../weights/safetensors.ts";
import type { ModelInfo } from "./api/model.ts";

/** Bytes of the longest header that is read for a list: a description has some kilobytes. */
const MAX_HEADER = 2 ** 22;

/** Names of files that say nothing of the model. */
const GENERIC = ["best", "model", "checkpoint"];

/** The name of a model for people: that of its run or folder, or of its file. */
export function modelName(path: string): string {
  const stem = basename(path, extname(path));
  return GENERIC.includes(stem) ? basename(dirname(resolve(path))) || stem : stem;
}

/** What a description says, for people. */
export function describeModel(
  description: ModelDescription,
): Pick<
  ModelInfo,
  | "classes"
  | "head"
  | "size"
  | "height"
  | "fit"
  | "patch"
  | "scale"
  | "filters"
  | "depth"
  | "threshold"
  | "recipe"
  | "epoch"
  | "dice"
> {
  const { network, size, height, fit, patch, scale, threshold, recipe, epoch, metrics } = description;
  return {
    classes: modelClasses(description),
    head: classCount(network) > 1 ? headOf(network) : "sigmoid",
    size,
    ...(height === undefined ? {} : { height }),
    ...(fit === undefined ? {} : { fit }),
    ...(patch === undefined ? {} : { patch }),
    ...(scale === undefined ? {} : { scale }),
    filters: network.filters,
    ...(network.depth === undefined ? {} : { depth: network.depth }),
    threshold,
    recipe: recipe ?? null,
    epoch: epoch ?? null,
    dice: metrics?.["valid/dice"] ?? null,
  };
}

/**
 * Describes a safetensors file by its header.
 *
 * @throws {Error} if it is none, or no model of this network
 */
export async function readModelInfo(path: string, id: string, url: string): Promise<ModelInfo> {
  const { mtime } = await Deno.stat(path);
  using file = await openRegular(path);
  const byteLength = byteLengthOf(file);
  const read = (count: number): Uint8Array => {
    const bytes = new Uint8Array(Math.min(count, byteLength));
    readAt(file, 0, bytes);
    return bytes;
  };
  const start = read(8);
  const length = start.length < 8 ? 0 : safetensorsHeaderLength(start);
  if (length > MAX_HEADER) throw new RangeError(`Cannot describe a model by a header of ${length} bytes`);
  const header = readSafetensorsHeader(read(length));
  const types = new Set([...header.tensors.values()].map(({ type }) => type));
  return {
    id,
    name: modelName(path),
    url,
    byteLength,
    sha256: null,
    ...describeModel(describeHeader(header).description),
    parameters: [...header.tensors.values()].reduce(
      (sum, { shape }) => sum + shape.reduce((product, extent) => product * extent, 1),
      0,
    ),
    precision: types.size === 1 && types.has("F16") ? "f16" : "f32",
    trained: mtime?.toISOString() ?? null,
  };
}
