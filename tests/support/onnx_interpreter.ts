/**
 * Runs an ONNX model in float64 by plain loops, node by node: the operators that `src/onnx` writes, after their
 * definitions in operator set 17. It reads the file with the independent protobuf reader of the tests.
 *
 * @module
 */
import { conv2dForward } from "../reference/conv2d.ts";
import { convTranspose2dForward } from "../reference/conv_transpose2d.ts";
import { instanceNormForward } from "../reference/instance_norm.ts";
import { maxPool2dForward } from "../reference/max_pool2d.ts";
import { Message } from "./tracking_files.ts";

/** A tensor of any rank, row-major. */
export interface OnnxValue {
  /** Its extents. */
  readonly shape: readonly number[];
  /** Its values. */
  readonly data: ArrayLike<number>;
}

/** A node of the graph. */
export interface OnnxNode {
  /** The operator. */
  readonly type: string;
  /** The names of what it reads. */
  readonly inputs: readonly string[];
  /** The name of its result. */
  readonly output: string;
  /** Its attributes, each as a list. */
  readonly attributes: Readonly<Record<string, readonly number[]>>;
}

/** A read model. */
export interface OnnxModel {
  /** Format version and operator set. */
  readonly versions: readonly [ir: number, opset: number];
  /** The metadata. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Name and extents of inputs and outputs. */
  readonly inputs: Readonly<Record<string, readonly (number | string)[]>>;
  /** See {@linkcode OnnxModel.inputs}. */
  readonly outputs: Readonly<Record<string, readonly (number | string)[]>>;
  /** Constants by name. */
  readonly constants: ReadonlyMap<string, OnnxValue>;
  /** In the order of computation. */
  readonly nodes: readonly OnnxNode[];
}

/** Reads a model. */
export function readOnnx(bytes: Uint8Array): OnnxModel {
  const model = new Message(bytes);
  const graph = model.message(7);
  const extents = (info: Message) =>
    info.message(2).message(1).message(2).messages(1).map((dim) => dim.has(1) ? dim.int(1) : dim.text(2));
  const infos = (field: number) =>
    Object.fromEntries(graph.messages(field).map((info) => [info.text(1), extents(info)]));
  return {
    versions: [model.int(1), model.message(8).int(2)],
    metadata: Object.fromEntries(model.messages(14).map((entry) => [entry.text(1), entry.text(2)])),
    inputs: infos(11),
    outputs: infos(12),
    constants: new Map(graph.messages(5).map((tensor) => [tensor.text(8), readTensor(tensor)])),
    nodes: graph.messages(1).map((node) => ({
      type: node.text(4),
      inputs: node.all(1).map((name) => new TextDecoder().decode(name as Uint8Array)),
      output: node.text(2),
      attributes: Object.fromEntries(
        node.messages(5).map((entry) => [
          entry.text(1),
          entry.int(20) === 7 ? entry.all(8).map(Number) : [entry.int(3)],
        ]),
      ),
    })),
  };
}

function readTensor(tensor: Message): OnnxValue {
  const bytes = tensor.bytes(9).slice();
  const data = tensor.int(2) === 1
    ? new Float32Array(bytes.buffer)
    : Array.from(new BigInt64Array(bytes.buffer), Number);
  return { shape: tensor.all(1).map(Number), data };
}

/** Computes every value of the graph; throws for an operator that it does not know. */
export function runOnnx(
  model: OnnxModel,
  feeds: Readonly<Record<string, OnnxValue>>,
): Map<string, OnnxValue> {
  const values = new Map<string, OnnxValue>([...model.constants, ...Object.entries(feeds)]);
  for (const { type, inputs, output, attributes } of model.nodes) {
    const operands = inputs.map((name) => {
      const value = values.get(name);
      if (value === undefined) throw new Error(`"${name}" is read before it is computed`);
      return value;
    });
    const operator = OPERATORS[type];
    if (operator === undefined) throw new Error(`unknown operator ${type}`);
    values.set(output, operator(operands as [OnnxValue, ...OnnxValue[]], attributes));
  }
  return values;
}

type Operator = (inputs: [OnnxValue, ...OnnxValue[]], attributes: OnnxNode["attributes"]) => OnnxValue;

const OPERATORS: Readonly<Record<string, Operator>> = {
  Conv([x, w, b], { kernel_shape, pads }) {
    const [batch, inChannels, height, width] = x.shape as [number, number, number, number];
    const outChannels = w!.shape[0]!;
    const shape = {
      batch,
      inChannels,
      outChannels,
      height,
      width,
      kernel: kernel_shape![0]!,
      padding: pads?.[0] ?? 0,
    };
    return {
      shape: [batch, outChannels, height, width],
      data: conv2dForward(x.data, w!.data, b!.data, shape),
    };
  },
  ConvTranspose([x, w, b]) {
    const [batch, inChannels, height, width] = x.shape as [number, number, number, number];
    const outChannels = w!.shape[1]!;
    const data = convTranspose2dForward(x.data, w!.data, b!.data, {
      batch,
      inChannels,
      outChannels,
      height,
      width,
    });
    return { shape: [batch, outChannels, 2 * height, 2 * width], data };
  },
  InstanceNormalization([x, scale, bias], attributes) {
    if ("epsilon" in attributes) throw new Error("expected the default epsilon");
    const [batch, channels, height, width] = x.shape as [number, number, number, number];
    const shape = { batch, channels, count: height * width };
    return { shape: x.shape, data: instanceNormForward(x.data, scale!.data, bias!.data, shape) };
  },
  MaxPool([x]) {
    const [batch, channels, height, width] = x.shape as [number, number, number, number];
    return {
      shape: [batch, channels, height / 2, width / 2],
      data: maxPool2dForward(x.data, batch * channels, height, width),
    };
  },
  Concat([a, b]) {
    const [batch, ...rest] = a.shape as [number, ...number[]];
    const [left, right] = [a.data.length / batch, b!.data.length / batch];
    const data = new Float64Array(a.data.length + b!.data.length);
    for (let n = 0; n < batch; n++) {
      for (let i = 0; i < left; i++) data[n * (left + right) + i] = a.data[n * left + i]!;
      for (let i = 0; i < right; i++) data[n * (left + right) + left + i] = b!.data[n * right + i]!;
    }
    return { shape: [batch, rest[0]! + b!.shape[1]!, ...rest.slice(1)], data };
  },
  Relu: ([x]) => map(x, (value) => Math.max(0, value)),
  Sigmoid: ([x]) => map(x, (value) => 1 / (1 + Math.exp(-value))),
  Sqrt: ([x]) => map(x, Math.sqrt),
  Sub: ([a, b]) => broadcast(a, b!, (x, y) => x - y),
  Mul: ([a, b]) => broadcast(a, b!, (x, y) => x * y),
  Div: ([a, b]) => broadcast(a, b!, (x, y) => x / y),
  Max: ([a, b]) => broadcast(a, b!, Math.max),
  ReduceMean([x], { axes, keepdims }) {
    if (axes?.length !== 1 || keepdims?.[0] !== 1) throw new Error("expected one axis that is kept");
    return along(x, axes[0]!, (values) => [values.reduce((sum, value) => sum + value, 0) / values.length]);
  },
  Softmax: ([x], { axis }) =>
    along(x, axis![0]!, (values) => {
      const powers = values.map((value) => Math.exp(value - Math.max(...values)));
      return powers.map((power) => power / powers.reduce((sum, value) => sum + value, 0));
    }),
  Slice: ([x, from, to, axis]) =>
    along(x, axis!.data[0]!, (values) => values.slice(from!.data[0], to!.data[0])),
};

function map({ shape, data }: OnnxValue, value: (x: number) => number): OnnxValue {
  return { shape, data: Float64Array.from(data, value) };
}

/** Elementwise, where each extent of `b`, aligned at the end, is that of `a` or 1. */
function broadcast(a: OnnxValue, b: OnnxValue, value: (x: number, y: number) => number): OnnxValue {
  const extents = a.shape.map((_, axis) => b.shape[axis - a.shape.length + b.shape.length] ?? 1);
  const data = Float64Array.from(a.data, (x, index) => {
    let at = 0;
    let step = 1;
    let rest = index;
    for (let axis = a.shape.length - 1; axis >= 0; axis--) {
      if (extents[axis] !== 1) at += step * (rest % a.shape[axis]!);
      rest = Math.floor(rest / a.shape[axis]!);
      step *= extents[axis]!;
    }
    return value(x, b.data[at]!);
  });
  return { shape: a.shape, data };
}

/** Replaces each line of values along an axis. */
function along(x: OnnxValue, axis: number, line: (values: number[]) => number[]): OnnxValue {
  const length = x.shape[axis]!;
  const inner = x.shape.slice(axis + 1).reduce((product, extent) => product * extent, 1);
  const outer = x.data.length / length / inner;
  let count = 0;
  let data = new Float64Array(0);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const result = line(Array.from({ length }, (_, k) => x.data[(o * length + k) * inner + i]!));
      if (o + i === 0) data = new Float64Array(outer * inner * (count = result.length));
      result.forEach((value, k) => data[(o * count + k) * inner + i] = value);
    }
  }
  return { shape: x.shape.map((extent, at) => at === axis ? count : extent), data };
}
