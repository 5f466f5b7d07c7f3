/**
 * Ranks within one process, for tests of data-parallel training.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Collective } from "../../src/training/collective.ts";

/** A collective that counts. */
export interface CountedCollective extends Collective {
  /** Values of each call so far. */
  readonly calls: readonly number[];
}

/** As many ranks, whose sums wait for each other; they are added in the order of the ranks. */
export function memoryCollectives(size: number): CountedCollective[] {
  let waiting: { rank: number; values: Float32Array; done: () => void }[] = [];
  const reduce = () => {
    const round = waiting.toSorted((a, b) => a.rank - b.rank);
    waiting = [];
    const first = round[0]!.values;
    const sum = new Float32Array(first.length);
    for (const { values } of round) {
      assert.equal(values.length, sum.length, "ranks reduce different numbers of values");
      values.forEach((value, index) => sum[index]! += value);
    }
    for (const { values, done } of round) {
      values.set(sum);
      done();
    }
  };
  return Array.from({ length: size }, (_, rank) => {
    const calls: number[] = [];
    const allReduce = (values: Float32Array) => {
      calls.push(values.length);
      assert.ok(waiting.every((other) => other.rank !== rank), `rank ${rank} is a call ahead`);
      return new Promise<void>((done) => {
        waiting.push({ rank, values, done });
        if (waiting.length === size) reduce();
      });
    };
    return { rank, size, allReduce, calls };
  });
}
