/** Sheets of maps give the masks that an evaluation compared: classMasks of the library is the measure. */
import assert from "node:assert/strict";
import { MapSheet, packSheet, planeCount, type SheetForm } from "../../src/evaluation/map_sheet.ts";
import { codedThresholds } from "../../src/evaluation/probability_codes.ts";
import { decodeImage } from "../../mod.ts";
import { encodeGray16Png, encodeGrayPng } from "../../src/image/encode.ts";
import { readGray16Png } from "../../src/image/read_gray16.ts";
import { classMasks } from "../../src/prediction/class_masks.ts";
import { uniformAt, uniformFloats } from "../support/random.ts";

const SIZE = 24;
const PIXELS = SIZE * SIZE;

/** Maps of exclusive classes with ties, near-ties and probabilities at the threshold. */
function exampleMaps(classCount: number, head: "sigmoid" | "softmax") {
  const planes = Array.from({ length: classCount }, (_, index) => uniformFloats(index + 3, PIXELS, 0.5, 0.5));
  for (let at = 0; head === "softmax" && at < PIXELS; at++) {
    const sum = planes.reduce((total, plane) => total + plane[at]!, uniformAt(77, at));
    planes.forEach((plane) => plane[at]! /= sum);
    const tied = Math.fround(planes[0]![at]! + (at % 5 === 1 ? 1e-7 : 0));
    if (at % 5 < 2 && classCount > 1) planes[1]![at] = tied;
  }
  planes[0]!.set([0.5, 0.50000006, 0.49999997, 0.3, 0.30000001], 40);
  return planes.map((data) => ({ width: SIZE, height: SIZE, data }));
}

const maskOf = (seed: number) => ({
  width: SIZE,
  height: SIZE,
  data: Uint8Array.from({ length: PIXELS }, (_, at) => uniformAt(seed, at) > 0.6 ? 1 : 0),
});

for (const head of ["sigmoid", "softmax"] as const) {
  for (const classCount of [1, 3, 20]) {
    Deno.test(`MapSheet: ${classCount} classes with a ${head} keep masks, truth and ignored pixels exactly`, async () => {
      const form: SheetForm = { size: SIZE, classCount, head };
      const maps = exampleMaps(classCount, head);
      const truths = maps.map((_, index) => maskOf(100 + index));
      const ignored = maskOf(99);
      const exclusive = head === "softmax" && classCount > 1;
      for (const evaluated of exclusive ? [null, 0.31234567] : [0.5, 0.31234567]) {
        const thresholds = codedThresholds(evaluated);
        const size = { width: SIZE, height: SIZE * planeCount(form) };
        const samples = packSheet({ maps, truths, ignored }, form, thresholds);
        const png = await encodeGray16Png({ ...size, data: samples });
        const sheet = new MapSheet((await readGray16Png(png, size)).data, form, thresholds);
        for (
          const threshold of new Set([evaluated, 0, 0.001, 0.3, 0.5, 0.873, 1, ...exclusive ? [null] : []])
        ) {
          const expected = classMasks(maps, head, threshold);
          const found = maps.map((_, index) => sheet.predicted(index, threshold));
          assert.deepEqual(found, expected, `${threshold}`);
        }
        assert.deepEqual(truths.map((_, index) => sheet.truth(index)), truths);
        assert.deepEqual(sheet.ignored(), ignored);
      }
      const plain = new MapSheet(
        packSheet({ maps, truths }, form, codedThresholds(null)),
        form,
        codedThresholds(null),
      );
      assert.equal(plain.ignored(), null);
    });
  }
}

Deno.test("readGray16Png: reads what any decoder reads, and refuses other sizes, kinds and damaged files", async () => {
  const image = { width: 5, height: 3, data: Uint16Array.from({ length: 15 }, (_, at) => 4369 * at) };
  const png = await encodeGray16Png(image);
  assert.deepEqual(await readGray16Png(png, image), image);
  const { data } = await decodeImage(png);
  assert.deepEqual([...data].filter((_, at) => at % 3 === 0), [...image.data].map((value) => value / 257));
  const refused = (bytes: Uint8Array, message: RegExp, size = image) =>
    assert.rejects(readGray16Png(bytes, size), { name: "SyntaxError", message });
  await refused(png, /5 x 3 pixels, expected 9 x 3/, { ...image, width: 9 });
  await refused(await encodeGrayPng({ ...image, data: new Uint8Array(15) }), /not 16-bit gray/);
  await refused(new TextEncoder().encode("no image at all, but text of more than 33 bytes"), /not a PNG/);
  for (const length of [0, 20, 40, png.length - 9]) {
    await refused(png.slice(0, length), /not a PNG|truncated/);
  }
  for (const at of [43, 50, png.length - 20]) {
    const damaged = png.slice();
    damaged[at]! ^= 0xff;
    await refused(damaged, /damaged/);
  }
});
