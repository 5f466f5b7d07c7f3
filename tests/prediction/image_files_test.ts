import assert from "node:assert/strict";
import { join } from "node:path";
import { findImages, writeFailures } from "../../src/prediction/image_files.ts";
import { findOwners, outputNames } from "../../src/prediction/result_names.ts";
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

Deno.test("findImages: names what it skips in folders and among matches", () =>
  inTempFolder(async (folder) => {
    await writeFiles(folder, {
      "in/a.png": PNG,
      "in/b.txt": "",
      "in/.c": "",
      "in/more/d.png": PNG,
      "up/e/f.png": PNG,
    });
    const at = (...names: string[]) => names.map((name) => join(folder, name));
    const one = await findImages(at("in"));
    assert.deepEqual(one.skipped, { files: at("in/b.txt"), folders: at("in/more") });
    assert.deepEqual((await findImages(at("in/**"))).skipped, { files: at("in/b.txt"), folders: [] });
    const { problems } = await findImages(at("up"));
    assert.match(problems[0]!.message, /^Cannot find an image in the folder .*\nhint: --recursive includes/);
  }));

Deno.test("outputNames: another image's results are never overwritten, an image's own are replaced", () =>
  inTempFolder(async (output) => {
    const names = async (...files: string[]) =>
      outputNames(files, output, { owners: await findOwners(files, output) });
    const write = async (name: string, image: string) => {
      for (const ending of ["_mask.png", ".json"]) {
        await Deno.writeTextFile(join(output, name + ending), JSON.stringify({ image }));
      }
    };
    await write("x", "a/x.png");
    assert.deepEqual(await names("b/x.png"), ["x-2"]);
    await write("x-2", "b/x.png");
    assert.deepEqual(await names("b/x.png"), ["x-2"]);
    assert.deepEqual(await names("./a/x.png"), ["x"]);
    assert.deepEqual(await names("c/x.jpg", "b/x.png", "a/x.png"), ["x-3", "x-2", "x"]);
    assert.deepEqual(await names("c/X.jpg"), ["X-3"], "as on a disk that ignores case");
    // A file of unknown origin, such as a mask that its user corrected.
    await Deno.writeTextFile(join(output, "y_mask.png"), "");
    await Deno.writeTextFile(join(output, "z.json"), "[]");
    assert.deepEqual(await names("y.png", "z.png", "failures.png"), ["y-2", "z-2", "failures-2"]);
  }));

Deno.test("writeFailures: lists what failed until it succeeds, and keeps the failures of other runs", () =>
  inTempFolder(async (output) => {
    const path = join(output, "failures.json");
    const listed = async () =>
      JSON.parse(await Deno.readTextFile(path)).map(({ path }: { path: string }) => path);
    const problem = (path: string) => ({ path, message: "cut off" });
    await writeFailures(output, ["a.png"], []);
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
    await writeFailures(output, ["a.png", "b.png"], [problem("a.png"), problem("gone")]);
    await writeFailures(output, ["c.png"], [problem("c.png")]);
    assert.deepEqual(await listed(), ["a.png", "gone", "c.png"]);
    await writeFailures(output, ["./a.png", "c.png"], []);
    assert.deepEqual(await listed(), ["gone"]);
    await writeFailures(output, ["gone"], []);
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
  }));

Deno.test("findImages: recursive searches folders at any depth, but neither links to folders nor the output", () =>
  inTempFolder(async (folder) => {
    await writeFiles(folder, {
      "b.png": PNG,
      "2024/may/a.png": PNG,
      "2024/a.png": PNG,
      "2024/notes.txt": "",
      ".hidden/c.png": PNG,
      "out/b_mask.png": PNG,
      "elsewhere/d.png": PNG,
    });
    const scans = join(folder, "scans");
    await Deno.mkdir(scans);
    for (const name of ["b.png", "2024", ".hidden", "out"]) {
      await Deno.rename(join(folder, name), join(scans, name));
    }
    await Deno.symlink(join(folder, "elsewhere"), join(scans, "link"));
    const found = await findImages([scans], { recursive: true, except: join(scans, "out") });
    assert.deepEqual(found.files, ["b.png", "2024/a.png", "2024/may/a.png"].map((name) => join(scans, name)));
    assert.deepEqual(found.subfolders, ["", "2024", join("2024", "may")]);
    assert.deepEqual(found.skipped, {
      files: [join(scans, "2024", "notes.txt")],
      folders: [join(scans, "link")],
    });
    assert.deepEqual(
      outputNames(found.files, "out", { subfolders: found.subfolders }),
      ["b", join("2024", "a"), join("2024", "may", "a")],
    );
  }));

Deno.test("outputNames: results are replaced in their subfolders, and never have a reserved path", () =>
  inTempFolder(async (folder) => {
    const [files, subfolders] = [["x/1/a.png", "y/1/a.png"], ["1", "1"]];
    await writeFiles(folder, { "1/a.json": JSON.stringify({ image: "y/1/a.png" }) });
    const owners = await findOwners(files, folder, subfolders);
    assert.deepEqual(outputNames(files, folder, { owners, subfolders }), ["1/a-2", "1/a"]);
    assert.deepEqual(outputNames(["in/a.png"], folder, { reserved: [join(folder, "a.json")] }), ["a-2"]);
    assert.deepEqual(outputNames(["a_x.png"], "", { endings: ["_x.png"] }), ["a_x"]);
    assert.deepEqual(outputNames(["a.png", "a_x.png"], "", { endings: ["_x.png"] }), ["a-2", "a_x"]);
  }));
