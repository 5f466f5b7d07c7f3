/**
 * Checkpoints as training scripts save them, pickled by hand.
 *
 * @module
 */
import { writeStoredZip } from "../../src/weights/zip_writer.ts";

const encoder = new TextEncoder();

/** A tensor of these values, on a storage of its own. */
export class Values {
  /** Wraps the values. */
  constructor(readonly values: readonly number[]) {}
}

/** Bytes of a pickle that stand for themselves. */
export class Opcodes {
  /** Wraps the bytes. */
  constructor(readonly bytes: readonly number[]) {}
}

/** What can be pickled: an object becomes a dict. */
export type Pickled = string | number | null | Values | Opcodes | { [key: string]: Pickled };

const text = (value: string) => {
  const bytes = encoder.encode(value);
  return [0x58, bytes.length & 255, bytes.length >> 8, 0, 0, ...bytes];
};
const global = (module: string, name: string) => [...encoder.encode(`c${module}\n${name}\n`)];

/** A checkpoint of PyTorch's layout whose pickle is `root`. */
export function makeCheckpoint(root: Pickled): Uint8Array {
  const storages: Uint8Array[] = [];
  const pickle = (value: Pickled): number[] => {
    if (value === null) return [0x4e];
    if (typeof value === "string") return text(value);
    if (typeof value === "number") return [0x4b, value];
    if (value instanceof Opcodes) return [...value.bytes];
    if (value instanceof Values) {
      const key = String(storages.push(new Uint8Array(Float32Array.from(value.values).buffer)) - 1);
      const count = [0x4b, value.values.length];
      return [
        ...global("torch._utils", "_rebuild_tensor_v2"),
        0x28,
        ...[
          0x28,
          ...text("storage"),
          ...global("torch", "FloatStorage"),
          ...text(key),
          ...text("cpu"),
          ...count,
        ],
        ...[0x74, 0x51, 0x4b, 0, ...count, 0x85, 0x4b, 1, 0x85, 0x89, 0x4e, 0x74, 0x52],
      ];
    }
    const items = Object.entries(value).flatMap(([key, item]) => [...text(key), ...pickle(item)]);
    return [0x7d, 0x28, ...items, 0x75];
  };
  const bytes = Uint8Array.from([0x80, 2, ...pickle(root), 0x2e]);
  return writeStoredZip([
    { name: "a/data.pkl", bytes },
    ...storages.map((content, index) => ({ name: `a/data/${index}`, bytes: content })),
  ]);
}
