import assert from "node:assert/strict";
import { deflateSync, zipSync } from "fflate";
import { crc32 } from "../../src/crc32.ts";
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

async function assertFiles(bytes: Uint8Array): Promise<void> {
  const archive = new ZipArchive(bytes, LIMIT);
  assert.deepEqual(archive.names, files.map(({ name }) => name));
  for (const { name, bytes } of files) {
    assert.equal(archive.byteLength(name), bytes.length);
    assert.deepEqual(new Uint8Array(await archive.read(name)), bytes);
  }
}

/** A copy with bytes changed at an offset from the first occurrence of the pattern. */
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

Deno.test("ZipArchive: reads stored and deflated entries, with a comment at the end", async () => {
  await assertFiles(writeStoredZip(files));
  await assertFiles(zipSync(asRecord, { level: 9 }));
  await assertFiles(zipSync(asRecord, { level: 0, comment: "c" }));
  const commented = new Uint8Array([...zipSync(asRecord), ...text("PK\x05\x06 within a comment of 30 ..")]);
  const length = commented.length - findBytes(commented, END) - 22;
  await assertFiles(patch(commented, END, 20, length, 0));
});

Deno.test("ZipArchive.read: stored entries are views, aligned to 64 bytes by writeStoredZip", async () => {
  const bytes = writeStoredZip(files);
  const read = await new ZipArchive(bytes, LIMIT).read("é/b");
  assert.equal(read.byteOffset % 64, 0);
  assert.equal(read.buffer, bytes.buffer);
});

Deno.test("ZipArchive: reads sizes and offsets from zip64 fields", async () => {
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
  // A field of another kind precedes it.
  view.setUint16(47, 0x9999, true);
  view.setUint16(51, 1, true);
  view.setUint16(53, 24, true);
  view.setBigUint64(55, 10n, true);
  view.setBigUint64(63, 10n, true);
  view.setBigUint64(71, 0n, true);
  const end = stored.slice(-22);
  new DataView(end.buffer).setUint32(12, central.length, true);
  const bytes = new Uint8Array([...stored.subarray(0, directory), ...central, ...end]);
  assert.deepEqual(await new ZipArchive(bytes, LIMIT).read("a"), content);
  assert.throws(() => new ZipArchive(patch(bytes, CENTRAL, 51, 2), LIMIT), /"a" lacks its zip64 sizes/);
  assert.throws(() => new ZipArchive(patch(bytes, CENTRAL, 62, 0xff), LIMIT), /the impossible size/);
});

Deno.test("ZipArchive: the zip64 end record must agree with the plain one", () => {
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

Deno.test("ZipArchive: refuses a damaged directory", () => {
  const bytes = writeStoredZip(files);
  const opens = (damaged: Uint8Array) => () => new ZipArchive(damaged, LIMIT);
  assert.throws(opens(new Uint8Array(0)), /no end record/);
  assert.throws(opens(bytes.subarray(0, bytes.length - 1)), /no end record/);
  assert.throws(opens(patch(bytes, END, 4, 1)), /one volume of several/);
  assert.throws(opens(patch(bytes, END, 10, 2)), /directory is longer/);
  assert.throws(opens(patch(bytes, END, 10, 4)), /directory is damaged/);
  assert.throws(opens(patch(bytes, END, 12, 0, 0, 1)), /outside the file/);
  assert.throws(opens(patch(bytes, CENTRAL, 0, 0)), /directory is damaged/);
  assert.throws(opens(patch(bytes, CENTRAL, 8, 1)), /"a\.txt" is encrypted/);
  assert.throws(opens(patch(bytes, CENTRAL, 10, 12)), /compression method 12/);
  assert.throws(opens(patch(bytes, CENTRAL, 24, 30)), /claims to unpack from 29 to 30 bytes/);
  assert.throws(opens(patch(bytes, CENTRAL, 42, 1)), /not where the directory says/);
  assert.throws(opens(patch(bytes, CENTRAL, 42, 0, 0, 0, 9)), /not where the directory says/);
  assert.throws(opens(patch(bytes, CENTRAL, 46, 0xff)), /not UTF-8/);
  assert.throws(opens(patch(bytes, CENTRAL, 46, 0x62)), /differs from its entry/);
  assert.throws(opens(patch(bytes, CENTRAL, 20, 0, 16, 0, 0, 0, 16)), /overlaps|extends into the directory/);
});

Deno.test("ZipArchive: refuses entries that share bytes or a name", () => {
  const bytes = writeStoredZip(files);
  // The first entry's size grows over the second.
  assert.throws(() => new ZipArchive(patch(bytes, CENTRAL, 20, 60, 0, 0, 0, 60), LIMIT), /"é\/b" overlaps/);
  const twice = [files[0]!, files[0]!];
  assert.throws(() => new ZipArchive(writeStoredZip(twice), LIMIT), /entry "a\.txt" occurs twice/);
});

Deno.test("ZipArchive.read: refuses damaged content, wrong sizes and bombs", async () => {
  const bytes = zipSync(asRecord, { level: 9 });
  const reads = async (damaged: Uint8Array, name = "a.txt", limit = LIMIT) =>
    await new ZipArchive(damaged, limit).read(name);
  await assert.rejects(
    reads(patch(bytes, CENTRAL, 16, 0, 0, 0, 0)),
    /"a\.txt" is damaged: its CRC-32 is \w{8}, .* 00000000/,
  );
  await assert.rejects(reads(patch(bytes, CENTRAL, 24, 28)), /does not unpack to the 28 bytes/);
  await assert.rejects(reads(patch(bytes, CENTRAL, 24, 30)), /does not unpack to the 30 bytes/);
  await assert.rejects(reads(bytes, "nothing"), /entry "nothing" is missing/);
  await assert.rejects(reads(bytes, "é/b", 999), /unpack to more than 999 bytes/);
  await assert.rejects(reads(patch(bytes, CENTRAL, 24, 0, 0, 0, 9)), /to 150994944 bytes/);
});

Deno.test("ZipArchive.read: refuses deflate data that is garbage, too short, or followed by other bytes", async () => {
  const content = text("hello hello hello hello hello");
  // A deflated entry whose data is replaced; CRC and unpacked size stay.
  const reads = async (edit: (packed: Uint8Array) => Uint8Array) => {
    const packed = edit(deflateSync(content));
    const bytes = writeStoredZip([{ name: "a", bytes: packed }]);
    const [local, central] = [0, findBytes(bytes, CENTRAL)];
    const view = new DataView(bytes.buffer);
    view.setUint16(local + 8, 8, true);
    view.setUint16(central + 10, 8, true);
    view.setUint32(central + 16, crc32(content), true);
    view.setUint32(central + 24, content.length, true);
    return await new ZipArchive(bytes, LIMIT).read("a");
  };
  assert.deepEqual(await reads((packed) => packed), content);
  await assert.rejects(reads((packed) => packed.subarray(0, -3)), /does not unpack/);
  await assert.rejects(reads((packed) => Uint8Array.of(...packed, 0, 0)), /does not unpack/);
  await assert.rejects(reads((packed) => packed.map(() => 0xff)), /does not unpack/);
});
