/**
 * What the tests of the weight formats share: fixtures, and files that are built to be invalid.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { StateDict } from "../../src/tensor.ts";
import { ZipArchive } from "../../src/weights/zip_reader.ts";
import { writeStoredZip } from "../../src/weights/zip_writer.ts";

const FIXTURES = new URL("../fixtures/weights/", import.meta.url);

/** A fixture's bytes. */
export function readFixture(name: string): Uint8Array<ArrayBuffer> {
  return Deno.readFileSync(new URL(name, FIXTURES));
}

/** The tensors of a fixture according to PyTorch. */
export function expectedTensors(name: string): Record<string, { shape: number[]; values: string[] }> {
  return JSON.parse(Deno.readTextFileSync(new URL("expected.json", FIXTURES)))[name];
}

/** Asserts that tensors equal PyTorch's reading of a fixture bit for bit, in the same order. */
export function assertTensors(tensors: StateDict, fixture: string, ordered = true): void {
  const expected = expectedTensors(fixture);
  const names = [...tensors.keys()];
  assert.deepEqual(
    ordered ? names : names.sort(),
    ordered ? Object.keys(expected) : Object.keys(expected).sort(),
  );
  for (const [name, { shape, data }] of tensors) {
    const { shape: expectedShape, values } = expected[name]!;
    assert.deepEqual(shape, expectedShape, name);
    // Python writes an infinity as "inf".
    const numbers = values.map((text) => Number(text.replace("inf", "Infinity")));
    assert.deepEqual([...data], [...Float32Array.from(numbers)], name);
  }
}

/** Safetensors with an arbitrary header: eight bytes of length, the header, and data. */
export function buildSafetensors(header: unknown, data: Uint8Array | number = 0): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const values = typeof data === "number" ? new Uint8Array(data) : data;
  const bytes = new Uint8Array(8 + text.length + values.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(values, 8 + text.length);
  return bytes;
}

/** The archive with entries replaced, added, or (if the content is undefined) removed; its CRCs are correct. */
export async function editZip(
  bytes: Uint8Array,
  edits: Readonly<Record<string, Uint8Array | string | undefined>>,
): Promise<Uint8Array> {
  const archive = new ZipArchive(bytes, 2 ** 20);
  const content = new Map<string, Uint8Array>();
  for (const name of archive.names) content.set(name, await archive.read(name));
  for (const [name, edit] of Object.entries(edits)) {
    if (edit === undefined) content.delete(name);
    else content.set(name, typeof edit === "string" ? new TextEncoder().encode(edit) : edit);
  }
  return writeStoredZip([...content].map(([name, bytes]) => ({ name, bytes })));
}

/** The offset of `pattern` in `bytes`, which must contain it. */
export function findBytes(bytes: Uint8Array, pattern: readonly number[], from = 0): number {
  for (let at = from; at + pattern.length <= bytes.length; at++) {
    if (pattern.every((byte, index) => bytes[at + index] === byte)) return at;
  }
  throw new Error(`No ${pattern} in ${bytes.length} bytes`);
}
