/**
 * Writes a state dict as a checkpoint that `torch.load` reads, also with `weights_only=True`.
 * This module is browser compatible.
 *
 * @module
 */
import { joinBytes } from "../bytes.ts";
import type { StateDict } from "../tensor.ts";
import { checkTensor } from "./safetensors.ts";
import { type StoredFile, writeStoredZip } from "./zip_writer.ts";

const TOP = "archive";

/**
 * Writes an `OrderedDict` of contiguous float32 tensors in PyTorch's zip format; the same input gives the same bytes.
 *
 * @throws {TypeError} if a tensor's data does not fill its shape
 * @throws {RangeError} if the file would have 4 GiB or more
 */
export function writeTorchCheckpoint(tensors: StateDict): Uint8Array {
  const pickle = new PickleWriter();
  const storages: StoredFile[] = [];
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

/** Writes the few opcodes of protocol 2 that a state dict needs; without a memo, since nothing in it is shared. */
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

  /** An integer >= 0: BININT up to 31 bits, LONG1 above. */
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

  /** `_rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, backward_hooks)` over an entire storage. */
  tensor(key: string, count: number, shape: readonly number[]): void {
    this.global("torch._utils", "_rebuild_tensor_v2");
    this.opcode(0x28, 0x28); // MARK for the arguments, MARK for the storage's persistent id
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
    return joinBytes(this.#parts);
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
