import assert from "node:assert/strict";
import { decodeImage, encodeJpeg, type RgbImage } from "../../mod.ts";
import {
  type DuplicateReason,
  findNearDuplicates,
  groupPairs,
  type ImageSignature,
  type NearDuplicate,
  sourceStem,
} from "../../src/dataset/near_duplicates.ts";
import { compareThumbnails, makeThumbnail, type Thumbnail } from "../../src/dataset/thumbnail.ts";
import { paint, spots } from "../support/coco.ts";

function small(image: RgbImage): Thumbnail {
  const thumbnail = makeThumbnail(image);
  assert.ok(thumbnail !== null);
  return thumbnail;
}

/** Another image from the pixels of this one. */
function remap(
  image: RgbImage,
  from: (x: number, y: number) => [number, number],
  tone = (gray: number) => gray,
) {
  return paint(image.width, image.height, (x, y) => {
    const [u, v] = from(x, y);
    return tone(image.data[3 * (v * image.width + u)]!);
  });
}

Deno.test("compareThumbnails: finds a copy of another size, quality, brightness and contrast", async () => {
  const original = spots(1);
  const copies = [
    spots(1, 200),
    spots(1, 47),
    spots(1, 20),
    await decodeImage(await encodeJpeg(spots(1, 96), 20)),
    remap(original, (x, y) => [x, y], (gray) => 60 + 0.5 * gray),
  ];
  for (const copy of copies) assert.equal(compareThumbnails(small(original), small(copy)), "upright");
});

Deno.test("compareThumbnails: finds a copy that is mirrored or rotated in each of seven ways", () => {
  const original = spots(2);
  const last = original.width - 1;
  const positions: ((x: number, y: number) => [number, number])[] = [
    (x, y) => [last - x, y],
    (x, y) => [x, last - y],
    (x, y) => [last - x, last - y],
    (x, y) => [y, x],
    (x, y) => [last - y, x],
    (x, y) => [y, last - x],
    (x, y) => [last - y, last - x],
  ];
  for (const position of positions) {
    assert.equal(
      compareThumbnails(small(original), small(remap(original, position))),
      "rotated",
      String(position),
    );
  }
});

Deno.test("compareThumbnails: different images do not match; images without contrast have no thumbnail", () => {
  const thumbnails = Array.from({ length: 12 }, (_, i) => small(spots(i + 1)));
  for (const [i, a] of thumbnails.entries()) {
    for (const b of thumbnails.slice(i + 1)) assert.equal(compareThumbnails(a, b), null);
  }
  assert.equal(makeThumbnail(paint(64, 64, () => 0)), null);
  assert.equal(makeThumbnail(paint(64, 64, (x) => 100 + x % 2)), null);
});

Deno.test("sourceStem: is the name before Roboflow renamed the file", () => {
  assert.equal(sourceStem("y12_jpg.rf.8154234c0d164dd0.jpg"), "y12");
  assert.equal(sourceStem("a/scan.3_png.rf.00ff.jpg"), "scan.3");
  assert.equal(sourceStem("y12.jpg"), null);
  assert.equal(sourceStem("y12_jpg.jpg"), null);
});

Deno.test("findNearDuplicates: lists each pair across splits once, with every reason", () => {
  const signature = (split: string, fileName: string, sha256: string, seed: number): ImageSignature => ({
    split,
    fileName,
    sha256,
    thumbnail: small(spots(seed)),
  });
  const { pairs, complete } = findNearDuplicates([
    signature("train", "a_jpg.rf.1.jpg", "A", 1),
    signature("train", "b.jpg", "A", 1),
    signature("train", "c.jpg", "C", 3),
    signature("valid", "a_jpg.rf.2.jpg", "D", 4),
    signature("test", "c.jpg", "E", 3),
    signature("test", "b.jpg", "A", 1),
  ]);
  assert.ok(complete);
  const found = pairs.map((
    { files, reasons },
  ) => [...files.map(({ split, fileName }) => `${split}/${fileName}`), reasons]);
  assert.deepEqual(found, [
    ["train/a_jpg.rf.1.jpg", "test/b.jpg", ["same bytes", "near-equal pixels"]],
    ["train/b.jpg", "test/b.jpg", ["same bytes", "near-equal pixels"]],
    ["train/a_jpg.rf.1.jpg", "valid/a_jpg.rf.2.jpg", ["same source"]],
    ["train/c.jpg", "test/c.jpg", ["near-equal pixels"]],
  ]);
});

Deno.test("findNearDuplicates: lists a bounded number of pairs of two folders of copies", () => {
  const copies = (split: string) =>
    Array.from({ length: 300 }, (_, i) => ({ split, fileName: `${i}.jpg`, sha256: "A", thumbnail: null }));
  const { pairs, complete } = findNearDuplicates([...copies("train"), ...copies("test")]);
  assert.deepEqual([pairs.length, complete], [10_000, false]);
});

Deno.test("groupPairs: files that pairs connect are one group, also if a later pair connects two groups", () => {
  const pair = (a: string, b: string, reasons: DuplicateReason[] = ["same bytes"]): NearDuplicate => {
    const file = (path: string) => {
      const [split, fileName] = path.split("/") as [string, string];
      return { split, fileName };
    };
    return { files: [file(a), file(b)], reasons };
  };
  const groups = groupPairs([
    pair("train/1", "test/1"),
    pair("train/2", "test/2", ["near-equal pixels"]),
    pair("train/3", "test/3"),
    pair("train/2", "test/1", ["same source", "same bytes"]),
  ]);
  const shown = groups.map(({ files, reasons }) => [
    files.map(({ split, fileName }) => `${split}/${fileName}`).sort().join(" "),
    reasons.toSorted().join(", "),
  ]);
  assert.deepEqual(shown.toSorted(), [
    ["test/1 test/2 train/1 train/2", "near-equal pixels, same bytes, same source"],
    ["test/3 train/3", "same bytes"],
  ]);
  const copies = [1, 2, 3, 4].flatMap((a) => [1, 2, 3, 4].map((b) => pair(`train/${a}`, `test/${b}`)));
  assert.deepEqual(groupPairs(copies).map(({ files }) => files.length), [8]);
});
