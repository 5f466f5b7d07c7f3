import assert from "node:assert/strict";
import { join } from "node:path";
import { findImages, outputNames } from "../../src/prediction/image_files.ts";
import { writeFiles } from "../support/coco.ts";
import { pngClaiming } from "../support/image_files.ts";
import { inTempFolder } from "../support/temp_folder.ts";

const PNG = pngClaiming(1, 1);

Deno.test("findImages: images of a folder, by extension, or by content without one", () =>
  inTempFolder(async (folder) => {
    await writeFiles(folder, {
      "b.JPG": "no image, but named like one: decoding will tell",
      "a.png": PNG,
      "bare": PNG,
      "notes": "text",
      "empty": "",
      "list.json": "{}",
      ".hidden.png": PNG,
      "inner/deep.png": PNG,
    });
    const { files, problems } = await findImages([folder]);
    assert.deepEqual(files, ["a.png", "b.JPG", "bare"].map((name) => join(folder, name)));
    assert.deepEqual(problems, []);
  }));

Deno.test("findImages: files as given, folders one level deep, patterns at any depth, no repetition", () =>
  inTempFolder(async (folder) => {
    await writeFiles(folder, { "a.png": PNG, "in/b.png": PNG, "in/c.txt": "", "in/more/d.png": PNG });
    const at = (...names: string[]) => names.map((name) => join(folder, name));
    const find = async (...names: string[]) => (await findImages(at(...names))).files;
    assert.deepEqual(await find("in/c.txt"), at("in/c.txt"));
    assert.deepEqual(await find("in/b.png", "a.png", "in", "./in/../a.png"), at("in/b.png", "a.png"));
    assert.deepEqual(await find("in/*"), at("in/b.png", "in/more/d.png"));
    assert.deepEqual(await find("**/*.png"), at("a.png", "in/b.png", "in/more/d.png"));
    assert.deepEqual(await find("**"), at("a.png", "in/b.png", "in/more/d.png"));
  }));

Deno.test("findImages: an existing file whose name has pattern characters is not a pattern", () =>
  inTempFolder(async (folder) => {
    await writeFiles(folder, { "scan[1].png": PNG, "scan1.png": PNG });
    const path = join(folder, "scan[1].png");
    assert.deepEqual((await findImages([path])).files, [path]);
  }));

Deno.test("findImages: reports paths that lead to nothing and finds the rest", () =>
  inTempFolder(async (folder) => {
    await writeFiles(folder, { "a.png": PNG, "texts/b.txt": "" });
    const paths = ["gone.png", "texts", "*.tif", "a.png"].map((name) => join(folder, name));
    const { files, problems } = await findImages(paths);
    assert.deepEqual(files, [join(folder, "a.png")]);
    assert.deepEqual(problems.map(({ path }) => path), paths.slice(0, 3));
    assert.match(problems[0]!.message, /^Cannot find ".*gone\.png": no such file or folder$/);
    assert.match(problems[1]!.message, /^Cannot find an image in the folder ".*texts"$/);
    assert.match(problems[2]!.message, /^Cannot find an image that matches ".*\*\.tif"$/);
  }));

Deno.test("outputNames: the names of the images, numbered if they collide in any case", () => {
  const files = ["a/x.jpg", "b/x.png", "c/X.tif", "d/x-2.jpg", "e/y.tar.png", "f/bare", "g/.dot.png"];
  assert.deepEqual(outputNames(files, "out"), ["x", "x-3", "X-4", "x-2", "y.tar", "bare", ".dot"]);
});

Deno.test("outputNames: never overwrites an input image", () => {
  const files = ["out/x.jpg", "out/x_mask.png", "out/./y_figure.png", "out/y.jpg", "z_mask.png"];
  assert.deepEqual(outputNames(files, "out"), ["x-2", "x_mask", "y_figure", "y-2", "z_mask"]);
  assert.deepEqual(outputNames(["x.jpg", "x_mask.png"], "out"), ["x", "x_mask"]);
});
