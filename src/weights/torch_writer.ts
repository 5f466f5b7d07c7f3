/**
 * A state dict to a checkpoint that `torch.load` reads, with `weights_only=True` too.
 *
 * @module
 */
import type { StateDict } from "../tensor.ts";
import { checkTensor } from "./safetensors.ts";
import { writeStoredZip, type ZipFile } from "./zip_writer.ts";

const TOP = "archive";

/**
 * Writes an `OrderedDict` of contiguous float32 tensors in PyTorch's zip format; the same input gives the same bytes.
 *
 * @throws {TypeError} where a tensor's data does not fill its shape
 * @throws {RangeError} where the file would be 4 GiB or more
 */
export function writeTorchCheckpoint(tensors: StateDict): Uint8Array {
  const pickle = new PickleWriter();
  const storages: ZipFile[] = [];
  pickle.opcode(0x80, 2); // PROTO
  pickle.emptyOrderedDict();
  pickle.opcode(0x28); // MARK
  for (const [name, { shape, data }] of tensors) {
    checkTensor("checkpoint", name, { shape, data });
    const key = String(storages.length);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    storages.push({ name: `${TOP}/data/${key}`, bytes });
    pickle.text(name);
    pickle.tensor(key, data.length, shape);
  }
  pickle.opcode(0x75, 0x2e); // SETITEMS, STOP
  const encoder = new TextEncoder();
  return writeStoredZip([
    { name: `${TOP}/data.pkl`, bytes: pickle.bytes() },
    { name: `${TOP}/byteorder`, bytes: encoder.encode("little") },
    ...storages,
    { name: `${TOP}/version`, bytes: encoder.encode("3\n") },
  ]);
}

/** Writes the few opcodes of protocol 2 that a state dict takes, without a memo: nothing in it is shared. */
class PickleWriter {
  readonly #parts: Uint8Array[] = [];

  opcode(...bytes: number[]): void {
    this.#parts.push(new Uint8Array(bytes));
  }

  global(module: string, name: string): void {
    this.#parts.push(new TextEncoder().encode(`c${module}\n${name}\n`));
  }

  text(text: string): void {
    const encoded = new TextEncoder().encode(text);
    const head = new Uint8Array(5);
    head[0] = 0x58; // BINUNICODE
    new DataView(head.buffer).setUint32(1, encoded.length, true);
    this.#parts.push(head, encoded);
  }

  /** A whole number from 0: BININT up to 31 bits, LONG1 above. */
  integer(value: number): void {
    const bytes = new Uint8Array(value < 2 ** 31 ? 5 : 10);
    const view = new DataView(bytes.buffer);
    if (value < 2 ** 31) {
      bytes[0] = 0x4a;
      view.setInt32(1, value, true);
    } else {
      bytes.set([0x8a, 8]);
      view.setBigInt64(2, BigInt(value), true);
    }
    this.#parts.push(bytes);
  }

  tuple(values: readonly number[]): void {
    this.opcode(0x28); // MARK
    for (const value of values) this.integer(value);
    this.opcode(0x74); // TUPLE
  }

  emptyOrderedDict(): void {
    this.global("collections", "OrderedDict");
    this.opcode(0x29, 0x52); // EMPTY_TUPLE, REDUCE
  }

  /** `_rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, backward_hooks)` of a whole storage. */
  tensor(key: string, count: number, shape: readonly number[]): void {
    this.global("torch._utils", "_rebuild_tensor_v2");
    this.opcode(0x28, 0x28); // MARK for the arguments, MARK for the storage's identity
    this.text("storage");
    this.global("torch", "FloatStorage");
    this.text(key);
    this.text("cpu");
    this.integer(count);
    this.opcode(0x74, 0x51); // TUPLE, BINPERSID
    this.integer(0);
    this.tuple(shape);
    this.tuple(contiguousStrides(shape));
    this.opcode(0x89); // NEWFALSE
    this.emptyOrderedDict();
    this.opcode(0x74, 0x52); // TUPLE, REDUCE
  }

  bytes(): Uint8Array {
    const total = this.#parts.reduce((sum, part) => sum + part.length, 0);
    const bytes = new Uint8Array(total);
    let at = 0;
    for (const part of this.#parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }
}

function contiguousStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= Math.max(1, shape[axis]!);
  }
  return strides;
}
