/** The cache file of prepared samples: complete or rejected, whatever byte is damaged or missing. */
import assert from "node:assert/strict";
import { frameOf } from "../../src/image/input_frame.ts";
import { crc32 } from "node:zlib";
import { join } from "node:path";
import { type CacheIndex, CacheWriter, openCache } from "../../src/dataset/sample_cache.ts";
import {
  buildRecord,
  packLabels,
  recordByteLength,
  type RecordPlace,
  RecordReader,
} from "../../src/dataset/sample_record.ts";
import { oddVariants } from "../support/odd_json.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";

const SIZE = 6;
const SQUARE = { width: SIZE, height: SIZE };
const FRAME = frameOf({ size: SIZE }, SQUARE);
const MOMENTS = { mean: 0.5, deviation: 0.25 };

/** Gray and color images with label maps of one class, of two, and of four with ignored pixels. */
const SAMPLES = [
  { channels: 1, labels: Uint8Array.from({ length: SIZE ** 2 }, (_, i) => i % 2) },
  { channels: 1, labels: Uint8Array.from({ length: SIZE ** 2 }, (_, i) => i % 3) },
  { channels: 3, labels: Uint8Array.from({ length: SIZE ** 2 }, (_, i) => i === 7 ? 255 : i % 5) },
] as const;

function planesOf(channels: number): Float32Array {
  return Float32Array.from({ length: channels * SIZE ** 2 }, (_, i) => (i * 37 % 256) / 255);
}

/** Writes a cache file with all samples; returns its index. */
async function writeCache(path: string): Promise<CacheIndex> {
  const writer = await CacheWriter.create(path);
  const records = SAMPLES.map(({ channels, labels }, i) => {
    const packed = packLabels({ width: SIZE, height: SIZE, data: labels });
    const { labelBits } = packed;
    const record = buildRecord(planesOf(channels), packed, SQUARE);
    assert.equal(record.length, recordByteLength(SQUARE, channels, labelBits));
    const place = { offset: writer.add(record), channels, labelBits, checksum: crc32(record) };
    return { ...place, moments: MOMENTS, image: `image ${i}`, labels: `labels ${i}`, foregroundPixels: i };
  });
  const failures = [{ image: "c", labels: "d", kind: "size-mismatch" as const, reason: "too small" }];
  const index = { size: SIZE, records, failures };
  assert.equal(await writer.finish(index), (await Deno.stat(path)).size);
  return index;
}

Deno.test("openCache: returns the index that was written, and the records hold images and labels", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "a.samples");
    const { version: _, ...index } = await openCache(path, { size: SIZE }).then(async (missing) => {
      assert.equal(missing, null, "there is no file yet");
      const written = await writeCache(path);
      const index = await openCache(path, { size: SIZE }) as CacheIndex & { version: number };
      assert.deepEqual({ ...index }, { version: index.version, ...written });
      return index;
    });
    assert.deepEqual(await filesUnder(folder), ["a.samples"]);
    assert.deepEqual(index.records.map(({ labelBits }) => labelBits), [1, 8, 8]);
    const reader = new RecordReader(SQUARE);
    for (const [i, { channels, labels }] of SAMPLES.entries()) {
      const image = new Float32Array(3 * SIZE ** 2);
      const found = new Uint8Array(SIZE ** 2);
      reader.readSample(
        { ...index.records[i]!, source: path },
        { normalize: "picture" },
        FRAME,
        image,
        found,
      );
      assert.deepEqual(found, Uint8Array.from(labels));
      const planes = planesOf(channels);
      const expected = image.map((_, at) => (planes[at % planes.length]! - MOMENTS.mean) / MOMENTS.deviation);
      assert.deepEqual(image, expected);
    }
    reader.close();
  }));

Deno.test("openCache: ignores a file of another size or version", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "a.samples");
    await writeCache(path);
    assert.equal(await openCache(path, { size: SIZE + 1 }), null);
    // The index is JSON near the end of the file; another version needs another checksum.
    const bytes = await Deno.readFile(path);
    const view = new DataView(bytes.buffer);
    const [offset, length] = [
      view.getFloat64(bytes.length - 24, true),
      view.getUint32(bytes.length - 16, true),
    ];
    const text = new TextDecoder().decode(bytes.subarray(offset, offset + length));
    const version = text.indexOf('"version":') + '"version":'.length;
    bytes[offset + version] = "1".charCodeAt(0);
    view.setUint32(bytes.length - 12, crc32(bytes.subarray(offset, offset + length)), true);
    await Deno.writeFile(path, bytes);
    assert.equal(await openCache(path, { size: SIZE }), null);
  }));

Deno.test("openCache: tells how a file is damaged, for truncations and flipped bytes anywhere", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "a.samples");
    await writeCache(path);
    const whole = await Deno.readFile(path);
    const damaged = async (bytes: Uint8Array, where: string) => {
      await Deno.writeFile(path, bytes);
      const found = await openCache(path, { size: SIZE });
      assert.match(String(found), /truncated|trailer is missing|index is damaged|does not match/, where);
    };
    for (let length = 0; length < whole.length; length += 1 + length % 13) {
      await damaged(whole.slice(0, length), `truncated to ${length}`);
    }
    await damaged(Uint8Array.of(...whole, 0), "one byte longer");
    // Every byte of the trailer, and a sample of the others; the signature at the start is not checked.
    for (let at = 8; at < whole.length; at += at < whole.length - 24 ? 7 : 1) {
      await damaged(whole.with(at, whole[at]! ^ 0x10), `byte ${at} flipped`);
    }
  }));

Deno.test("openCache: whatever its index holds under a matching checksum, it is used or said to be damaged", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "a.samples");
    await writeCache(path);
    const bytes = await Deno.readFile(path);
    const offset = new DataView(bytes.buffer).getFloat64(bytes.length - 24, true);
    const index = JSON.parse(new TextDecoder().decode(bytes.subarray(offset, bytes.length - 24)));
    let refused = 0;
    for (const odd of oddVariants(index)) {
      const text = new TextEncoder().encode(JSON.stringify(odd) ?? "");
      const file = new Uint8Array(offset + text.length + 24);
      file.set(bytes.subarray(0, offset));
      file.set(text, offset);
      file.set(bytes.subarray(bytes.length - 24), offset + text.length);
      const view = new DataView(file.buffer);
      view.setUint32(file.length - 16, text.length, true);
      view.setUint32(file.length - 12, crc32(text), true);
      await Deno.writeFile(path, file);
      const found = await openCache(path, { size: SIZE });
      if (typeof found === "string") refused++;
      else if (found !== null) {
        const reader = new RecordReader(SQUARE);
        const [image, labels] = [new Float32Array(3 * SIZE ** 2), new Uint8Array(SIZE ** 2)];
        for (const record of found.records) {
          reader.readSample({ ...record, source: path }, { normalize: "picture" }, FRAME, image, labels);
          assert.ok(image.every(Number.isFinite));
        }
        reader.close();
      }
    }
    assert.ok(refused > 300, `${refused}`);
  }));

Deno.test("CacheWriter: an earlier file stays until the new one is complete, and after discard", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "a.samples");
    await writeCache(path);
    const before = await Deno.readFile(path);
    const writer = await CacheWriter.create(path);
    writer.add(new Uint8Array(100));
    assert.deepEqual(await Deno.readFile(path), before);
    await writer.discard();
    assert.deepEqual(await Deno.readFile(path), before);
    assert.deepEqual(await filesUnder(folder), ["a.samples"]);
  }));

Deno.test("RecordReader: rejects a record that changed since the file was opened", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "a.samples");
    const { records } = await writeCache(path);
    const place: RecordPlace = { ...records[0]!, source: path };
    const reader = new RecordReader(SQUARE);
    const read = () =>
      reader.readSample(
        place,
        { normalize: "imagenet" },
        FRAME,
        new Float32Array(3 * SIZE ** 2),
        new Uint8Array(SIZE ** 2),
      );
    read();
    const bytes = await Deno.readFile(path);
    await Deno.writeFile(path, bytes.with(place.offset, bytes[place.offset]! ^ 1));
    assert.throws(read, /the file changed since it was opened\nhint: run again/);
    reader.close();
  }));
