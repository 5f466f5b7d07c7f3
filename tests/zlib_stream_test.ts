/** Inflating without the runtime's zlib: the same bytes, and the same refusals. */
import assert from "node:assert/strict";
import { constants, deflateSync, gzipSync } from "node:zlib";
import { draw } from "../src/random.ts";
import { type Inflated, inflateGzipStart, inflateZlib, portableInflate } from "../src/zlib_stream.ts";

/** Content that deflate stores, or encodes with short or long matches, by the seed. */
function contentOf(seed: number): Uint8Array {
  const values = 1 + draw(seed, 0, 0, 1) % (seed % 3 === 0 ? 256 : 4);
  const bytes = new Uint8Array(draw(seed, 1, 0, 1) % 5000);
  for (let i = 0; i < bytes.length; i++) {
    const copies = i > 300 && draw(seed, i >> 5, 2, 1) % 3 === 0;
    bytes[i] = copies ? bytes[i - 1 - draw(seed, i >> 5, 3, 1) % 300]! : draw(seed, i, 4, 1) % values;
  }
  return bytes;
}

const { Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE } = constants;

function streamOf(seed: number): Uint8Array<ArrayBuffer> {
  const strategy = [Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE][seed % 4]!;
  return new Uint8Array(deflateSync(contentOf(seed), { level: draw(seed, 5, 0, 1) % 10, strategy }));
}

/** What a decoder makes of a stream: the content, or the kind of error. */
function outcome(inflate: () => Inflated): { bytes: Uint8Array; consumed: number } | string {
  try {
    const { bytes, consumed } = inflate();
    return { bytes: bytes.slice(), consumed };
  } catch (error) {
    return (error as Error).name;
  }
}

Deno.test("portableInflate: inflates what zlib deflates, in every kind of block, and says where it ends", () => {
  for (let seed = 0; seed < 60; seed++) {
    const stream = streamOf(seed);
    const followed = new Uint8Array([...stream, 1, 2, 3]);
    for (const data of [stream, followed]) {
      const { bytes, consumed } = portableInflate(data, 5000);
      assert.deepEqual(bytes, contentOf(seed));
      assert.equal(consumed, stream.length);
      assert.deepEqual(outcome(() => inflateZlib(data, 5000)), { bytes: contentOf(seed), consumed });
    }
  }
});

Deno.test("portableInflate: takes and refuses damaged and truncated streams as zlib does", () => {
  const kinds = new Map<string, number>();
  for (let seed = 0; seed < 500; seed++) {
    const stream = streamOf(seed % 97);
    const damaged = seed % 5 === 0 ? stream.slice(0, draw(seed, 7, 0, 1) % stream.length) : stream.slice();
    // Early bits decide on the kinds of blocks and their codes.
    const at = seed % 2 === 0
      ? draw(seed, 8, 0, 1) % Math.min(60, damaged.length)
      : draw(seed, 8, 0, 1) % damaged.length;
    if (seed % 5 !== 0) damaged[at]! ^= 1 << draw(seed, 9, 0, 1) % 8;
    const expected = outcome(() => inflateZlib(damaged, 6000));
    assert.deepEqual(outcome(() => portableInflate(damaged, 6000)), expected, `seed ${seed}`);
    const kind = typeof expected === "string" ? expected : "content";
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  assert.ok(kinds.get("SyntaxError")! > 400 && kinds.get("content")! > 0, JSON.stringify([...kinds]));
});

Deno.test("portableInflate: stops at the most bytes that it may yield", () => {
  const bomb = deflateSync(new Uint8Array(2 ** 20));
  assert.throws(() => portableInflate(bomb, 2 ** 20 - 1), RangeError);
  assert.equal(portableInflate(bomb, 2 ** 20).bytes.length, 2 ** 20);
});

Deno.test("inflateGzipStart: a file that continues yields its beginning", () => {
  const content = contentOf(9);
  const file = gzipSync(content);
  const start = inflateGzipStart(file.subarray(0, file.length >> 1));
  assert.ok(start.length > 100);
  assert.deepEqual(new Uint8Array(start), content.subarray(0, start.length));
  assert.throws(() => inflateGzipStart(new Uint8Array([0x1f, 0x8b, 7, 0])), SyntaxError);
});
