import assert from "node:assert/strict";
import { closeDecoders } from "../../../src/image/decode.ts";
import { parseLabelmap, VOC_CLASSES, vocColor } from "../../../src/import/formats/voc_classes.ts";
import { labelPng, recognize, regionsOf, type SourceFiles } from "../../support/source_files.ts";

const EMPTY = new Uint8Array();
const SIZE = { width: 4, height: 2 };
const VALUES = [0, 1, 15, 255, 0, 1, 1, 255];
const PALETTE = Array.from({ length: 256 }, (_, value) => vocColor(value));

function voc(
  names: readonly string[],
  extra: SourceFiles = {},
  mask = labelPng(SIZE, VALUES, PALETTE),
): SourceFiles {
  return {
    ...Object.fromEntries(
      names.flatMap((name) => [[`JPEGImages/${name}.jpg`, EMPTY], [`SegmentationClass/${name}.png`, mask]]),
    ),
    ...extra,
  };
}

Deno.test("vocColor: the palette of VOC's development kit", () => {
  const colors = [
    0,
    0x800000,
    0x008000,
    0x808000,
    0x000080,
    0x800080,
    0x008080,
    0x808080,
    0x400000,
    0xc00000,
  ];
  assert.deepEqual(PALETTE.slice(0, 10), colors);
  assert.deepEqual([PALETTE[15], PALETTE[20], PALETTE[255]], [0xc08080, 0x004080, 0xe0e0c0]);
  assert.equal(new Set(PALETTE).size, 256);
});

Deno.test("VOC: the border is ignored, classes have VOC's names where the source is VOC's", async () => {
  const expected = (first: string, second: string) => [
    { category: first, rows: [".#..", ".##."] },
    { category: second, rows: ["..#.", "...."] },
    { category: "ignore", rows: ["...#", "...#"] },
  ];
  const inVoc = Object.fromEntries(
    Object.entries(voc(["a"])).map(([path, content]) => [`VOCdevkit/VOC2012/${path}`, content]),
  );
  const named = await recognize(inVoc);
  assert.deepEqual(
    await regionsOf(named, "VOCdevkit/VOC2012/JPEGImages/a.jpg", SIZE),
    expected("aeroplane", "person"),
  );
  assert.match(named.lines.join(), /Pascal VOC's own/);
  assert.deepEqual(named.categories.length, VOC_CLASSES.length + 1);
  const unnamed = await recognize(voc(["a"]));
  assert.deepEqual(await regionsOf(unnamed, "JPEGImages/a.jpg", SIZE), expected("1", "15"));
  assert.match(unnamed.lines.join(), /named by their values/);
  const gray = await recognize(voc(["a"], {}, labelPng(SIZE, VALUES)));
  assert.deepEqual(await regionsOf(gray, "JPEGImages/a.jpg", SIZE), expected("1", "15"));
  const visible = await recognize(
    voc(["a"], {}, labelPng(SIZE, VALUES, Array.from({ length: 256 }, (_, i) => 0x010101 * i))),
  );
  assert.deepEqual(await regionsOf(visible, "JPEGImages/a.jpg", SIZE), expected("1", "15"));
  await closeDecoders();
});

Deno.test("VOC: a labelmap.txt names colors, in any order of the palette; other tables name values", async () => {
  const labelmap =
    "# label:color_rgb:parts:actions\nbackground:0,0,0::\nedema:10,20,30::\nlesion:250,0,5:a,b:\n";
  const mask = labelPng(SIZE, [0, 1, 2, 3, 0, 1, 1, 3], [0, 0xfa0005, 0x0a141e, 0xe0e0c0]);
  const colors = await recognize(voc(["a"], { "labelmap.txt": labelmap }, mask));
  assert.deepEqual(await regionsOf(colors, "JPEGImages/a.jpg", SIZE), [
    { category: "lesion", rows: [".#..", ".##."] },
    { category: "edema", rows: ["..#.", "...."] },
    { category: "ignore", rows: ["...#", "...#"] },
  ]);
  const table = await recognize(
    voc(
      ["a"],
      { "class_names.txt": "__ignore__\n_background_\nlesion\n" },
      labelPng(SIZE, [0, 1, 0, 255, 0, 1, 2, 0], PALETTE),
    ),
  );
  assert.deepEqual(table.categories.map(({ name }) => name), ["lesion", "ignore"]);
  await assert.rejects(
    () => regionsOf(table, "JPEGImages/a.jpg", SIZE),
    /^RangeError: its mask has the value 2, which class_names.txt does not name$/,
  );
  await closeDecoders();
});

Deno.test("parseLabelmap: refuses rows in another form, with their line", () => {
  for (
    const [text, fault] of [
      ["a:1,2,3::\n:1,2,4::", "line 2 has no name"],
      ["a:1,2::", 'line 1 has the color "1,2", expected red,green,blue in 0..255'],
      ["a:1,2,256", 'line 1 has the color "1,2,256"'],
      ["a:1,2,3::\nb:1,2,3::", "line 2 has the color of a"],
    ] as const
  ) {
    assert.throws(() => parseLabelmap(text, "labelmap.txt"), (error: Error) => error.message.includes(fault));
  }
});

Deno.test("VOC: the lists of ImageSets are the splits; what has no partner or list is listed", async () => {
  const lists = {
    "ImageSets/Segmentation/train.txt": "a\n",
    "ImageSets/Segmentation/trainval.txt": "a\nb\nd\n",
    "ImageSets/Segmentation/val.txt": "JPEGImages/b.jpg 1\n",
  };
  const { images, leftOut } = await recognize({
    ...voc(["a", "b", "d", "e"], lists),
    "JPEGImages/c.jpg": EMPTY,
    "SegmentationClass/f.png": EMPTY,
  });
  assert.deepEqual(images.map(({ path, split }) => [path, split]), [
    ["JPEGImages/a.jpg", "train"],
    ["JPEGImages/b.jpg", "valid"],
  ]);
  assert.deepEqual(leftOut, [
    { reason: "images without a mask", files: ["JPEGImages/c.jpg"] },
    { reason: "masks without an image", files: ["SegmentationClass/f.png"] },
    {
      reason: "images in no list of ImageSets/Segmentation",
      files: ["JPEGImages/d.jpg", "JPEGImages/e.jpg"],
    },
  ]);
  const mask = labelPng(SIZE, VALUES, PALETTE);
  const below = await recognize({
    ...{ "JPEGImages/s/a.jpg": EMPTY, "SegmentationClass/s/a.png": mask, "JPEGImages/t/a.jpg": EMPTY },
    ...{ "SegmentationClass/t/a.png": mask, "ImageSets/Segmentation/train.txt": "s/a\n" },
    "ImageSets/Segmentation/val.txt": "/data/JPEGImages/t/a.jpg\n",
  });
  assert.deepEqual(below.images.map(({ path, split }) => [path, split]), [
    ["JPEGImages/s/a.jpg", "train"],
    ["JPEGImages/t/a.jpg", "valid"],
  ]);
  const only = await recognize(voc(["s/a", "b"], { "ImageSets/Segmentation/default.txt": "s/a\nb\n" }));
  assert.deepEqual(only.images.map(({ split }) => split), [null, null]);
  await assert.rejects(
    () =>
      recognize(
        voc(["a"], { "ImageSets/Segmentation/train.txt": "a", "ImageSets/Segmentation/val.txt": "a" }),
      ),
    /^Error: Cannot tell which split "a" is in: .*\nhint: /,
  );
});

Deno.test("VOC: refuses two datasets; masks of another size or of unknown colors leave their image out", async () => {
  const inFolder = (name: string) =>
    Object.fromEntries(Object.entries(voc(["a"])).map(([path, content]) => [`${name}/${path}`, content]));
  await assert.rejects(
    () => recognize({ ...inFolder("x"), ...inFolder("y") }, {}, "/d"),
    /^Error: Cannot tell which dataset is meant: x or y\nhint: import one of them: deno task import \/d\/x$/,
  );
  const small = await recognize(voc(["a"]));
  await assert.rejects(
    () => regionsOf(small, "JPEGImages/a.jpg", { width: 4, height: 4 }),
    /^RangeError: its mask is 4 x 2, the image is 4 x 4$/,
  );
  await closeDecoders();
});
