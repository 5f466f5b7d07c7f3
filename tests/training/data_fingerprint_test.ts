import assert from "node:assert/strict";
import { dataDifferences } from "../../src/training/data_fingerprint.ts";
import { toolVersions, VERSION } from "../../src/training/versions.ts";
import { readProject } from "../project/files.ts";

Deno.test("dataDifferences: names the split, and its counts if they differ", () => {
  const split = (samples: number, sha256: string) => ({ samples, sha256 });
  const before = { train: split(9, "a"), valid: split(3, "b") };
  assert.deepEqual(dataDifferences(before, { train: split(9, "a"), valid: split(3, "b") }), []);
  assert.deepEqual(dataDifferences(before, { train: split(8, "c"), valid: split(3, "d") }), [
    "the train split had 9 samples, has 8",
    "the valid split has other images or annotations",
  ]);
  const deep = { ...before, train: { ...before.train, range: [0, 4095] as const } };
  assert.deepEqual(dataDifferences(deep, structuredClone(deep)), []);
  assert.deepEqual(dataDifferences(before, deep), [
    "in the train split, the full scale became 0 to 1 in images of more than 8 bits, now 0 to 4095 do",
  ]);
});

Deno.test("dataDifferences: the same annotations read as other classes are other data", () => {
  const split = { samples: 2, sha256: "a" };
  const one = { train: split, valid: split };
  const two = { ...one, classes: ["disc", "cup"] };
  assert.deepEqual(dataDifferences(two, structuredClone(two)), []);
  assert.deepEqual(dataDifferences(one, two), ["the classes were one for all categories, are disc, cup"]);
  assert.deepEqual(dataDifferences(two, { ...one, classes: ["cup", "disc"] }), [
    "the classes were disc, cup, are cup, disc",
  ]);
});

Deno.test("toolVersions: this project's version is that of deno.json", () => {
  assert.equal(VERSION, JSON.parse(readProject("deno.json")).version);
  assert.deepEqual(toolVersions("some GPU"), {
    unet: VERSION,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    adapter: "some GPU",
  });
});
