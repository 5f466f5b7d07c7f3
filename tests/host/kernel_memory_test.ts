/** What is kept on disk about kernels: found again only for the same adapter, driver, Deno and kernels. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { defaultChoices } from "../../kernels/variants.ts";
import { describeGpu, type GpuDescription } from "../../src/gpu/adapter.ts";
import {
  checksum,
  CHOICE_FILE,
  entryName,
  keepChoices,
  type KernelKey,
  kernelKey,
  KernelMemory,
  readChoices,
} from "../../src/host/kernel_memory.ts";
import { openGpu } from "../../src/host/open_gpu.ts";
import { kernelFingerprint } from "../../src/self_test/fingerprint.ts";
import { SOFTWARE, SOFTWARE_KIND } from "../support/software.ts";
import { inTempFolder } from "../support/temp_folder.ts";

const FORMAT = "deno-unet kernel choices 2";
const TIMED = {
  timedAt: "2026-01-02T03:04:05.000Z",
  choices: { "conv3x3/thin": "winograd4", "product/low": "nn" },
};
const RECALL = { tuned: true, retest: false };

const gpu = (await describeGpu(SOFTWARE))!;
const another: GpuDescription = { ...gpu, adapter: { ...gpu.adapter, description: "another" } };

/** The text of a file with one entry, this adapter's. */
async function fileOf(change: Record<string, unknown>): Promise<string> {
  const of = await kernelKey(gpu);
  const entries = { [entryName(of)]: { of, timed: TIMED, ...change } };
  return JSON.stringify({ format: FORMAT, checksum: await checksum(entries), entries });
}

Deno.test("keepChoices: choices are read again, next to those for others", () =>
  inTempFolder(async (folder) => {
    assert.equal(await readChoices(folder, SOFTWARE), null);
    await keepChoices(folder, another, { ...TIMED, choices: { "product/low": "tiled" } });
    assert.equal(await readChoices(folder, SOFTWARE), null);
    await keepChoices(folder, gpu, TIMED);
    assert.deepEqual(await readChoices(folder, SOFTWARE), TIMED);
    assert.equal(await readChoices(folder, { ...SOFTWARE, kernels: "strict" }), null);
    const later = { ...TIMED, timedAt: "2026-02-02T03:04:05.000Z", choices: {} };
    await keepChoices(folder, gpu, later);
    assert.deepEqual(await readChoices(folder, SOFTWARE), later);
    const { entries } = JSON.parse(await Deno.readTextFile(join(folder, CHOICE_FILE)));
    assert.equal(Object.keys(entries).length, 2);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), [CHOICE_FILE]);
  }));

Deno.test("KernelMemory: verdicts add up, next to timed choices and to those of other adapters", () =>
  inTempFolder(async (folder) => {
    const memory = new KernelMemory(folder, RECALL);
    assert.deepEqual(await memory.read(gpu), { verdicts: {}, choices: undefined });
    await memory.write(gpu, { a: true, b: true });
    await memory.write(another, { a: false });
    await keepChoices(folder, gpu, TIMED);
    await memory.write(gpu, { b: false, c: true });
    const verdicts = { a: true, b: false, c: true };
    assert.deepEqual(await memory.read(gpu), { verdicts, choices: TIMED.choices });
    assert.deepEqual(await memory.read(another), { verdicts: { a: false }, choices: undefined });
    assert.deepEqual(await memory.read({ ...gpu, kernels: "strict" }), { verdicts: {}, choices: undefined });
    const untuned = new KernelMemory(folder, { tuned: false, retest: false });
    assert.deepEqual(await untuned.read(gpu), { verdicts, choices: undefined });
    const forgetful = new KernelMemory(folder, { tuned: true, retest: true });
    assert.deepEqual(await forgetful.read(gpu), { verdicts: {}, choices: TIMED.choices });
  }));

Deno.test("KernelMemory: what several write at once is all kept", () =>
  inTempFolder(async (folder) => {
    const names = Array.from({ length: 12 }, (_, index) => `kernel ${index}`);
    await Promise.all(names.map((name) => new KernelMemory(folder, RECALL).write(gpu, { [name]: true })));
    const { verdicts } = await new KernelMemory(folder, RECALL).read(gpu);
    assert.deepEqual(Object.keys(verdicts).sort(), names.toSorted());
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), [CHOICE_FILE]);
  }));

Deno.test("KernelMemory: verdicts expire after 30 days if the system does not tell the driver's version", () =>
  inTempFolder(async (folder) => {
    const memory = new KernelMemory(folder, RECALL);
    const now = Date.now;
    const key = await kernelKey(gpu);
    for (const driver of ["unknown", "mesa-vulkan-drivers 25.0.7-2"]) {
      const of = { ...key, driver };
      const query = Deno.permissions.querySync;
      const read = Deno.readTextFileSync;
      try {
        // The list of packages, as this test wants it.
        Deno.readTextFileSync = (path) =>
          path !== "/var/lib/dpkg/status"
            ? read(path)
            : driver === "unknown"
            ? ""
            : "Package: mesa-vulkan-drivers\nStatus: install ok installed\nVersion: 25.0.7-2\n";
        Deno.permissions.querySync = () => ({ state: "granted" } as Deno.PermissionStatus);
        assert.deepEqual(await kernelKey(gpu), of);
        await memory.write(gpu, { a: true });
        assert.deepEqual((await memory.read(gpu)).verdicts, { a: true });
        Date.now = () => now() + 31 * 24 * 3600 * 1000;
        assert.deepEqual((await memory.read(gpu)).verdicts, driver === "unknown" ? {} : { a: true });
      } finally {
        Deno.readTextFileSync = read;
        Deno.permissions.querySync = query;
        Date.now = now;
      }
    }
  }));

Deno.test("kernelKey: changes with adapter, driver, Deno, arithmetic and the kernels' text", async () => {
  const key = await kernelKey(gpu);
  assert.equal(key.kernels, await kernelFingerprint());
  assert.equal(key.deno, Deno.version.deno);
  assert.equal(key.adapter, gpu.adapter.description);
  if (Deno.build.os === "linux" && /llvmpipe/.test(key.adapter)) {
    assert.match(key.driver, /^(unknown|.*mesa-vulkan)/);
  }
  const names = new Set([entryName(key)]);
  for (const part of Object.keys(key) as (keyof KernelKey)[]) {
    names.add(entryName({ ...key, [part]: "another" }));
  }
  assert.equal(names.size, 1 + Object.keys(key).length);
  assert.equal(
    entryName(Object.fromEntries(Object.entries(key).reverse()) as unknown as KernelKey),
    entryName(key),
  );
});

Deno.test("keepChoices: keeps the newest entries, and no more than fit", () =>
  inTempFolder(async (folder) => {
    for (let index = 0; index < 34; index++) {
      const adapter = { ...gpu.adapter, description: `device ${index}` };
      const timedAt = new Date(Date.UTC(2026, 0, 1 + index)).toISOString();
      await keepChoices(folder, { ...gpu, adapter }, { ...TIMED, timedAt });
    }
    const { entries } = JSON.parse(await Deno.readTextFile(join(folder, CHOICE_FILE)));
    const devices = Object.values<{ of: KernelKey }>(entries).map(({ of }) => of.adapter);
    assert.equal(devices.length, 32);
    assert.ok(devices.includes("device 33") && !devices.includes("device 1"));
  }));

Deno.test("KernelMemory: a damaged, foreign or edited file counts as none, and is replaced", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, CHOICE_FILE);
    const tested = { testedAt: new Date().toISOString(), verdicts: { a: false } };
    const whole = await fileOf({ tested });
    const cases = {
      "empty": "",
      "half": whole.slice(0, 60),
      "no object": "7",
      "null": "null",
      "another format": whole.replace("choices 2", "choices 1"),
      "no entries": JSON.stringify({ format: FORMAT, checksum: await checksum(null), entries: null }),
      "too large": whole + " ".repeat(2 ** 18),
      "a verdict turned round": whole.replace('"a":false', '"a":true'),
      "a choice edited": whole.replace('"nn"', '"tiled"'),
      "an entry moved to another key": whole.replace(gpu.adapter.description, "another"),
      "choices in a list": await fileOf({ timed: { ...TIMED, choices: ["nn"] } }),
      "a number for a variant": await fileOf({ timed: { ...TIMED, choices: { "product/low": 3 } } }),
      "a word for a verdict": await fileOf({ tested: { ...tested, verdicts: { a: "true" } } }),
      "no date": await fileOf({ timed: { ...TIMED, timedAt: "yesterday" } }),
    };
    const memory = new KernelMemory(folder, RECALL);
    for (const [title, text] of Object.entries(cases)) {
      assert.notEqual(text, whole, title);
      await Deno.writeTextFile(path, text);
      assert.equal(await readChoices(folder, SOFTWARE), null, title);
      assert.deepEqual(await memory.read(gpu), { verdicts: {}, choices: undefined }, title);
      // And it is no obstacle to new ones.
      await keepChoices(folder, gpu, TIMED);
      assert.deepEqual(await readChoices(folder, SOFTWARE), TIMED, title);
    }
    await Deno.writeTextFile(path, whole);
    assert.deepEqual(await memory.read(gpu), { verdicts: { a: false }, choices: TIMED.choices });
    await Deno.remove(path);
    await Deno.mkdir(path);
    assert.equal(await readChoices(folder, SOFTWARE), null, "a folder in its place");
    await assert.rejects(keepChoices(folder, gpu, TIMED));
    await memory.write(gpu, { a: true });
    assert.deepEqual(
      [...Deno.readDirSync(folder)].map(({ name }) => name),
      [CHOICE_FILE],
      "nothing half is left",
    );
  }));

Deno.test("openGpu: kept names that do not exist, or belong to another operation, fall back to the defaults", () =>
  inTempFolder(async (cache) => {
    const choices = {
      "conv3x3/thin": "fft",
      "product/low": "direct",
      "conv9x9/thin": "direct",
      "row sums/long": "rows",
    };
    await keepChoices(cache, gpu, { ...TIMED, choices });
    const opened = await openGpu({ ...SOFTWARE, cache, tuned: true });
    opened.close();
    assert.deepEqual(opened.choices, defaultChoices(SOFTWARE_KIND));
  }));
