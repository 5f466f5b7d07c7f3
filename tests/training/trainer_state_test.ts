import assert from "node:assert/strict";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { captureBlocks, restoreBlocks, type StateBuffers } from "../../src/training/trainer_state.ts";

const SIZE = 4;

/** A device whose buffers are arrays. */
const gpu = {
  readInto: (buffer: { values: Float32Array }, target: Uint8Array) => {
    target.set(new Uint8Array(buffer.values.buffer));
    return Promise.resolve();
  },
  upload: (buffer: { values: Float32Array }, first: number, values: Float32Array) =>
    buffer.values.set(values, first),
} as unknown as Gpu;

/** The buffers of a state whose blocks count up from `first`; the last block is the EMA. */
function buffersOf(
  first: number,
  names = ["weights", "firstMoment", "secondMoment", "average"],
): StateBuffers {
  const buffers = names.map((name, index) => {
    const values = Float32Array.from({ length: SIZE }, (_, place) => first + 10 * index + place);
    return [name, { values }];
  });
  return Object.fromEntries(buffers) as StateBuffers;
}

const PLAIN = ["weights", "firstMoment", "secondMoment"];

Deno.test("restoreBlocks: puts back what captureBlocks read, with and without an EMA", async () => {
  for (const names of [PLAIN, undefined]) {
    const state = await captureBlocks(gpu, buffersOf(100, names), SIZE);
    assert.equal(state.firstMoment[1], 111);
    assert.equal(state.average?.[0], names ? undefined : 130);
    const other = buffersOf(0, names);
    restoreBlocks(gpu, other, SIZE, state);
    assert.deepEqual(await captureBlocks(gpu, other, SIZE), state);
  }
});

Deno.test("captureBlocks: reuses the memory of an earlier state, except blocks of another size", async () => {
  const scratch = await captureBlocks(gpu, buffersOf(0), SIZE);
  const { weights, secondMoment } = scratch;
  const state = await captureBlocks(gpu, buffersOf(100), SIZE, {
    ...scratch,
    firstMoment: new Float32Array(9),
  });
  assert.equal(state.weights, weights);
  assert.equal(state.secondMoment, secondMoment);
  assert.deepEqual([...state.firstMoment], [110, 111, 112, 113]);
});

Deno.test("restoreBlocks: rejects another network's state, and one with an EMA too few or too many, and writes nothing", async () => {
  const state = await captureBlocks(gpu, buffersOf(100), SIZE);
  const plain = await captureBlocks(gpu, buffersOf(100, PLAIN), SIZE);
  const cases = [
    [buffersOf(0), { ...state, secondMoment: new Float32Array(9) }, /secondMoment has 9 values, expected 4$/],
    [buffersOf(0), plain, /average has no values, expected 4$/],
    [buffersOf(0, PLAIN), state, /average has 4 values, expected none$/],
  ] as const;
  for (const [buffers, bad, message] of cases) {
    const before = structuredClone(buffers);
    assert.throws(() => restoreBlocks(gpu, buffers, SIZE, bad), message);
    assert.deepEqual(buffers, before);
  }
});
