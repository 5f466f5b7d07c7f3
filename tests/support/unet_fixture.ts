/**
 * PyTorch's results for the whole network, from `tests/fixtures/unet/`, and their inputs, generated from a seed.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Head, logitChannels } from "../../src/unet/config.ts";
import type { StateDict, Tensor } from "../../src/tensor.ts";
import { readSafetensors } from "../../src/weights/safetensors.ts";
import { mix32, uniformFloats } from "./random.ts";

const FOLDER = new URL("../fixtures/unet/", import.meta.url);

/** The contents of `CASE.json`, written by `tests/fixtures/unet/make_fixtures.py`. */
export interface UnetReport {
  /** Seed of the inputs. */
  seed: number;
  /** Feature maps of the first level. */
  filters: number;
  /** Norm after each 3 x 3 convolution. */
  norm: "none" | "instance";
  /** Poolings; absent for 5. */
  depth?: number;
  /** Number of images. */
  batch: number;
  /** Rows. */
  height: number;
  /** Columns. */
  width: number;
  /** Classes; absent for one. */
  classes?: number;
  /** Absent for a sigmoid. */
  head?: Head;
  /** Digests of the inputs' float32 bytes; absent in cases of several classes. */
  sha256?: { weights: string; input: string; target: string };
  /** The loss and its terms before the first step. */
  parts: { loss: number; dice: number; bce: number; accuracy: number };
  /** The loss before each training step; absent if the case was not trained. */
  losses?: number[];
  /** Per parameter: the largest entry of the gradient, its norm, and sums of its entries with pseudo-random signs. */
  gradients: Record<string, { largest: number; norm: number; projections: number[] }>;
}

/** Values of a tensor at some of its flat indices, or at all of a small tensor. */
export interface Sampled {
  /** Flat indices. */
  indices: ArrayLike<number>;
  /** The value at each. */
  values: Float32Array;
}

/** A case: inputs of the network and PyTorch's results. */
export interface UnetFixture {
  /** PyTorch's results that are not tensors. */
  report: UnetReport;
  /** Parameters before the first step, in PyTorch's order. */
  weights: StateDict;
  /** The images, `[batch, 3, height, width]`. */
  images: Tensor;
  /** The masks, `[batch, 1, height, width]`, or as `Trainer.step` takes those of several classes. */
  target: Tensor;
  /** The stored values of the network's output, `[batch, classes, height, width]`. */
  output(kind: "logits" | "probabilities"): Sampled;
  /** The stored values of a parameter's gradient, or of the parameter after one or five Adam steps. */
  sampled(kind: "gradient" | "after1" | "after5", name: string): Sampled;
}

/** The values of a tensor at the indices of a sample. */
export function pick(data: ArrayLike<number>, { indices }: Sampled): Float32Array {
  return Float32Array.from(indices, (index) => data[index]!);
}

/** Reads a case, generates its inputs, and checks that they are bit for bit those that PyTorch was given. */
export async function loadUnetFixture(name: string): Promise<UnetFixture> {
  const report = JSON.parse(await Deno.readTextFile(new URL(`${name}.json`, FOLDER))) as UnetReport;
  const { tensors } = readSafetensors(await Deno.readFile(new URL(`${name}.safetensors`, FOLDER)));
  const weights: StateDict = new Map();
  const { filters, norm, depth, classes = 1, head, sha256 } = report;
  for (const [parameter, shape] of parameterShapes(filters, norm, logitChannels(classes, head), depth)) {
    weights.set(parameter, { shape, data: hotWeight(report.seed, parameter, shape) });
  }
  const images = makeImages(report);
  const target = tensors.get("target") ?? makeTarget(report);
  if (sha256) {
    assert.equal(await digest([...weights.values()]), sha256.weights, `${name}: weights`);
    assert.equal(await digest([images]), sha256.input, `${name}: input`);
    assert.equal(await digest([target]), sha256.target, `${name}: target`);
  }
  const find = (key: string, count: number): Sampled => {
    const values = tensors.get(key)!.data;
    return { indices: sampleIndices(count, values.length), values };
  };
  const output = (kind: string) => find(kind, report.batch * classes * report.height * report.width);
  const sampled = (kind: string, name: string) => find(`${kind}.${name}`, weights.get(name)!.data.length);
  return { report, weights, images, target, output, sampled };
}

/** Names and shapes of the original's parameters in PyTorch's order, for 3 input channels. */
export function parameterShapes(
  filters: number,
  norm: "none" | "instance",
  outputs = 1,
  depth = 5,
): Map<string, number[]> {
  const shapes = new Map<string, number[]>();
  const convolution = (name: string, weight: number[], channels: number) => {
    shapes.set(`${name}.weight`, weight);
    shapes.set(`${name}.bias`, [channels]);
  };
  const block = (name: string, inChannels: number, channels: number) => {
    for (const [index, from] of [inChannels, channels].entries()) {
      convolution(`${name}.conv${index + 1}`, [channels, from, 3, 3], channels);
      if (norm === "instance") convolution(`${name}.norm${index + 1}`, [channels], channels);
    }
  };
  const widths = Array.from({ length: depth }, (_, level) => filters * 2 ** level);
  widths.forEach((width, level) => block(`down${level + 1}`, widths[level - 1] ?? 3, width));
  block("bottleneck", widths.at(-1)!, 2 * widths.at(-1)!);
  for (const [index, width] of widths.toReversed().entries()) {
    convolution(`up${index + 1}.up`, [2 * width, width, 2, 2], width);
    block(`up${index + 1}`, 2 * width, width);
  }
  convolution("outc", [outputs, filters, 1, 1], outputs);
  return shapes;
}

/** Sums of all values with signs drawn by a hash, as in `projections` of the report. */
export function projections(values: ArrayLike<number>, count: number): number[] {
  const sums = new Array<number>(count).fill(0);
  const start = mix32(values.length);
  for (let index = 0; index < values.length; index++) {
    const bits = mix32(start + index);
    for (let k = 0; k < count; k++) sums[k]! += (bits >>> k) & 1 ? values[index]! : -values[index]!;
  }
  return sums;
}

// The functions below mirror those of make_fixtures.py.

function sampleIndices(count: number, most: number): ArrayLike<number> {
  if (count === most) return Array.from({ length: count }, (_, index) => index);
  let step = Math.floor(count * 0.6180339887498949);
  while (greatestCommonDivisor(step, count) !== 1) step++;
  return Array.from({ length: most }, (_, index) => index * step % count);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** FNV-1a of the name, plus the case's seed. */
function seedOf(seed: number, name: string): number {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) value = Math.imul(value ^ byte, 0x01000193);
  return (value + seed) >>> 0;
}

function hotWeight(caseSeed: number, name: string, shape: readonly number[]): Float32Array {
  const seed = seedOf(caseSeed, name);
  const count = shape.reduce((product, extent) => product * extent, 1);
  if (name.includes(".norm")) {
    return name.endsWith("weight") ? uniformFloats(seed, count, 0.5, 1) : uniformFloats(seed, count, 0.6, 1);
  }
  if (name.endsWith("bias")) return uniformFloats(seed, count, 0.2);
  if (name.includes(".up.")) return uniformFloats(seed, count, Math.sqrt(3 / shape[0]!));
  const gain = name === "outc.weight" ? 3 : 6;
  return uniformFloats(seed, count, Math.sqrt(gain / (shape[1]! * shape[2]! * shape[3]!)));
}

function makeImages({ seed, batch, height, width }: UnetReport): Tensor {
  const [rows, columns] = [height / 8, width / 8];
  const coarse = uniformFloats(seedOf(seed, "coarse"), batch * 3 * rows * columns, 1.2);
  const data = uniformFloats(seedOf(seed, "fine"), batch * 3 * height * width, 0.8);
  for (let index = 0; index < data.length; index++) {
    const column = index % width >> 3;
    const row = Math.floor(index / width) % height >> 3;
    const plane = Math.floor(index / (width * height));
    data[index]! += coarse[(plane * rows + row) * columns + column]!;
  }
  return { shape: [batch, 3, height, width], data };
}

function makeTarget({ batch, height, width }: UnetReport): Tensor {
  const data = new Float32Array(batch * height * width);
  for (let index = 0; index < data.length; index++) {
    const k = Math.floor(index / (width * height));
    const down = Math.floor(index / width) % height - Math.floor(height * (2 + k) / 6);
    const right = index % width - Math.floor(width * (4 - k) / 6);
    const radius = Math.floor(Math.min(height, width) / (4 + k));
    if (down ** 2 + right ** 2 < radius ** 2) data[index] = 1;
  }
  return { shape: [batch, 1, height, width], data };
}

async function digest(tensors: readonly Tensor[]): Promise<string> {
  const total = tensors.reduce((sum, { data }) => sum + data.length, 0);
  const all = new Float32Array(total);
  let at = 0;
  for (const { data } of tensors) {
    all.set(data, at);
    at += data.length;
  }
  const hash = await crypto.subtle.digest("SHA-256", all);
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
