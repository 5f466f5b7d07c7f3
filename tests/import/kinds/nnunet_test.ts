import assert from "node:assert/strict";
import { closeDecoders } from "../../../src/image/decode.ts";
import { labelPng, recognize, regionsOf, type SourceFiles } from "../../support/source_files.ts";

const EMPTY = new Uint8Array();
const SIZE = { width: 4, height: 2 };
const LABELS = labelPng(SIZE, [0, 1, 2, 3, 0, 1, 1, 3]);

function nnunet(
  labels: unknown,
  files: SourceFiles,
  channels: unknown = { channel_names: { 0: "T1", 1: "T2" } },
): SourceFiles {
  return { "dataset.json": JSON.stringify({ labels, ...channels as object, file_ending: ".png" }), ...files };
}

const ONE = { "imagesTr/a_0000.png": EMPTY, "labelsTr/a.png": LABELS };
const read = async (labels: unknown) => {
  const recognition = await recognize(nnunet(labels, ONE));
  assert.equal(recognition.kind, "nnU-Net");
  return await regionsOf(recognition, "imagesTr/a_0000.png", SIZE);
};

Deno.test("nnU-Net: labels of both versions, regions that overlap, and ignored pixels", async () => {
  const plain = [
    { category: "edema", rows: [".#..", ".##."] },
    { category: "tumor", rows: ["..#.", "...."] },
    { category: "ignore", rows: ["...#", "...#"] },
  ];
  assert.deepEqual(await read({ background: 0, edema: 1, tumor: 2, ignore: 3 }), plain);
  assert.deepEqual(await read({ 0: "background", 1: "edema", 2: "tumor", 3: "ignore" }), plain);
  assert.deepEqual(await read({ background: 0, whole: [1, 2, 3], core: [2, 3] }), [
    { category: "whole", rows: [".###", ".###"] },
    { category: "core", rows: ["..##", "...#"] },
  ]);
  await assert.rejects(
    () => read({ background: 0, edema: 1, tumor: 2 }),
    /^RangeError: its label image has the value 3, which dataset.json does not name$/,
  );
  await closeDecoders();
});

Deno.test("nnU-Net: cases of several channels are refused with the flag that picks one", async () => {
  const files = nnunet({ background: 0, x: 1 }, { ...ONE, "imagesTr/a_0001.png": EMPTY });
  await assert.rejects(
    () => recognize(files),
    /^Error: Cannot import ".*": the case a has several channels: 0 \(T1\), 1 \(T2\)\nhint: --channel 0 imports that one$/,
  );
  const { images, lines } = await recognize(files, { channel: 1 });
  assert.deepEqual(images.map(({ path }) => path), ["imagesTr/a_0001.png"]);
  assert.deepEqual(lines, ["channel 1 (T2) of each case"]);
  await assert.rejects(
    () => recognize(files, { channel: 2 }),
    /the case a has no channel 2: 0 \(T1\), 1 \(T2\)\nhint: --channel 0/,
  );
});

Deno.test("nnU-Net: labeled test cases are a split; without them, there are no splits", async () => {
  const labels = { background: 0, x: 1 };
  const one = await recognize(
    nnunet(labels, { ...ONE, "imagesTs/t_0000.png": EMPTY, "labelsTr/gone.png": LABELS }),
  );
  assert.deepEqual(one.images.map(({ split }) => split), [null]);
  assert.deepEqual(one.leftOut, [
    { reason: "labels without an image", files: ["labelsTr/gone.png"] },
    { reason: "images without labels", files: ["imagesTs/t_0000.png"] },
  ]);
  const both = await recognize(
    nnunet(labels, { ...ONE, "imagesTs/t_0000.png": EMPTY, "labelsTs/t.png": LABELS }),
  );
  assert.deepEqual(both.images.map(({ path, split }) => [path, split]), [
    ["imagesTr/a_0000.png", "train"],
    ["imagesTs/t_0000.png", "test"],
  ]);
});

Deno.test("nnU-Net: refuses volumes, several datasets and unreadable labels", async () => {
  await assert.rejects(
    () =>
      recognize(
        nnunet({ background: 0, x: 1 }, { "imagesTr/a_0000.nii.gz": EMPTY, "labelsTr/a.nii.gz": EMPTY }),
      ),
    /^Error: Cannot import ".*": its images are volumes \(imagesTr\/a_0000.nii.gz\), not 2D images\nhint: export their slices/,
  );
  const inFolder = (name: string) =>
    Object.fromEntries(
      Object.entries(nnunet({ x: 1 }, ONE)).map(([path, content]) => [`${name}/${path}`, content]),
    );
  await assert.rejects(
    () => recognize({ ...inFolder("D1"), ...inFolder("D2") }, {}, "/d"),
    /^Error: Cannot tell which dataset is meant: D1\/dataset.json or D2\/dataset.json\nhint: .* deno task import \/d\/D1$/,
  );
  await assert.rejects(
    () => read({ background: 0, x: "one" }),
    /the value of label "x" is "one", expected an integer/,
  );
});
