import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { expandPattern, isPattern } from "../../src/prediction/glob.ts";
import { writeFiles } from "../support/coco.ts";
import { inTempFolder } from "../support/temp_folder.ts";

const FILES = [
  "a.jpg",
  "b.jpg",
  "b.png",
  "c10.jpg",
  "c1.jpg",
  ".hidden.jpg",
  "odd[1].jpg",
  "sub/a.jpg",
  "sub/deep/x.jpg",
  "sub/.dark/y.jpg",
  "other/a.jpg",
];

const CASES: readonly [pattern: string, expected: string[]][] = [
  ["*.jpg", ["a.jpg", "b.jpg", "c1.jpg", "c10.jpg", "odd[1].jpg"]],
  ["?.jpg", ["a.jpg", "b.jpg"]],
  ["[ac].jpg", ["a.jpg"]],
  ["[!ac].jpg", ["b.jpg"]],
  ["c[0-9].jpg", ["c1.jpg"]],
  ["b.{jpg,png}", ["b.jpg", "b.png"]],
  ["{a,c?}.jpg", ["a.jpg", "c1.jpg"]],
  [".*.jpg", [".hidden.jpg"]],
  ["*/a.jpg", ["other/a.jpg", "sub/a.jpg"]],
  ["s*/*", ["sub/a.jpg", "sub/deep"]],
  ["**/a.jpg", ["a.jpg", "other/a.jpg", "sub/a.jpg"]],
  ["sub/**/*.jpg", ["sub/a.jpg", "sub/deep/x.jpg"]],
  ["sub/**", ["sub/a.jpg", "sub/deep", "sub/deep/x.jpg"]],
  ["sub/.dark/*", ["sub/.dark/y.jpg"]],
  ["none/*.jpg", []],
  ["a.jpg/*", []],
  ["*.gif", []],
  ["*.j?g*", ["a.jpg", "b.jpg", "c1.jpg", "c10.jpg", "odd[1].jpg"]],
  ["odd[[]1].jpg", ["odd[1].jpg"]],
  ["[", []],
  ["{", []],
];

Deno.test("expandPattern: names, folders and choices, like a shell", () =>
  inTempFolder(async (folder) => {
    await writeFiles(folder, Object.fromEntries(FILES.map((path) => [path, ""])));
    await Deno.symlink(folder, join(folder, "sub", "loop"));
    for (const [pattern, expected] of CASES) {
      const found = await expandPattern(`${folder}/${pattern}`);
      const names = found.map((path) => relative(folder, path)).filter((path) => path !== "sub/loop");
      assert.deepEqual(names, expected, pattern);
    }
  }));

Deno.test("expandPattern: relative patterns give relative paths", async () => {
  assert.deepEqual(await expandPattern("src/prediction/gl?b.ts"), [join("src", "prediction", "glob.ts")]);
});

Deno.test("isPattern: tells a plain path from a pattern", () => {
  for (const path of ["a/*.jpg", "a?.png", "[a].png", "{a,b}.png"]) assert.ok(isPattern(path), path);
  for (const path of ["a.jpg", "/tmp/x-1_(2).png", "a]b}.png"]) assert.ok(!isPattern(path), path);
});
