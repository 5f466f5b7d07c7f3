/** Sheets of maps give the masks that an evaluation compared: classMasks of the library is the measure. */
import assert from "node:assert/strict";
import { MapSheet, packSheet, readSheet, type SheetForm, sheetSize } from "../../src/evaluation/map_sheet.ts";
import { codedThresholds } from "../../src/evaluation/probability_codes.ts";
import { decodeImage } from "../../mod.ts";
import { encodeGray16Png, encodeGrayPng } from "../../src/image/encode.ts";
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
        const samples = packSheet({ maps, truths, ignored }, form, thresholds);
        const png = await encodeGray16Png({ ...sheetSize(form), data: samples });
        const sheet = readSheet(png, form, thresholds);
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

Deno.test("readSheet: refuses other sizes and kinds, truncated and damaged files", async () => {
  const form: SheetForm = { size: 8, classCount: 1, head: "sigmoid" };
  const thresholds = codedThresholds(0.5);
  const size = sheetSize(form);
  const data = Uint16Array.from({ length: 128 }, (_, at) => 64 * at);
  const png = await encodeGray16Png({ ...size, data });
  assert.deepEqual([...readSheet(png, form, thresholds).codes(0)].slice(0, 3), [0, 1, 2]);
  const { data: shown } = await decodeImage(png);
  assert.ok(shown[3 * 127]! > shown[3 * 60]!, "any viewer shows it");
  const refused = (bytes: Uint8Array, message: RegExp, other = form) =>
    assert.throws(() => readSheet(bytes, other, thresholds), { name: "SyntaxError", message });
  refused(png, /expected a PNG of 9 x 18 pixels/, { ...form, size: 9 });
  refused(await encodeGrayPng({ ...size, data: new Uint8Array(128) }), /of 16 bits/);
  refused(new TextEncoder().encode("no image at all, but text of more than 33 bytes"), /expected a PNG/);
  for (const length of [0, 20, 40, png.length - 14]) {
    assert.throws(
      () => readSheet(png.slice(0, length), form, thresholds),
      /expected a PNG|ends within|Offset/,
    );
  }
  for (const at of [43, 50, png.length - 20]) {
    const damaged = png.slice();
    damaged[at]! ^= 0xff;
    refused(damaged, /damaged/);
  }
});
