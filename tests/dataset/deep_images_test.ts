/** Images of more than 8 bits keep their precision up to the network, and one range for a dataset. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { decodeSamples } from "../../src/image/decode.ts";
import { networkInput } from "../../src/image/network_input.ts";
import { findSplits, inspectDataset, prepareSplit, readSplit } from "../../mod.ts";
import { describeDepth } from "../../src/dataset/depths.ts";
import { cocoText, spots, writeFiles } from "../support/coco.ts";
import { deepPng, floatTiff } from "../support/deep_images.ts";
import { inTempFolder } from "../support/temp_folder.ts";

const SIDE = 64;
const SIZE = 32;
const SQUARE = [[9, 9, 40, 9, 40, 40, 9, 40]];

/** A split of such files, named 1.png, 2.png, ... whatever they are. */
async function writeSplit(folder: string, files: readonly Parameters<typeof writeFiles>[1][string][]) {
  await writeFiles(folder, {
    "train/_annotations.coco.json": cocoText({ width: SIDE, height: SIDE, images: files.length }, [
      { segmentation: SQUARE },
    ]),
    ...Object.fromEntries(files.map((file, i) => [`train/${i + 1}.png`, file])),
  });
  const { samples } = await readSplit((await findSplits(folder))[0]!);
  return samples;
}

const bytesOf = (path: string) => Deno.readFile(path);
const ramp = (most: number) => deepPng(SIDE, SIDE, (x, y) => (x * 64 + y) * most / 4095);

Deno.test("prepareSplit: 12 bits in 16 keep their levels, by one range for dark and bright images", () =>
  inTempFolder(async (folder) => {
    const samples = await writeSplit(folder, [ramp(4095), ramp(900), spots(1)]);
    const cacheFolder = join(folder, ".cache");
    for (const status of ["written", "kept"]) {
      for (const normalize of ["imagenet", "picture"] as const) {
        await using prepared = await prepareSplit(samples, {
          size: SIZE,
          normalize,
          cacheFolder,
          workers: 1,
        });
        assert.equal(prepared.store.status, normalize === "picture" ? "kept" : status);
        assert.deepEqual([prepared.range, prepared.problems], [[0, 4095], []]);
        const { images } = await prepared.batch([0, 1, 2]);
        for (const [i, sample] of prepared.samples.entries()) {
          const { raster } = await decodeSamples(await bytesOf(sample.imagePath));
          const input = networkInput(raster, { size: SIZE, normalize, range: [0, 4095] });
          assert.deepEqual(prepared.image(i), input, sample.fileName);
          assert.deepEqual(images.data.subarray(3 * SIZE ** 2 * i, 3 * SIZE ** 2 * (i + 1)), input.data);
        }
        // Decoded to 8 bits, they had 17 levels and 4.
        const levels = (i: number) => new Set(prepared.image(i).data.subarray(0, SIZE ** 2)).size;
        assert.ok(levels(0) > 900 && levels(1) > 800, `${levels(0)} ${levels(1)}`);
        if (normalize === "picture") continue;
        // The same sample has the same value in both images; white is 4095.
        const red = (i: number, at: number) => prepared.image(i).data[at]! * 0.229 + 0.485;
        assert.ok(Math.abs(red(0, SIZE ** 2 - 1) - 4064 / 4095) < 0.01);
        assert.ok(Math.abs(red(1, SIZE ** 2 - 1) - 893 / 4095) < 0.01);
      }
    }
  }));

Deno.test("prepareSplit: takes the range of a model, or for null each image's own", () =>
  inTempFolder(async (folder) => {
    const samples = await writeSplit(folder, [ramp(4095), ramp(900)]);
    const prepare = (range: readonly [number, number] | null) =>
      prepareSplit(samples, { size: SIZE, range, cacheFolder: null, workers: 1 });
    const last = (image: { data: Float32Array }) => image.data[SIZE ** 2 - 1]! * 0.229 + 0.485;
    await using model = await prepare([0, 16383]);
    assert.ok(Math.abs(last(model.image(0)) - 4064 / 16383) < 0.01);
    await using own = await prepare(null);
    assert.ok(Math.abs(last(own.image(1)) - 893 / 1023) < 0.01);
  }));

Deno.test("prepareSplit: floating point, signed and not finite, by its range and by its own moments", () =>
  inTempFolder(async (folder) => {
    const tiff = (scale: number) =>
      floatTiff(SIDE, SIDE, (x, y) => x === 5 && y === 5 ? NaN : scale * (x + 0.25 * y - 30));
    const samples = await writeSplit(folder, [tiff(30), tiff(1e-9)]);
    const cacheFolder = join(folder, ".cache");
    for (const normalize of ["picture", "imagenet"] as const) {
      await using prepared = await prepareSplit(samples, { size: SIZE, normalize, cacheFolder, workers: 1 });
      assert.deepEqual([prepared.range, prepared.problems], [[-1024, 2048], []]);
      if (normalize === "imagenet") continue;
      // Whatever its unit, an image has mean 0 and deviation 1.
      for (const i of [0, 1]) {
        const { data } = prepared.image(i);
        const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
        const square = data.reduce((sum, value) => sum + value ** 2, 0) / data.length;
        assert.ok(Math.abs(mean) < 1e-4 && Math.abs(square - 1) < 1e-3, `${mean} ${square}`);
      }
    }
  }));

Deno.test("prepareSplit: samples that an earlier version prepared to 8 bits are prepared again, no others", () =>
  inTempFolder(async (folder) => {
    const samples = await writeSplit(folder, [spots(1), ramp(4095)]);
    const cacheFolder = join(folder, ".cache");
    const prepare = (some: typeof samples) => prepareSplit(some, { size: SIZE, cacheFolder, workers: 1 });
    let path: string;
    {
      await using prepared = await prepare(samples);
      path = prepared.store.path!;
    }
    // An index of the same records, as 0.2.0 wrote it.
    const bytes = await Deno.readFile(path);
    const { crc32 } = await import("node:zlib");
    const trailer = new DataView(bytes.buffer, bytes.length - 24);
    const offset = trailer.getFloat64(0, true);
    const index = JSON.parse(new TextDecoder().decode(bytes.subarray(offset, bytes.length - 24)));
    assert.deepEqual(index.records.map(({ decoder }: { decoder?: number }) => decoder), [undefined, 2]);
    assert.deepEqual(index.records[1].samples, { fullScale: 65535, range: [0, 4095] });
    delete index.records[1].decoder;
    delete index.records[1].samples;
    const text = new TextEncoder().encode(JSON.stringify(index));
    trailer.setUint32(8, text.length, true);
    trailer.setUint32(12, crc32(text), true);
    await Deno.writeFile(
      path,
      new Uint8Array([...bytes.subarray(0, offset), ...text, ...bytes.subarray(-24)]),
    );
    await using shallow = await prepare(samples.slice(0, 1));
    assert.equal(shallow.store.status, "kept");
    await using all = await prepare(samples);
    assert.deepEqual([all.store.status, all.range], ["written", [0, 4095]]);
  }));

Deno.test("inspectDataset: states bit depths, the bits that are used, and gray levels", () =>
  inTempFolder(async (folder) => {
    const float = floatTiff(SIDE, SIDE, (x, y) => (x + y / 64) / 70);
    await writeSplit(folder, [ramp(4095), ramp(900), spots(1), float]);
    const { splits: [train] } = await inspectDataset(folder);
    assert.deepEqual(train!.problems, []);
    assert.deepEqual(train!.notes, []);
    const texts = train!.depths.map(describeDepth);
    const shallow = train!.depths.find(({ bits }) => bits === 8)!;
    assert.deepEqual(texts.toSorted(), [
      "16 bits, 12 used: 0 to 4095, 901 to 4096 gray levels per image; 0 to 4095 become 0 to 1",
      "32 bits, floating point: 0 to 0.9141, 4096 gray levels per image; 0 to 4095 become 0 to 1",
      `8 bits: ${shallow.lowest} to ${shallow.highest}, ${shallow.levels.least} gray levels per image`,
    ]);
    assert.deepEqual(train!.depths.map(({ images }) => images), [2, 1, 1]);
    assert.deepEqual((await inspectDataset(folder, { pixels: false })).splits[0]!.depths, []);
  }));
