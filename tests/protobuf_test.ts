import assert from "node:assert/strict";
import {
  bytesField,
  doubleField,
  floatField,
  intField,
  message,
  readFields,
  timestamp,
} from "../src/protobuf.ts";
import { Message } from "./support/tracking_files.ts";

Deno.test("message: encodes the examples of the protobuf documentation", () => {
  assert.deepEqual([...intField(1, 150)], [0x08, 0x96, 0x01]);
  assert.deepEqual([...bytesField(2, "testing")], [0x12, 7, ...new TextEncoder().encode("testing")]);
  assert.deepEqual([...bytesField(3, intField(1, 150))], [0x1A, 3, 0x08, 0x96, 0x01]);
  assert.deepEqual([...intField(1, -2)], [8, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1]);
});

Deno.test("message: an independent reader decodes every kind of field", () => {
  const long = "λ".repeat(300);
  const encoded = message(
    intField(1, -3),
    intField(2, 2 ** 48),
    intField(3, true),
    doubleField(4, Math.PI),
    floatField(5, 0.1),
    bytesField(20, long),
    bytesField(6, timestamp(new Date("2026-01-02T03:04:05.678Z"))),
    bytesField(7, timestamp(new Date(-1))),
  );
  const read = new Message(encoded);
  assert.equal(read.int(1), -3);
  assert.equal(read.int(2), 2 ** 48);
  assert.equal(read.int(3), 1);
  assert.equal(read.real(4), Math.PI);
  assert.equal(read.real(5), Math.fround(0.1));
  assert.equal(read.text(20), long);
  assert.equal(read.time(6), Date.parse("2026-01-02T03:04:05.678Z"));
  assert.deepEqual([read.message(7).int(1), read.message(7).int(2)], [-1, 999e6]);
});

Deno.test("readFields: every field in order, SyntaxError for torn or unknown ones", () => {
  const encoded = message(intField(1, -3), doubleField(2, 1), bytesField(3, "ab"), floatField(4, 1));
  const fields = [...readFields(encoded)];
  assert.deepEqual(fields.map(({ number }) => number), [1, 2, 3, 4]);
  assert.equal(fields[0]?.value, -3n);
  assert.deepEqual(fields[2]?.value, new TextEncoder().encode("ab"));
  assert.throws(() => [...readFields(encoded.subarray(0, encoded.length - 1))], SyntaxError);
  assert.throws(() => [...readFields(Uint8Array.of(0x80))], SyntaxError);
  assert.throws(() => [...readFields(Uint8Array.of(0x0B))], /unknown wire type 3/);
  assert.throws(() => [...readFields(new Uint8Array(12).fill(0xFF))], /longer than ten bytes/);
});
