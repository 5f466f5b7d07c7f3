/** Where corrections go: within what the board may write, a file per dataset. */
import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { correctionsPlace } from "../../../src/page/server/corrections_place.ts";

Deno.test("correctionsPlace: datasets of the project have a file each in dataset/corrections, others a folder", () => {
  const folder = join("dataset", "corrections");
  const cases: [string, string, string][] = [
    ["dataset", folder, "corrections"],
    ["dataset/", folder, "corrections"],
    ["dataset/mine", folder, "mine"],
    [resolve("dataset/mine/"), folder, "mine"],
    ["dataset/a b/_c", folder, "a-b-_c"],
    ["dataset/_", folder, "corrections"],
    ["elsewhere/mine", join("elsewhere/mine", "corrections"), "corrections"],
    ["dataset/../x", join("dataset/../x", "corrections"), "corrections"],
    ["dataset/.browser/a", join("dataset/.browser/a", "corrections"), "corrections"],
    ["datasets", join("datasets", "corrections"), "corrections"],
  ];
  for (const [data, where, name] of cases) {
    assert.deepEqual(correctionsPlace(data), { folder: where, name }, data);
  }
});
