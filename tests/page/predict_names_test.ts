import assert from "node:assert/strict";
import { isImageFile } from "../../src/page/app/predict/file_input.ts";
import { resultNames } from "../../src/page/app/predict/names.ts";
import { PixelStore } from "../../src/page/app/predict/pixel_store.ts";
import type { PredictedImage } from "../../src/page/app/predict/predicted_image.ts";
import { parseMinArea, parseSpacing } from "../../src/page/app/predict/settings.ts";
import { cocoFileNames } from "../../src/prediction/coco_names.ts";
import { outputNames } from "../../src/prediction/result_names.ts";

Deno.test("resultNames: files and folders get the names that predict gives them", () => {
  const files = ["a.png", "b.c.JPG", "scans/a.png", "scans/deep/x.tif", "scans/deep/.hidden", "noending"];
  const subfolders = ["", "", "", "deep", "deep", ""];
  assert.deepEqual(resultNames(files).map(({ stem }) => stem), outputNames(files, "out", { subfolders }));
  const unlike = files.slice(1);
  assert.deepEqual(
    resultNames(unlike).map(({ fileName }) => fileName),
    cocoFileNames(unlike, subfolders.slice(1)),
  );
  assert.deepEqual(resultNames(files).map(({ image }) => image), files);
});

Deno.test("resultNames: no two are the same, whatever the paths, and none leads out of its folder", () => {
  const paths = ["a.png", "A.PNG", "a.png", "a-2.png", "summary.csv", "predictions.png", "failures.png"];
  const odd = ["../../x.png", "..\\y.png", "/etc/z.png", "", "//", "<script>alert(1)</script>.png"];
  const names = resultNames([...paths, ...odd]);
  for (const key of ["fileName", "stem"] as const) {
    const all = names.map((name) => name[key].toLowerCase());
    assert.equal(new Set(all).size, all.length, all.join());
    assert.ok(all.every((name) => name !== "" && !name.split("/").includes("..") && !name.startsWith("/")));
  }
  assert.ok(!names.some(({ stem }) => ["predictions", "failures"].includes(stem)));
});

Deno.test("parseSpacing, parseMinArea: what the flags of predict take; anything else says what is expected", () => {
  assert.deepEqual(["", " ", "0.5", "0.5,0.7", " 1e-1 , 2 "].map(parseSpacing), [
    null,
    null,
    [0.5, 0.5],
    [0.7, 0.5],
    [2, 0.1],
  ]);
  for (const text of ["0", "-1", "a", "1,", "1,2,3", "Infinity", "1;2"]) {
    assert.throws(() => parseSpacing(text), { name: "SyntaxError", message: /^Expected millimeters/ }, text);
  }
  assert.deepEqual(["", "0", "25"].map(parseMinArea), [0, 0, 25]);
  for (const text of ["-1", "1.5", "a"]) {
    assert.throws(() => parseMinArea(text), /Expected a number of pixels/);
  }
});

Deno.test("isImageFile: images by their names or types; hidden files of a folder are none", () => {
  const isImage = (name: string, type = "") => isImageFile({ name, type });
  assert.ok(isImage("a.PNG") && isImage("b.tiff") && isImage("c.avif", "image/avif"));
  assert.ok(!isImage("._a.png") && !isImage("notes.txt", "text/plain") && !isImage("a.json"));
});

Deno.test("PixelStore: forgets the pixels used longest ago, never the last ones; forgotten ones are decoded again", async () => {
  const image = (bytes: number) => ({ width: 1, height: 1, data: new Uint8Array(bytes) });
  const [a, b, c] = [40, 50, 200].map((bytes) => ({ image: image(bytes) }) as PredictedImage);
  const store = new PixelStore(100);
  store.use(a!);
  store.use(b!);
  store.use(a!);
  store.use(c!);
  assert.deepEqual([a, b, c].map((each) => each!.image === null), [true, true, false]);
  const pixels = await store.pixels(a!, () => Promise.resolve(image(40)));
  assert.equal(pixels.data.length, 40);
  assert.equal(c!.image, null);
  store.forget(a!);
  assert.equal(a!.image, null);
});
