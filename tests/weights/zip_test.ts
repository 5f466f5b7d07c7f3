import assert from "node:assert/strict";
import { zipSync } from "fflate";
import { ZipArchive } from "../../src/weights/zip_reader.ts";
import { writeStoredZip } from "../../src/weights/zip_writer.ts";
import { findBytes, readFixture } from "./support.ts";

const LIMIT = 2 ** 20;
const END = [0x50, 0x4b, 5, 6];
const CENTRAL = [0x50, 0x4b, 1, 2];
const text = (value: string) => new TextEncoder().encode(value);

const files = [
  { name: "a.txt", bytes: text("hello hello hello hello hello") },
  { name: "é/b", bytes: new Uint8Array(1000) },
  { name: "empty", bytes: new Uint8Array(0) },
];
const asRecord = Object.fromEntries(files.map(({ name, bytes }) => [name, bytes]));

function assertFiles(bytes: Uint8Array): void {
  const archive = new ZipArchive(bytes, LIMIT);
  assert.deepEqual(archive.names, files.map(({ name }) => name));
  for (const { name, bytes } of files) {
    assert.equal(archive.byteLength(name), bytes.length);
    assert.deepEqual(new Uint8Array(archive.read(name)), bytes);
  }
}

/** A copy with bytes changed at an offset from the first place where the pattern stands. */
function patch(
  bytes: Uint8Array,
  pattern: readonly number[],
  offset: number,
  ...values: number[]
): Uint8Array {
  const copy = bytes.slice();
  copy.set(values, findBytes(copy, pattern) + offset);
  return copy;
}

Deno.test("reads stored and deflated entries, with a comment at the end", () => {
  assertFiles(writeStoredZip(files));
  assertFiles(zipSync(asRecord, { level: 9 }));
  assertFiles(zipSync(asRecord, { level: 0, comment: "c" }));
  const commented = new Uint8Array([...zipSync(asRecord), ...text("PK\x05\x06 within a comment of 30 ..")]);
  const length = commented.length - findBytes(commented, END) - 22;
  assertFiles(patch(commented, END, 20, length, 0));
});

Deno.test("stored entries begin at multiples of 64 bytes, and are views", () => {
  const bytes = writeStoredZip(files);
  const read = new ZipArchive(bytes, LIMIT).read("é/b");
  assert.equal(read.byteOffset % 64, 0);
  assert.equal(read.buffer, bytes.buffer);
});

Deno.test("reads sizes and places from zip64 fields", () => {
  const name = text("a");
  const content = text("0123456789");
  const stored = writeStoredZip([{ name: "a", bytes: content }]);
  const directory = findBytes(stored, CENTRAL);
  const central = new Uint8Array(46 + name.length + 4 + 4 + 24);
  central.set(stored.subarray(directory, directory + 47));
  const view = new DataView(central.buffer);
  view.setUint32(20, 0xffffffff, true);
  view.setUint32(24, 0xffffffff, true);
  view.setUint32(42, 0xffffffff, true);
  view.setUint16(30, 32, true);
  // A field of another kind stands before it.
  view.setUint16(47, 0x9999, true);
  view.setUint16(51, 1, true);
  view.setUint16(53, 24, true);
  view.setBigUint64(55, 10n, true);
  view.setBigUint64(63, 10n, true);
  view.setBigUint64(71, 0n, true);
  const end = stored.slice(-22);
  new DataView(end.buffer).setUint32(12, central.length, true);
  const bytes = new Uint8Array([...stored.subarray(0, directory), ...central, ...end]);
  assert.deepEqual(new ZipArchive(bytes, LIMIT).read("a"), content);
  assert.throws(() => new ZipArchive(patch(bytes, CENTRAL, 51, 2), LIMIT), /"a" lacks its zip64 sizes/);
  assert.throws(() => new ZipArchive(patch(bytes, CENTRAL, 62, 0xff), LIMIT), /the impossible size/);
});

Deno.test("the zip64 end record must agree with the plain one", () => {
  const torch = readFixture("protocol2.pth");
  assert.equal(new ZipArchive(torch, LIMIT).names.length, 6);
  assert.throws(
    () => new ZipArchive(patch(torch, [0x50, 0x4b, 6, 6], 32, 5), LIMIT),
    /two end records disagree/,
  );
  assert.throws(
    () => new ZipArchive(patch(torch, [0x50, 0x4b, 6, 7], 8, 5), LIMIT),
    /zip64 end record is not where/,
  );
});

Deno.test("refuses damage to the directory", () => {
  const bytes = writeStoredZip(files);
  const opens = (damaged: Uint8Array) => () => new ZipArchive(damaged, LIMIT);
  assert.throws(opens(new Uint8Array(0)), /no end record/);
  assert.throws(opens(bytes.subarray(0, bytes.length - 1)), /no end record/);
  assert.throws(opens(patch(bytes, END, 4, 1)), /one part of several/);
  assert.throws(opens(patch(bytes, END, 10, 2)), /directory is longer/);
  assert.throws(opens(patch(bytes, END, 10, 4)), /directory is damaged/);
  assert.throws(opens(patch(bytes, END, 12, 0, 0, 1)), /outside of the file/);
  assert.throws(opens(patch(bytes, CENTRAL, 0, 0)), /directory is damaged/);
  assert.throws(opens(patch(bytes, CENTRAL, 8, 1)), /"a\.txt" is encrypted/);
  assert.throws(opens(patch(bytes, CENTRAL, 10, 12)), /packed with method 12/);
  assert.throws(opens(patch(bytes, CENTRAL, 24, 30)), /claims 30 bytes, packed in 29/);
  assert.throws(opens(patch(bytes, CENTRAL, 42, 1)), /not where its directory says/);
  assert.throws(opens(patch(bytes, CENTRAL, 42, 0, 0, 0, 9)), /not where its directory says/);
  assert.throws(opens(patch(bytes, CENTRAL, 46, 0xff)), /no UTF-8/);
  assert.throws(opens(patch(bytes, CENTRAL, 46, 0x62)), /another entry than/);
  assert.throws(opens(patch(bytes, CENTRAL, 20, 0, 16, 0, 0, 0, 16)), /overlaps|past the entries' end/);
});

Deno.test("refuses entries that share bytes, or a name", () => {
  const bytes = writeStoredZip(files);
  // The first entry's size grows over the second.
  assert.throws(() => new ZipArchive(patch(bytes, CENTRAL, 20, 60, 0, 0, 0, 60), LIMIT), /"é\/b" overlaps/);
  const twice = [files[0]!, files[0]!];
  assert.throws(() => new ZipArchive(writeStoredZip(twice), LIMIT), /holds "a\.txt" twice/);
});

Deno.test("refuses damaged content, wrong sizes and bombs", () => {
  const bytes = zipSync(asRecord, { level: 9 });
  const reads = (damaged: Uint8Array, name = "a.txt", limit = LIMIT) => () =>
    new ZipArchive(damaged, limit).read(name);
  assert.throws(
    reads(patch(bytes, CENTRAL, 16, 0, 0, 0, 0)),
    /"a\.txt" is damaged: its CRC-32 is \w{8}, .* 00000000/,
  );
  assert.throws(reads(patch(bytes, CENTRAL, 24, 28)), /does not unpack|unpacks to/);
  assert.throws(reads(patch(bytes, CENTRAL, 24, 30)), /unpacks to 29 bytes of its 30/);
  assert.throws(reads(bytes, "nothing"), /it has no "nothing"/);
  assert.throws(reads(bytes, "é/b", 999), /unpack to more than 999 bytes/);
  assert.throws(reads(patch(bytes, CENTRAL, 24, 0, 0, 0, 9)), /claims 150994944 bytes/);
});
