/**
 * The parts of ONNX's file format that a network needs: nodes, constants, inputs and outputs with symbolic extents.
 *
 * Field numbers are those of onnx.proto3 of https://github.com/onnx/onnx (IR version 8).
 * This module is browser compatible.
 *
 * @module
 */
import { bytesField, intField, message, partsField } from "../protobuf.ts";

/** The operator set whose definitions the nodes follow. */
export const OPSET = 17;

/** The version of the file format that belongs to it. */
const IR_VERSION = 8;

/** Element types. */
const ELEMENT = { float: 1, int64: 7 } as const;

/** Kinds of attributes. */
const ATTRIBUTE = { int: 2, ints: 7 } as const;

/** Protobuf's limit on a message: readers refuse more. */
const MOST_BYTES = 2 ** 31 - 1;

/** An extent of an input or output: a number, or the name of one that is only known when the model runs. */
export type Extent = number | string;

/** What surrounds a graph in its file. */
export interface OnnxHeader {
  /** The program that wrote it. */
  readonly producer: string;
  /** What the model is, for people. */
  readonly description: string;
  /** Texts by name, for programs that run it. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A graph that is written node by node, in the order of computation. */
export class OnnxGraph {
  readonly #nodes: Uint8Array[] = [];
  readonly #constants: Uint8Array[] = [];
  readonly #inputs: Uint8Array[] = [];
  readonly #outputs: Uint8Array[] = [];

  /** A float32 input of the model; returns its name. */
  input(name: string, shape: readonly Extent[]): string {
    this.#inputs.push(bytesField(11, valueInfo(name, shape)));
    return name;
  }

  /** Declares a computed value as a float32 output of the model. */
  output(name: string, shape: readonly Extent[]): void {
    this.#outputs.push(bytesField(12, valueInfo(name, shape)));
  }

  /** A float32 constant, whose memory is not copied; returns its name. */
  floats(name: string, shape: readonly number[], values: Float32Array): string {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    return this.#constant(name, shape, ELEMENT.float, bytes);
  }

  /** A list of integers; returns its name. */
  integers(name: string, values: readonly number[]): string {
    const bytes = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    return this.#constant(name, [values.length], ELEMENT.int64, bytes);
  }

  /** An operation on named values; returns its output's name, which is also the node's. */
  node(
    type: string,
    inputs: readonly string[],
    output: string,
    attributes: Readonly<Record<string, number | readonly number[]>> = {},
  ): string {
    this.#nodes.push(bytesField(
      1,
      message(
        ...inputs.map((input) => bytesField(1, input)),
        bytesField(2, output),
        bytesField(3, output),
        bytesField(4, type),
        ...Object.entries(attributes).map(([name, value]) => bytesField(5, attribute(name, value))),
      ),
    ));
    return output;
  }

  /**
   * The file in parts; those of constants are views of their memory.
   *
   * @throws {RangeError} if it has 2 GiB or more, which protobuf does not allow
   */
  parts({ producer, description, metadata }: OnnxHeader): Uint8Array[] {
    const graph = [
      ...this.#nodes,
      bytesField(2, "model"),
      ...this.#constants,
      ...this.#inputs,
      ...this.#outputs,
    ];
    const parts = [
      intField(1, IR_VERSION),
      bytesField(2, producer),
      bytesField(6, description),
      ...partsField(7, graph),
      bytesField(8, message(bytesField(1, ""), intField(2, OPSET))),
      ...Object.entries(metadata).map(([name, text]) =>
        bytesField(14, message(bytesField(1, name), bytesField(2, text)))
      ),
    ];
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    if (length > MOST_BYTES) {
      throw new RangeError(
        `Cannot write an ONNX file of ${length} bytes: its format is limited to ${MOST_BYTES}\n` +
          "hint: keep the model as .safetensors or .pth, or train one with fewer --filters",
      );
    }
    return parts;
  }

  #constant(name: string, shape: readonly number[], type: number, bytes: Uint8Array): string {
    const head = message(
      ...shape.map((extent) => intField(1, extent)),
      intField(2, type),
      bytesField(8, name),
    );
    this.#constants.push(...partsField(5, [head, ...partsField(9, [bytes])]));
    return name;
  }
}

function attribute(name: string, value: number | readonly number[]): Uint8Array {
  return typeof value === "number"
    ? message(bytesField(1, name), intField(3, value), intField(20, ATTRIBUTE.int))
    : message(bytesField(1, name), ...value.map((item) => intField(8, item)), intField(20, ATTRIBUTE.ints));
}

function valueInfo(name: string, shape: readonly Extent[]): Uint8Array {
  const extents = shape.map((extent) =>
    bytesField(1, typeof extent === "number" ? intField(1, extent) : bytesField(2, extent))
  );
  const tensor = message(intField(1, ELEMENT.float), bytesField(2, message(...extents)));
  return message(bytesField(1, name), bytesField(2, bytesField(1, tensor)));
}
