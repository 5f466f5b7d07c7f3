import assert from "node:assert/strict";
import { readParts } from "../../src/fs/read_parts.ts";

/** A file of consecutive bytes that gives at most so many at a time. */
function fileOf(length: number, most: number): Pick<Deno.FsFile, "read"> {
  let at = 0;
  return {
    read(bytes) {
      const count = Math.min(most, bytes.length, length - at);
      for (let i = 0; i < count; i++) bytes[i] = at++ % 251;
      return Promise.resolve(count === 0 ? null : count);
    },
  };
}

Deno.test("readParts: all bytes in order, each part full but the last", async () => {
  for (const [length, most] of [[0, 9], [1, 9], [8, 3], [16, 8], [23, 5], [24, 1]] as const) {
    const lengths: number[] = [];
    const bytes: number[] = [];
    for await (const part of readParts(fileOf(length, most), 8)) {
      lengths.push(part.length);
      bytes.push(...part);
    }
    assert.deepEqual(bytes, Array.from({ length }, (_, i) => i % 251));
    assert.ok(lengths.slice(0, -1).every((count) => count === 8), `${lengths}`);
  }
});

Deno.test("readParts: nothing is being read any more when the caller stops", async () => {
  let reading = 0;
  const slow: Pick<Deno.FsFile, "read"> = {
    async read(bytes) {
      reading++;
      await new Promise((resolve) => setTimeout(resolve, 1));
      reading--;
      return bytes.length;
    },
  };
  for await (const _ of readParts(slow, 8)) break;
  assert.equal(reading, 0);
});
