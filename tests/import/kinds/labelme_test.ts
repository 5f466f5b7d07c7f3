import assert from "node:assert/strict";
import { decodeRle } from "../../../mod.ts";
import { closeDecoders } from "../../../src/image/decode.ts";
import { labelPng, recognize, regionsOf } from "../../support/source_files.ts";

const EMPTY = new Uint8Array();
const SIZE = { width: 6, height: 4 };
const TRIANGLE = { label: "tumor", points: [[0, 0], [4, 0], [0, 4]], shape_type: "polygon" };

function labelme(shapes: readonly unknown[], extra: object = {}): string {
  const file = { version: "5.5.0", flags: {}, shapes, imagePath: "a.png", imageData: null };
  return JSON.stringify({ ...file, imageHeight: SIZE.height, imageWidth: SIZE.width, ...extra });
}

const read = async (...shapes: unknown[]) =>
  await regionsOf(await recognize({ "a.json": labelme(shapes), "a.png": EMPTY }), "a.png", SIZE);

Deno.test("labelme: draws polygons, rectangles, circles and masks", async () => {
  const rows = async (shape: object) => (await read({ label: "x", ...shape }))[0]!.rows;
  // The centers of the pixels on the diagonal lie on the outline.
  assert.deepEqual(await rows({ points: TRIANGLE.points }), ["###...", "##....", "#.....", "......"]);
  const box = ["......", ".###..", ".###..", "......"];
  assert.deepEqual(await rows({ shape_type: "rectangle", points: [[4, 3], [1, 1]] }), box);
  assert.deepEqual(await rows({ shape_type: "rectangle", points: [[1, 1], [4, 1], [4, 3], [1, 3]] }), box);
  assert.deepEqual(await rows({ shape_type: "circle", points: [[3, 2], [3, 0]] }), [
    "..##..",
    ".####.",
    ".####.",
    "..##..",
  ]);
  const mask = { width: 3, height: 2 };
  for (
    const png of [
      labelPng(mask, [0, 255, 0, 255, 255, 255]),
      labelPng(mask, [0, 1, 0, 1, 1, 1], [0, 0xffffff]),
    ]
  ) {
    const shape = { shape_type: "mask", points: [[1, 1], [3, 2]], mask: png.toBase64() };
    assert.deepEqual(await rows(shape), ["......", "..#...", ".###..", "......"]);
  }
  await closeDecoders();
});

Deno.test("labelme: a circle of any size lies within a hundredth of a pixel", async () => {
  for (const radius of [3, 40, 900]) {
    const size = { width: 2 * radius + 4, height: 2 * radius + 4 };
    const center = radius + 2;
    const shape = { label: "x", shape_type: "circle", points: [[center, center], [center, center + radius]] };
    const file = labelme([shape], { imageWidth: size.width, imageHeight: size.height });
    const [image] = (await recognize({ "a.json": file, "a.png": EMPTY })).images;
    const { runs } = (await image!.regions(size))[0]!;
    const { data } = decodeRle({ size: [size.height, size.width], counts: [...runs] });
    for (let at = 0; at < data.length; at++) {
      const distance = Math.hypot(at % size.width + 0.5 - center, Math.floor(at / size.width) + 0.5 - center);
      // The rasterizer's grid has five points per pixel.
      if (Math.abs(distance - radius) > 0.3) {
        assert.equal(data[at], distance < radius ? 1 : 0, `${radius}: ${at}`);
      }
    }
  }
});

Deno.test("labelme: ignored pixels and background by its own labels", async () => {
  const { categories } = await recognize({
    "a.json": labelme(
      ["tumor", "_background_", "__ignore__", "Tumor"].map((label) => ({ ...TRIANGLE, label })),
    ),
    "a.png": EMPTY,
  });
  assert.deepEqual(categories.map(({ name }) => name), ["tumor", "ignore", "Tumor"]);
  assert.deepEqual((await read({ ...TRIANGLE, label: "_background_" })).length, 0);
});

Deno.test("labelme: finds the image by its path, by its own name, or in the file", async () => {
  const sources: [Record<string, string | Uint8Array>, string, string | null][] = [
    [{ "ann/a.json": labelme([], { imagePath: "..\\img\\b.png" }), "img/b.png": EMPTY }, "img/b.png", null],
    [
      {
        "ann/a.json": labelme([], { imagePath: "/home/x/val/b.png" }),
        "img/val/b.png": EMPTY,
        "img/train/b.png": EMPTY,
      },
      "img/val/b.png",
      "valid",
    ],
    [
      { "train/a.json": labelme([], { imagePath: "renamed.png" }), "train/a.jpg": EMPTY },
      "train/a.jpg",
      "train",
    ],
  ];
  for (const [files, path, split] of sources) {
    const { images } = await recognize(files);
    assert.deepEqual(images.map((image) => [image.path, image.split]), [[path, split]]);
  }
  const imageData = labelPng(SIZE, new Uint8Array(24)).toBase64();
  const { images } = await recognize({
    "valid/a.json": labelme([TRIANGLE], { imagePath: "C:\\x\\cells 1.png", imageData }),
    "valid/b.json": labelme([], { imagePath: "", imageData: `/9j/${imageData}` }),
  });
  assert.deepEqual(images.map(({ path, split, fileName }) => [path, split, fileName]), [
    ["valid/a.json", "valid", "cells 1.png"],
    ["valid/b.json", "valid", "b.jpg"],
  ]);
  assert.deepEqual(await images[0]!.bytes!(), Uint8Array.fromBase64(imageData));
});

Deno.test("labelme: shapes that cannot be trusted leave their image out; damaged and lonely files are listed", async () => {
  await assert.rejects(
    () => read(TRIANGLE, { label: "x", shape_type: "point", points: [[1, 1]] }),
    (error: Error) => {
      assert.equal(error.message, "it has shapes without an area: point");
      return error instanceof RangeError;
    },
  );
  const outside = {
    label: "x",
    shape_type: "mask",
    points: [[4, 1]],
    mask: labelPng({ width: 3, height: 1 }, [1, 1, 1]).toBase64(),
  };
  await assert.rejects(
    () => read(outside),
    /^RangeError: a mask of 3 x 1 at 4, 1 leaves the image of 6 x 4$/,
  );
  await closeDecoders();
  const other = await recognize({ "a.json": labelme([TRIANGLE], { imageWidth: 60 }), "a.png": EMPTY });
  await assert.rejects(
    () => regionsOf(other, "a.png", SIZE),
    /its annotations are for 60 x 4, the image is 6 x 4/,
  );
  const { leftOut } = await recognize({
    "a.json": labelme([TRIANGLE]),
    "a.png": EMPTY,
    "b.json": labelme([{ ...TRIANGLE, shape_type: "blob" }]),
    "c.json": labelme([{ ...TRIANGLE, points: [[0, null]] }]),
    "d.json": labelme([TRIANGLE], { imagePath: "gone.png" }),
    "e.json": labelme([TRIANGLE]).slice(0, 90),
    "f.png": EMPTY,
  });
  assert.deepEqual(leftOut.map(({ reason, files }) => [reason.slice(0, 47), files]), [
    ['shape 1 is of the unknown kind "blob"', ["b.json"]],
    ["the points of shape 1 are [[...]], expected pai", ["c.json"]],
    ["labelme files whose image is missing", ["d.json"]],
    ['Cannot read "e.json": found the end where the r', ["e.json"]],
    ["images without a labelme file", ["f.png"]],
  ]);
});

Deno.test("labelme: refuses two files for one image, and --masks decides", async () => {
  const files = { "one/a.json": labelme([TRIANGLE]), "two/a.json": labelme([TRIANGLE]), "a.png": EMPTY };
  await assert.rejects(
    () => recognize(files),
    /^Error: Cannot tell which annotations of "a.png" are meant: one\/a.json or two\/a.json\nhint: --masks one /,
  );
  assert.equal((await recognize(files, { masks: "two" })).images.length, 1);
});
