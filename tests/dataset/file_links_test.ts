/** Listed names whose files are missing are linked with the files that they probably mean. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { encodeJpeg, inspectDataset, readSplit } from "../../mod.ts";
import { joinBytes } from "../../src/bytes.ts";
import { describeLink, findLinks } from "../../src/dataset/file_links.ts";
import { findSplits } from "../../src/dataset/splits.ts";
import { spots, writeFiles } from "../support/coco.ts";
import { inTempFolder } from "../support/temp_folder.ts";

const FILE = "_annotations.coco.json";
const SAME_NAME = "has its name: file names start from the folder of the annotation file";
const NFC = "Sch\u00e4del 0.png";
const NFD = "Scha\u0308del 0.png";

/** Creates files and links listed names with them: for each name the sentence, and whether the file is read. */
async function linkAll(files: readonly string[], names: readonly string[]) {
  const linked: Record<string, [string, boolean]> = {};
  await inTempFolder(async (folder) => {
    await writeFiles(folder, Object.fromEntries(files.map((file) => [file, "x"])));
    const links = await findLinks(folder, new Set(names));
    for (const [name, link] of links) linked[name] = [describeLink(link), link.isSame];
  });
  return linked;
}

Deno.test("findLinks: links one pair of names by each kind of difference, and by several", async () => {
  const cases: [string, string, string][] = [
    [NFC, NFD, "Unicode form"],
    [NFD, NFC, "Unicode form"],
    [`a\u0308/${NFC}`, `\u00e4/${NFD}`, "Unicode form"],
    ["p0.PNG", "p0.png", "upper and lower case"],
    ["SCAN/p0.png", "scan/p0.png", "upper and lower case"],
    ["a%20b%23.png", "a b#.png", "percent escapes"],
    ["a b.png", "a%20b.png", "percent escapes"],
    ["train/p0.png", "train\\p0.png", "slashes"],
    ["a/p0.png", "b/p0.png", "folder"],
    ["images/p0.png", "p0.png", "folder"],
    ["p0.jpg", "p0.png", "ending"],
    ["P0.png", "images/p0.png", "upper and lower case and folder"],
    ["Sch%C3%A4del.png", "scha\u0308del.png", "percent escapes and Unicode form and upper and lower case"],
  ];
  for (const [listed, file, how] of cases) {
    const { [listed]: link } = await linkAll([file], [listed]);
    const sentence = how === "folder"
      ? `${JSON.stringify(file)} has its name: file names start from the folder of the annotation file`
      : `${JSON.stringify(file)} differs from it only in ${how}`;
    assert.deepEqual(link, [sentence, how === "Unicode form"], listed);
  }
});

Deno.test("findLinks: links neither existing nor listed files, other kinds of files, nor unlike names", async () => {
  assert.deepEqual(await linkAll(["p0.png", "P0.png"], ["p0.png"]), {});
  assert.deepEqual(await linkAll(["p0.png"], ["p0.png", "P0.png"]), {});
  assert.deepEqual(await linkAll(["p0.txt", "p1.png"], ["P0.txt", "p2.png", "100%.png"]), {});
});

Deno.test("findLinks: reads no file that several names or several files could mean", async () => {
  const twice = await linkAll(["\u1e9b\u0323.png"], ["\u017f\u0323\u0307.png", "\u017f\u0307\u0323.png"]);
  assert.deepEqual(Object.values(twice).map((link) => link[1]), [false, false]);
  const { "P.png": link } = await linkAll(["a/P.png", "b/P.png", "c/P.png"], ["P.png"]);
  assert.deepEqual(link, ['"a/P.png" differs from it only in folder (and so do 2 more)', false]);
  const many = Array.from({ length: 40 }, (_, i) => `${i}/p.png`);
  assert.match(String((await linkAll(many, ["p.png"]))["p.png"]), /and so do 39 more/);
});

/** Annotations of images of 64 x 64 pixels with these names; all are annotated. */
function listing(names: readonly string[], size = { width: 64, height: 64 }): string {
  return JSON.stringify({
    images: names.map((file_name, i) => ({ id: i + 1, file_name, ...size })),
    annotations: names.map((_, i) => ({
      id: i + 1,
      image_id: i + 1,
      category_id: 1,
      segmentation: [[4, 4, 40, 4, 40, 40]],
    })),
    categories: [{ id: 1, name: "tumor" }],
  });
}

Deno.test("inspectDataset: names that differ are one line each, and the Unicode form is read", () =>
  inTempFolder(async (folder) => {
    await writeFiles(folder, {
      [`train/${FILE}`]: listing([NFC, "p1.PNG", "p2.png", "gone.png"]),
      [`train/${NFD}`]: spots(1),
      "train/p1.png": spots(2),
      "train/images/p2.png": spots(3),
      "train/extra.png": spots(4),
    });
    const { splits: [train] } = await inspectDataset(folder);
    assert.deepEqual(train!.problems.map(({ message }) => message), [
      'image 2 (train/p1.PNG): there is no such file; "p1.png" differs from it only in upper and lower case',
      'image 3 (train/p2.png): there is no such file; "images/p2.png" has its name: file names start from the folder ' +
      "of the annotation file",
      "image 4 (train/gone.png): there is no such file",
      '"extra.png" is in the folder, but the annotation file does not list it',
    ]);
    assert.deepEqual([train!.images, train!.files], [1, 3]);
    assert.deepEqual(train!.notes.map(({ kind, files }) => [kind, files]), [["name", [NFD]]]);
    const { samples } = await readSplit((await findSplits(folder))[0]!);
    assert.deepEqual(samples.map(({ imagePath }) => imagePath), [join(folder, "train", NFD)]);
  }));

Deno.test("inspectDataset: absolute names are linked with files of the same last part, doubled slashes are one", () =>
  inTempFolder(async (folder) => {
    await writeFiles(folder, {
      [`train/${FILE}`]: listing(["/data/p0.png", "C:\\data\\p1.png", "../p2.png", "a//p3.png", "/gone.png"]),
      "train/p0.png": spots(1),
      "train/p1.png": spots(2),
      "train/p2.png": spots(3),
      "train/a/p3.png": spots(4),
    });
    const { splits: [train] } = await inspectDataset(folder, { pixels: false });
    assert.equal(train!.images, 1);
    const bad = train!.problems.filter(({ kind }) => kind === "bad-file-name");
    assert.deepEqual(bad.map(({ message }) => message), [
      `image 1: invalid file name "/data/p0.png"; "p0.png" ${SAME_NAME}`,
      `image 2: invalid file name "C:\\\\data\\\\p1.png"; "p1.png" ${SAME_NAME}`,
      `image 3: invalid file name "../p2.png"; "p2.png" ${SAME_NAME}`,
      'image 5: invalid file name "/gone.png"',
    ]);
  }));

/** A JPEG with an EXIF orientation. */
function orient(jpeg: Uint8Array, orientation: number): Uint8Array {
  const block = [
    0x4d,
    0x4d,
    0,
    42,
    0,
    0,
    0,
    8,
    0,
    1,
    1,
    0x12,
    0,
    3,
    0,
    0,
    0,
    1,
    0,
    orientation,
    0,
    0,
    0,
    0,
    0,
    0,
  ];
  const exif = [0xff, 0xe1, 0, 34, ...new TextEncoder().encode("Exif\0\0"), ...block];
  return joinBytes([jpeg.subarray(0, 2), Uint8Array.from(exif), jpeg.subarray(2)]);
}

Deno.test("inspectDataset: EXIF orientations are counted, and named where the annotations ignore them", () =>
  inTempFolder(async (folder) => {
    const image = { ...spots(5, 64), height: 48, data: spots(5, 64).data.slice(0, 64 * 48 * 3) };
    const jpeg = await encodeJpeg(image, 90);
    await writeFiles(folder, {
      [`train/${FILE}`]: listing(["a.jpg", "b.jpg", "c.jpg", "d.jpg"], { width: 64, height: 48 }),
      "train/a.jpg": orient(jpeg, 3),
      "train/b.jpg": orient(jpeg, 3),
      "train/c.jpg": orient(jpeg, 6),
      "train/d.jpg": jpeg,
    });
    for (const pixels of [true, false]) {
      const { splits: [train] } = await inspectDataset(folder, { pixels });
      assert.deepEqual(train!.notes, [{
        kind: "orientation",
        message: "rotated by 180 degrees, as EXIF orientation 3 says; outlines must fit the rotated image",
        files: ["a.jpg", "b.jpg"],
      }]);
      assert.deepEqual(train!.problems.map(({ message }) => message), [
        "image 3 (train/c.jpg): its file stores 64 x 48 and is shown as 48 x 64, rotated by 90 degrees clockwise " +
        "(EXIF orientation 6); the annotations say 64 x 48, as if it were not rotated",
      ]);
    }
  }));
