import assert from "node:assert/strict";
import { draw, shuffled, STREAMS, uniformFloats } from "../src/random.ts";
import { projectFiles, readProject } from "./project/files.ts";

Deno.test("STREAMS: every stream is distinct and spells its four letters, also next to its neighbors", () => {
  // The elastic displacement has the most: one for each of 7 x 7 control points.
  const keys = Object.values(STREAMS).flatMap((key) =>
    Array.from({ length: 49 }, (_, offset) => key + offset)
  );
  assert.equal(new Set(keys).size, keys.length);
  const words = Object.values(STREAMS).map((key) =>
    String.fromCharCode(key >>> 24, (key >>> 16) & 255, (key >>> 8) & 255, key & 255)
  );
  assert.deepEqual(words, ["init", "shuf", "boot", "drop", "aff0", "patc", "nois", "elas", "tone"]);
});

Deno.test("STREAMS: the kernels draw from the streams that carry their names", () => {
  const used = (folder: string) => {
    const files = projectFiles(".wgsl").filter((path) => path.startsWith(`kernels/${folder}/`));
    const keys = files.flatMap((path) => [...readProject(path).matchAll(/0x([0-9a-f]{8})u/g)]);
    return new Set(keys.map(([, digits]) => parseInt(digits!, 16)));
  };
  assert.ok(used("dropout").has(STREAMS.dropout));
  const augment = used("augment");
  for (const key of [1, 2, 3]) assert.ok(augment.has(STREAMS.augmentation + key), `stream ${key}`);
  for (const key of [STREAMS.noise, STREAMS.elastic]) assert.ok(augment.has(key));
});

Deno.test("draw: every key changes the number, and the numbers are pcg4d's", () => {
  // x of pcg4d by its definition, in exact integers.
  const pcg4d = (...keys: bigint[]) => {
    const mask = 2n ** 32n - 1n;
    let [x, y, z, w] = keys.map((key) => (key * 1664525n + 1013904223n) & mask) as [
      bigint,
      bigint,
      bigint,
      bigint,
    ];
    const mix = () => {
      x = (x + y * w) & mask;
      y = (y + z * x) & mask;
      z = (z + x * y) & mask;
      w = (w + y * z) & mask;
    };
    mix();
    [x, y, z, w] = [x, y, z, w].map((value) => value ^ (value >> 16n)) as [bigint, bigint, bigint, bigint];
    mix();
    return Number(x);
  };
  const samples: Parameters<typeof draw>[] = [
    [0, 0, 0, 0],
    [1, 2, 3, 4],
    [7, 0, 2 ** 32 - 1, STREAMS.noise],
  ];
  for (const keys of samples) {
    assert.equal(draw(...keys), pcg4d(...keys.map(BigInt)));
    for (const i of keys.keys()) {
      const other = keys.with(i, (keys[i]! + 1) % 2 ** 32) as Parameters<typeof draw>;
      assert.notEqual(draw(...other), draw(...keys));
    }
  }
});

Deno.test("shuffled: is a permutation that seed and epoch determine", () => {
  const order = shuffled(50, 3, 1);
  assert.deepEqual([...order].sort((a, b) => a - b), Array.from({ length: 50 }, (_, i) => i));
  assert.deepEqual(shuffled(50, 3, 1), order);
  assert.notDeepEqual(shuffled(50, 4, 1), order);
  assert.notDeepEqual(shuffled(50, 3, 2), order);
  assert.deepEqual([...shuffled(1, 0, 0)], [0]);
});

Deno.test("uniformFloats: fills [-bound, bound) evenly", () => {
  const values = new Float32Array(20_000);
  uniformFloats(values, 1, 2, 0.5);
  assert.ok(values.every((value) => value >= -0.5 && value <= 0.5));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + value * value, 0) / values.length;
  // Five standard errors: 0.289 / sqrt(20000) for the mean, 0.0745 / sqrt(20000) for the square.
  assert.ok(Math.abs(mean) < 0.0102 && Math.abs(square - 1 / 12) < 0.0027, `${mean}, ${square}`);
});
