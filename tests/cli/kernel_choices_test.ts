import assert from "node:assert/strict";
import { join } from "node:path";
import { formatChoices, keptChoices, retune } from "../../src/cli/kernel_choices.ts";
import { CHOICE_FILE } from "../../src/host/kernel_memory.ts";
import { inTempFolder } from "../support/temp_folder.ts";
import { SOFTWARE } from "../support/software.ts";

const DEVICE = { ...SOFTWARE, kernels: "fast" } as const;

Deno.test("retune: a folder that cannot be written loses only the timing", () =>
  inTempFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "file"), "");
    for (const place of [join(folder, "file"), join(folder, "file", "below")]) {
      assert.deepEqual(await retune(place, DEVICE, 0), {});
      assert.equal(await keptChoices(place, DEVICE), undefined);
    }
  }));

Deno.test("retune: keeps what it finds, for this arithmetic only", () =>
  inTempFolder(async (folder) => {
    assert.equal(await keptChoices(folder, DEVICE), undefined);
    assert.deepEqual(await retune(folder, DEVICE, 0), {});
    assert.deepEqual(await keptChoices(folder, DEVICE), {});
    assert.equal(await keptChoices(folder, { ...DEVICE, kernels: "strict" }), undefined);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), [CHOICE_FILE]);
  }));

Deno.test("formatChoices: lists each class with its variant", () => {
  assert.equal(
    formatChoices({ "conv3x3/thin": "winograd4", "product/low": "nn" }),
    "conv3x3/thin winograd4, product/low nn",
  );
  assert.equal(formatChoices({}), "");
});
