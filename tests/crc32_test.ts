import assert from "node:assert/strict";
import { crc32 as zlibCrc32 } from "node:zlib";
import { crc32, portableCrc32 } from "../src/crc32.ts";
import { Random } from "./support/random.ts";

Deno.test("crc32: is the runtime's own function", () => {
  assert.equal(crc32, zlibCrc32);
});

Deno.test("portableCrc32: the check value of its definition, and zlib's result at every length and alignment", () => {
  assert.equal(portableCrc32(new TextEncoder().encode("123456789")), 0xcbf43926);
  const random = new Random(1);
  const bytes = Uint8Array.from({ length: 100 }, () => random.integer(256));
  for (let length = 0; length <= 80; length++) {
    for (const start of [0, 1, 7]) {
      const part = bytes.subarray(start, start + length);
      assert.equal(portableCrc32(part), zlibCrc32(part), `${length} bytes from ${start}`);
    }
  }
});
