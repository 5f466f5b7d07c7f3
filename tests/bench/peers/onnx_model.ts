/**
 * The network as an ONNX model, for onnxruntime.
 *
 * Field numbers are those of onnx.proto3 of https://github.com/onnx/onnx (IR version 8, operator set 13).
 *
 * @module
 */
import { bytesField, intField, message } from "../../../src/tracking/protobuf.ts";
import { completeConfig } from "../../../src/unet/config.ts";
import { initialBlock, parameterTable } from "../../../src/unet/parameters.ts";

/** Element type float32. */
const FLOAT = 1;

/** Kinds of attributes. */
const ATTRIBUTE = { int: 2, ints: 7 } as const;

/** The network with PyTorch's initialization, as the bytes of a model; input `images`, output `probabilities`. */
export function unetModel(filters: number, batch: number, size: number): Uint8Array<ArrayBuffer> {
  const table = parameterTable(completeConfig({ filters }));
  const block = initialBlock(table, 0);
  const nodes: Uint8Array[] = [];
  const node = (
    type: string,
    inputs: readonly string[],
    output: string,
    attributes: Record<string, number | number[]> = {},
  ) => {
    nodes.push(message(
      ...inputs.map((input) => bytesField(1, input)),
      bytesField(2, output),
      bytesField(4, type),
      ...Object.entries(attributes).map(([name, value]) => bytesField(5, attribute(name, value))),
    ));
    return output;
  };
  const convolve = (x: string, name: string, kernel: number) =>
    node("Conv", [x, `${name}.weight`, `${name}.bias`], name, {
      kernel_shape: [kernel, kernel],
      pads: kernel === 3 ? [1, 1, 1, 1] : [0, 0, 0, 0],
    });
  const twice = (x: string, name: string) => {
    let y = x;
    for (const conv of [`${name}.conv1`, `${name}.conv2`]) {
      y = node("Relu", [convolve(y, conv, 3)], `${conv}.relu`);
    }
    return y;
  };
  const skips: string[] = [];
  let x = "images";
  for (let level = 1; level <= 5; level++) {
    x = twice(x, `down${level}`);
    skips.push(x);
    x = node("MaxPool", [x], `pool${level}`, { kernel_shape: [2, 2], strides: [2, 2] });
  }
  x = twice(x, "bottleneck");
  for (let level = 1; level <= 5; level++) {
    const name = `up${level}.up`;
    const up = node("ConvTranspose", [x, `${name}.weight`, `${name}.bias`], name, {
      kernel_shape: [2, 2],
      strides: [2, 2],
    });
    x = twice(node("Concat", [up, skips.pop()!], `up${level}.joined`, { axis: 1 }), `up${level}`);
  }
  node("Sigmoid", [convolve(x, "outc", 1)], "probabilities");
  const initializers = table.list.map(({ name, shape, offset, size }) =>
    message(
      ...shape.map((extent) => intField(1, extent)),
      intField(2, FLOAT),
      bytesField(8, name),
      bytesField(9, new Uint8Array(block.buffer, 4 * offset, 4 * size)),
    )
  );
  const graph = message(
    ...nodes.map((bytes) => bytesField(1, bytes)),
    bytesField(2, "unet"),
    ...initializers.map((bytes) => bytesField(5, bytes)),
    bytesField(11, tensor("images", [batch, 3, size, size])),
    bytesField(12, tensor("probabilities", [batch, 1, size, size])),
  );
  const operators = message(bytesField(1, ""), intField(2, 13));
  return Uint8Array.from(message(intField(1, 8), bytesField(7, graph), bytesField(8, operators)));
}

function attribute(name: string, value: number | number[]): Uint8Array {
  return typeof value === "number"
    ? message(bytesField(1, name), intField(3, value), intField(20, ATTRIBUTE.int))
    : message(bytesField(1, name), ...value.map((item) => intField(8, item)), intField(20, ATTRIBUTE.ints));
}

function tensor(name: string, shape: number[]): Uint8Array {
  const extents = message(...shape.map((extent) => bytesField(1, intField(1, extent))));
  const type = bytesField(1, message(intField(1, FLOAT), bytesField(2, extents)));
  return message(bytesField(1, name), bytesField(2, type));
}
