/**
 * The parameters of the network: names, shapes, places in one flat block, initial values, and state dicts.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { StateDict, Tensor } from "../tensor.ts";
import { depthOf, DEPTHS, type UNetConfig } from "./config.ts";
import { uniformFloats } from "../random.ts";
import { allFinite } from "../math.ts";

/** One parameter tensor. */
export interface Parameter {
  /** The original's name, such as `down1.conv1.weight`. */
  readonly name: string;
  /** OIHW for convolutions, [in, out, 2, 2] for transposed ones, [channels] for the rest. */
  readonly shape: readonly number[];
  /** Number of values. */
  readonly size: number;
  /** Index of its first value in the flat block; a multiple of 64, so that it can be bound by itself. */
  readonly offset: number;
  /** It starts uniform in [-bound, bound), or with one value everywhere. */
  readonly initial: { readonly bound: number } | { readonly value: number };
}

/** All parameters of a network. */
export interface ParameterTable {
  /** In the order in which the original registers them. */
  readonly list: readonly Parameter[];
  /** Values of the flat block, padding included; a multiple of 64. */
  readonly blockSize: number;
  /** Values without padding. */
  readonly count: number;
  /** A parameter by name; throws a RangeError if there is none. */
  get(name: string): Parameter;
}

const ALIGNMENT = 64;

/** Lists the parameters of a network. */
export function parameterTable(config: UNetConfig): ParameterTable {
  const list: Parameter[] = [];
  let offset = 0;
  const add = (name: string, shape: number[], initial: Parameter["initial"]) => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    list.push({ name, shape, size, offset, initial });
    offset += Math.ceil(size / ALIGNMENT) * ALIGNMENT;
  };
  const layer = (name: string, shape: number[], outputs: number, fanIn: number) => {
    const bound = 1 / Math.sqrt(fanIn);
    add(`${name}.weight`, shape, { bound });
    add(`${name}.bias`, [outputs], { bound });
  };
  const norm = (name: string, channels: number) => {
    if (config.norm === "none") return;
    add(`${name}.weight`, [channels], { value: 1 });
    add(`${name}.bias`, [channels], { value: 0 });
  };
  const block = (name: string, inputs: number, outputs: number) => {
    layer(`${name}.conv1`, [outputs, inputs, 3, 3], outputs, inputs * 9);
    norm(`${name}.norm1`, outputs);
    layer(`${name}.conv2`, [outputs, outputs, 3, 3], outputs, outputs * 9);
    norm(`${name}.norm2`, outputs);
  };
  const { filters, inChannels, outChannels } = config;
  const depth = depthOf(config);
  for (let level = 1; level <= depth; level++) {
    block(`down${level}`, level === 1 ? inChannels : filters * 2 ** (level - 2), filters * 2 ** (level - 1));
  }
  block("bottleneck", filters * 2 ** (depth - 1), filters * 2 ** depth);
  for (let level = 1; level <= depth; level++) {
    const outputs = filters * 2 ** (depth - level);
    layer(`up${level}.up`, [2 * outputs, outputs, 2, 2], outputs, outputs * 4);
    block(`up${level}`, 2 * outputs, outputs);
  }
  layer("outc", [outChannels, filters, 1, 1], outChannels, filters);
  const byName = new Map(list.map((parameter) => [parameter.name, parameter]));
  return {
    list,
    blockSize: offset,
    count: list.reduce((sum, { size }) => sum + size, 0),
    get(name) {
      const parameter = byName.get(name);
      if (!parameter) {
        throw new RangeError(`Cannot find parameter "${name}": the network has no parameter of this name`);
      }
      return parameter;
    },
  };
}

/**
 * How weights are drawn. `default` is PyTorch's: uniform in +-1 / sqrt(fan_in), biases too. It shrinks what passes a
 * layer to 0.4 of it, so that without normalization the deep levels hardly reach the output. `he` keeps the variance
 * (He et al. 2015, "Delving Deep into Rectifiers"): sqrt(6) times as wide, biases 0; the last layer stays PyTorch's.
 */
export type Initialization = "default" | "he";

/** Weights of `he` relative to PyTorch's. */
const HE_GAIN = Math.sqrt(6);

/** PyTorch's default initialization, drawn by seed and place in the block. */
export function initialBlock(table: ParameterTable, seed: number): Float32Array<ArrayBuffer> {
  const block = new Float32Array(table.blockSize);
  for (const { offset, data } of initialValues(table, seed)) block.set(data, offset);
  return block;
}

/** The values of {@linkcode initialBlock} tensor by tensor; each is valid until the next one, which reuses its memory. */
export function* initialValues(
  table: ParameterTable,
  seed: number,
  how: Initialization = "default",
): Generator<PlacedValues> {
  const memory = new Float32Array(Math.max(...table.list.map(({ size }) => size)));
  for (const [index, { name, offset, size, initial }] of table.list.entries()) {
    const data = memory.subarray(0, size);
    const isScaled = how === "he" && !name.startsWith("outc.");
    if ("value" in initial) data.fill(initial.value);
    else if (isScaled && name.endsWith(".bias")) data.fill(0);
    else uniformFloats(data, seed, index, isScaled ? HE_GAIN * initial.bound : initial.bound);
    yield { offset, data };
  }
}

/** Names the tensors of a flat block; they share its memory. */
export function blockToState(table: ParameterTable, block: Float32Array): StateDict {
  return new Map(
    table.list.map((
      { name, shape, offset, size },
    ) => [name, { shape, data: block.subarray(offset, offset + size) }]),
  );
}

/** Values and their place in a flat block. */
export interface PlacedValues {
  /** Index of the first value in the block. */
  readonly offset: number;
  /** The values. */
  readonly data: Float32Array<ArrayBuffer>;
}

/**
 * Checks a state dict against the network and returns the place of each tensor in a flat block.
 *
 * @throws {TypeError} naming tensors that are missing, unexpected or of another shape.
 * @throws {RangeError} naming a tensor with a value that is not finite.
 */
export function placeState(table: ParameterTable, state: StateDict): PlacedValues[] {
  checkShapes(
    table,
    new Map([...state].map(([name, { shape, data }]) => [name, { shape, size: data.length }])),
  );
  return table.list.map(({ name, offset }) => {
    const { data } = state.get(name) as Tensor;
    checkFinite(name, data);
    return { offset, data: data as Float32Array<ArrayBuffer> };
  });
}

/**
 * Checks that there is each tensor of a network, and no other.
 *
 * @throws {TypeError} naming tensors that are missing, unexpected or of another shape.
 */
export function checkShapes(
  table: ParameterTable,
  tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly size: number }>,
): void {
  const known = new Set(table.list.map(({ name }) => name));
  const missing = table.list.filter(({ name }) => !tensors.has(name)).map(({ name }) => name);
  const unexpected = [...tensors.keys()].filter((name) => !known.has(name));
  const misshapen = table.list.flatMap(({ name, shape, size }) => {
    const tensor = tensors.get(name);
    if (!tensor || (sameShape(tensor.shape, shape) && tensor.size === size)) return [];
    return [`${name} is [${tensor.shape.join(", ")}], the network's is [${shape.join(", ")}]`];
  });
  const faults = [
    missing.length > 0 ? `missing: ${enumerate(missing)}` : "",
    unexpected.length > 0 ? `unexpected: ${enumerate(unexpected)}` : "",
    misshapen.length > 0 ? `misshapen: ${enumerate(misshapen)}` : "",
  ].filter((fault) => fault !== "");
  if (faults.length > 0) {
    throw new TypeError(
      `Cannot load the state dict: ${
        faults.join("; ")
      }\nhint: the network needs the filters, classes and norm of the ` +
        "file, and its depth; inferConfig() infers them from a state dict",
    );
  }
}

/**
 * Checks values of a tensor, the first of which is that at index `first`.
 *
 * @throws {RangeError} naming one that is not finite.
 */
export function checkFinite(name: string, data: Float32Array, first = 0): void {
  if (allFinite(data)) return;
  const bad = data.findIndex((value) => !Number.isFinite(value));
  throw new RangeError(`Cannot load the state dict: ${name} holds ${data[bad]} at index ${first + bad}`);
}

/**
 * Infers channels, classes, filters, norm and depth, unless it is 5, from a state dict. Dropout leaves no trace in the
 * weights.
 *
 * @throws {TypeError} if the first or last weight is missing.
 */
export function inferConfig(
  state: StateDict,
): Pick<UNetConfig, "inChannels" | "outChannels" | "filters" | "norm" | "depth"> {
  const first = state.get("down1.conv1.weight")?.shape;
  const last = state.get("outc.weight")?.shape;
  if (first?.length !== 4 || last?.length !== 4) {
    const names = [...state.keys()].map((name) => JSON.stringify(name.slice(0, 100)));
    throw new TypeError(
      'Cannot infer the network: no 4-dimensional "down1.conv1.weight" and "outc.weight" among ' +
        `${state.size} tensors${names.length > 0 ? `: ${enumerate(names)}` : ""}\n` +
        "hint: the weights must be of this U-Net, with the names of its PyTorch original",
    );
  }
  return {
    inChannels: first[1]!,
    outChannels: last[0]!,
    filters: first[0]!,
    norm: state.has("down1.norm1.weight") ? "instance" : "none",
    ...inferDepth(state),
  };
}

function inferDepth(state: StateDict): Pick<UNetConfig, "depth"> {
  let depth = 0;
  while (state.has(`down${depth + 1}.conv1.weight`)) depth++;
  // What lacks levels, or has more, is refused by the names of its tensors.
  const isOther = depth !== DEPTHS.default && depth >= DEPTHS.least && depth <= DEPTHS.most;
  return isOther ? { depth } : {};
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((extent, index) => extent === b[index]);
}

function enumerate(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
