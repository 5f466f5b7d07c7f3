/**
 * A tensor of a PyTorch checkpoint: a strided view of a storage, read on demand.
 * This module is browser compatible.
 *
 * @module
 */
import type { Tensor } from "../tensor.ts";
import { countElements, decodeFloats, FLOAT_BYTES, type FloatType, readFloat } from "./floats.ts";
import { quote, showShape } from "./message.ts";

/** The floating-point storages, by PyTorch's type names. */
const FLOAT_STORAGES: ReadonlyMap<string, FloatType> = new Map([
  ["torch.FloatStorage", "F32"],
  ["torch.HalfStorage", "F16"],
  ["torch.BFloat16Storage", "BF16"],
  ["torch.DoubleStorage", "F64"],
]);

/** A storage that the pickle of a checkpoint names; several tensors may share it. */
export class TorchStorage {
  /** PyTorch's type, the key of the archive's entry, and the number of values, as the pickle states them. */
  constructor(readonly type: string, readonly key: string, readonly count: number) {}
}

/** A strided view: the value at index (i, j, ...) is the storage's at `offset + i*strides[0] + j*strides[1] ...`. */
export class TorchTensor {
  /** The pickle's statements, unchecked: a tensor that nobody reads may be anything. */
  constructor(
    readonly storage: TorchStorage,
    readonly offset: unknown,
    readonly shape: readonly unknown[],
    readonly strides: readonly unknown[],
  ) {}

  /**
   * Checks that the view lies within its storage; returns its number of values.
   *
   * @throws {SyntaxError} if it does not, or if shape, strides or offset are invalid
   * @throws {TypeError} if the storage holds no floating-point values
   */
  check(name: string): number {
    const { storage, offset, shape, strides } = this;
    if (!FLOAT_STORAGES.has(storage.type)) {
      throw new TypeError(
        `Cannot read checkpoint: tensor ${quote(name)} is a ${storage.type}, ` +
          `expected ${[...FLOAT_STORAGES.keys()].join(", ")}`,
      );
    }
    const count = countElements(shape);
    const extents = shape as readonly number[];
    if (
      count === undefined || strides.length !== shape.length || !strides.every(isIndex) || !isIndex(offset)
    ) {
      throw new SyntaxError(
        `Cannot read checkpoint: tensor ${quote(name)} has shape ${showShape(shape)}, strides ${
          showShape(strides)
        }`,
      );
    }
    if (count === 0) return 0;
    const last = extents.reduce((sum, extent, axis) => sum + (extent - 1) * strides[axis]!, offset);
    if (last >= storage.count) {
      throw new SyntaxError(
        `Cannot read checkpoint: tensor ${quote(name)} reaches value ${last} of storage ${
          quote(storage.key)
        }, ` +
          `which has ${storage.count}`,
      );
    }
    return count;
  }

  /**
   * Reads the values, row-major, from the storage's bytes; {@linkcode TorchTensor.check} must have passed.
   *
   * @throws {SyntaxError} if the storage is not as long as the pickle says
   */
  read(bytes: Uint8Array, name: string): Tensor {
    const { storage, shape } = this;
    const type = FLOAT_STORAGES.get(storage.type)!;
    const size = FLOAT_BYTES[type];
    if (bytes.length !== size * storage.count) {
      throw new SyntaxError(
        `Cannot read checkpoint: storage ${quote(storage.key)} of tensor ${
          quote(name)
        } has ${bytes.length} bytes, ` +
          `expected ${size * storage.count}`,
      );
    }
    const extents = shape as readonly number[];
    const strides = this.strides as readonly number[];
    const offset = this.offset as number;
    const count = countElements(shape)!;
    const data = isContiguous(extents, strides)
      ? decodeFloats(bytes.subarray(size * offset, size * (offset + count)), type)
      : gather(bytes, type, { extents, strides, offset, count });
    return { shape: [...extents], data };
  }
}

/** Whether the values are contiguous and row-major; axes of extent 1 may have any stride. */
function isContiguous(extents: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = extents.length - 1; axis >= 0; axis--) {
    if (extents[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= extents[axis]!;
  }
  return true;
}

interface View {
  extents: readonly number[];
  strides: readonly number[];
  offset: number;
  count: number;
}

function gather(
  bytes: Uint8Array,
  type: FloatType,
  { extents, strides, offset, count }: View,
): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = new Float32Array(count);
  const index = new Array<number>(extents.length).fill(0);
  let at = offset;
  for (let position = 0; position < count; position++) {
    data[position] = readFloat(view, type, at);
    // Advances the index like an odometer, and the position with it.
    for (let axis = extents.length - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++index[axis]! < extents[axis]!) break;
      at -= strides[axis]! * extents[axis]!;
      index[axis] = 0;
    }
  }
  return data;
}

function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
