/** Timed choices on disk: found again for the same adapter, driver, Deno and kernels alone, and never trusted blindly. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { defaultChoices } from "../../kernels/variants.ts";
import {
  CHOICE_FILE,
  type ChoiceKey,
  choiceKey,
  entryName,
  keepChoices,
  readChoices,
} from "../../src/host/choice_cache.ts";
import { describeGpu, type GpuDescription, openGpu } from "../../src/gpu/gpu.ts";
import { inTempFolder } from "../support/temp_folder.ts";
import { SOFTWARE, SOFTWARE_KIND } from "../support/software.ts";

const DEVICE = SOFTWARE;
const KEPT = {
  timedAt: "2026-01-02T03:04:05.000Z",
  choices: { "conv3x3/thin": "winograd4", "product/low": "nn" },
};

const gpu = (await describeGpu(DEVICE))!;

Deno.test("choice cache: what was kept is read again, beside what is kept for others", () =>
  inTempFolder(async (folder) => {
    assert.equal(await readChoices(folder, DEVICE), null);
    const other: GpuDescription = { ...gpu, adapter: { ...gpu.adapter, description: "another" } };
    await keepChoices(folder, other, { ...KEPT, choices: { "product/low": "tiled" } });
    assert.equal(await readChoices(folder, DEVICE), null);
    await keepChoices(folder, gpu, KEPT);
    assert.deepEqual(await readChoices(folder, DEVICE), KEPT);
    assert.equal(await readChoices(folder, { ...DEVICE, kernels: "strict" }), null);
    const later = { ...KEPT, timedAt: "2026-02-02T03:04:05.000Z", choices: {} };
    await keepChoices(folder, gpu, later);
    assert.deepEqual(await readChoices(folder, DEVICE), later);
    const { entries } = JSON.parse(await Deno.readTextFile(join(folder, CHOICE_FILE)));
    assert.equal(Object.keys(entries).length, 2);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), [CHOICE_FILE]);
  }));

Deno.test("choice cache: its key changes with adapter, driver, Deno, arithmetic and the kernels' text", async () => {
  const key = await choiceKey(gpu);
  assert.match(key.kernels, /^[0-9a-f]{64}$/);
  assert.equal(key.deno, Deno.version.deno);
  assert.equal(key.adapter, gpu.adapter.description);
  if (Deno.build.os === "linux" && /llvmpipe/.test(key.adapter)) {
    assert.match(key.driver, /^(unknown|.*mesa-vulkan)/);
  }
  const names = new Set([entryName(key)]);
  for (const part of Object.keys(key) as (keyof ChoiceKey)[]) {
    names.add(entryName({ ...key, [part]: "another" }));
  }
  assert.equal(names.size, 1 + Object.keys(key).length);
  assert.equal(
    entryName(Object.fromEntries(Object.entries(key).reverse()) as unknown as ChoiceKey),
    entryName(key),
  );
});

Deno.test("choice cache: the newest entries are kept, and no more than fit", () =>
  inTempFolder(async (folder) => {
    for (let index = 0; index < 40; index++) {
      const adapter = { ...gpu.adapter, description: `device ${index}` };
      const timedAt = new Date(Date.UTC(2026, 0, 1 + index)).toISOString();
      await keepChoices(folder, { ...gpu, adapter }, { ...KEPT, timedAt });
    }
    const { entries } = JSON.parse(await Deno.readTextFile(join(folder, CHOICE_FILE)));
    const devices = Object.values<{ of: ChoiceKey }>(entries).map(({ of }) => of.adapter);
    assert.equal(devices.length, 32);
    assert.ok(devices.includes("device 39") && !devices.includes("device 7"));
  }));

Deno.test("choice cache: a file that is broken, too large, of another format or no file counts as none", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, CHOICE_FILE);
    const name = entryName(await choiceKey(gpu));
    const format = "deno-unet kernel choices 1";
    const entry = (value: unknown) => JSON.stringify({ format, entries: { [name]: value } });
    assert.ok(entry(KEPT).includes(KEPT.timedAt));
    const cases = {
      "empty": "",
      "half": entry(KEPT).slice(0, 60),
      "no object": "7",
      "null": "null",
      "another format": entry(KEPT).replace("choices 1", "choices 2"),
      "no entries": JSON.stringify({ format, entries: null }),
      "too large": entry(KEPT) + " ".repeat(2 ** 18),
      "an entry of nothing": entry(null),
      "choices in a list": entry({ ...KEPT, choices: ["nn"] }),
      "a number for a variant": entry({ ...KEPT, choices: { "product/low": 3 } }),
      "no date": entry({ ...KEPT, timedAt: "yesterday" }),
    };
    for (const [title, text] of Object.entries(cases)) {
      await Deno.writeTextFile(path, text);
      assert.equal(await readChoices(folder, DEVICE), null, title);
      // And it is no obstacle to new ones.
      await keepChoices(folder, gpu, KEPT);
      assert.deepEqual(await readChoices(folder, DEVICE), KEPT, title);
    }
    await Deno.writeTextFile(path, entry(KEPT));
    assert.deepEqual(await readChoices(folder, DEVICE), KEPT, "the same without a fault is read");
    await Deno.remove(path);
    await Deno.mkdir(path);
    assert.equal(await readChoices(folder, DEVICE), null, "a folder in its place");
    await assert.rejects(keepChoices(folder, gpu, KEPT));
    assert.deepEqual(
      [...Deno.readDirSync(folder)].map(({ name }) => name),
      [CHOICE_FILE],
      "nothing half is left",
    );
  }));

Deno.test("choice cache: names that do not exist, and variants of another operation, come to the defaults", () =>
  inTempFolder(async (folder) => {
    const choices = {
      "conv3x3/thin": "fft",
      "product/low": "direct",
      "conv9x9/thin": "direct",
      "row sums/long": "rows",
    };
    await keepChoices(folder, gpu, { ...KEPT, choices });
    const kept = await readChoices(folder, DEVICE);
    const opened = await openGpu({ ...DEVICE, choices: kept!.choices });
    opened.close();
    assert.deepEqual(opened.choices, defaultChoices(SOFTWARE_KIND));
  }));
