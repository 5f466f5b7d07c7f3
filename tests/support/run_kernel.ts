/**
 * Runs one kernel on arrays, for ring 1: comparison with plain loops.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Dispatch } from "../../kernels/kernel.ts";
import { halveDispatch, storableBindings } from "../../kernels/storage.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { Program } from "../../src/graph/program.ts";

/** A binding: its contents, or the number of values that the kernel writes. */
export type Operand = Float32Array | Uint8Array | number;

/** Values after the end of each storage buffer: more than the largest tile of a kernel. */
const TAIL = 1024;

/** Bytes of a uniform binding. */
const WINDOW = 65536;

/** Marks memory that was not written. */
export const UNTOUCHED: number = Math.fround(-12345.678);

/**
 * Runs a kernel once and returns the contents of its writable bindings by name.
 *
 * One array under two names is one buffer. Inputs are followed by NaN, so that reading past their end shows in the result;
 * outputs are followed by a mark, which must be unchanged afterwards.
 *
 * On a device that stores tensors as float16, all storable bindings are float16.
 */
export async function runKernel<Name extends string>(
  gpu: Gpu,
  dispatch: Dispatch,
  operands: Readonly<Record<Name, Operand>>,
): Promise<Record<Name, Float32Array<ArrayBuffer>>> {
  const { kernel } = dispatch;
  const halves = gpu.precision === "f16" ? storableBindings(kernel) : [];
  const bindings = kernel.bindings.slice(0, -1);
  assert.deepEqual(Object.keys(operands).sort(), bindings.map(({ name }) => name).sort(), kernel.label);
  const buffers: GPUBuffer[] = [];
  const places = new Map<Operand | string, number>();
  const views = [];
  for (const { name, access } of bindings) {
    const operand = operands[name as Name];
    const key = typeof operand === "number" ? name : operand;
    if (!places.has(key)) {
      places.set(key, buffers.push(await upload(gpu, name, operand, access, halves.includes(name))) - 1);
    }
    const buffer = places.get(key)!;
    views.push({ buffer, offset: 0, byteLength: access === "uniform" ? WINDOW : buffers[buffer]!.size });
  }
  const program = await Program.create(gpu, [{ dispatch: halveDispatch(dispatch, halves), views }], buffers);
  gpu.run((pass) => program.encode(pass));
  const results = {} as Record<Name, Float32Array<ArrayBuffer>>;
  for (const [index, { name, access }] of bindings.entries()) {
    if (access !== "read_write") continue;
    const operand = operands[name as Name];
    const length = typeof operand === "number" ? operand : operand.length;
    const bytes = await gpu.read(buffers[views[index]!.buffer]!, 0, (length + TAIL) * 4);
    const half = halves.includes(name);
    const values = half ? Float32Array.from(new Float16Array(bytes)) : new Float32Array(bytes);
    const mark = half ? Math.f16round(UNTOUCHED) : UNTOUCHED;
    const tail = values.subarray(length, length + TAIL);
    assert.ok(tail.every((value) => value === mark), `${kernel.label} writes past the end of "${name}"`);
    results[name as Name] = values.slice(0, length);
  }
  program.destroy();
  for (const buffer of buffers) buffer.destroy();
  return results;
}

/** A buffer that begins with the bytes of the operand. */
async function upload(
  gpu: Gpu,
  name: string,
  operand: Operand,
  access: string,
  half: boolean,
): Promise<GPUBuffer> {
  const byteLength = typeof operand === "number" ? 4 * operand : operand.byteLength;
  const padded = new Float32Array(Math.max(byteLength / 4 + TAIL, WINDOW / 4));
  padded.fill(access === "read_write" ? UNTOUCHED : NaN);
  if (typeof operand !== "number") {
    // Copied as bytes: the bits of an integer may look like a NaN, and a float copy would not preserve them.
    new Uint8Array(padded.buffer).set(new Uint8Array(operand.buffer, operand.byteOffset, byteLength));
  }
  const buffer = await gpu.createBuffer(name, padded.byteLength, GPUBufferUsage.UNIFORM);
  gpu.device.queue.writeBuffer(buffer, 0, half ? Float16Array.from(padded) : padded);
  return buffer;
}
