/** Opening the GPU of this machine, with the verdicts of earlier starts in a folder. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { defaultChoices } from "../../kernels/variants.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { checksum, CHOICE_FILE, entryName, keepChoices } from "../../src/host/kernel_memory.ts";
import { openGpu, type OpenGpuOptions } from "../../src/host/open_gpu.ts";
import { kernelsOf } from "../../src/graph/program.ts";
import { planTarget } from "../../src/layers/plan_target.ts";
import { completeConfig } from "../../src/unet/config.ts";
import { recordPlan } from "../../src/unet/network_plan.ts";
import { countDispatches } from "../support/count_dispatches.ts";
import { ROOT } from "../project/files.ts";
import { SOFTWARE, softwareTest } from "../support/software.ts";
import { inTempFolder } from "../support/temp_folder.ts";

const PLAN = { kind: "predict", batch: 1, height: 64, width: 64 } as const;
const HARDWARE = { ...SOFTWARE, choices: defaultChoices("hardware") };

/** Opens and closes a GPU; returns its choices and the dispatches that opening it and admitting a plan took. */
async function open(options: OpenGpuOptions): Promise<{ choices: Gpu["choices"]; dispatches: number }> {
  const [gpu, dispatches] = await countDispatches(async () => {
    const gpu = await openGpu({ ...HARDWARE, ...options });
    while (
      await gpu.admit!(kernelsOf(recordPlan(completeConfig({ filters: 32 }), planTarget(gpu), PLAN).steps))
    );
    return gpu;
  });
  gpu.close();
  return { choices: gpu.choices, dispatches };
}

/** Changes the only entry of a folder's file, as a valid file of something else would have it. */
async function editEntry(cache: string, edit: (entry: Entry) => void): Promise<void> {
  const path = join(cache, CHOICE_FILE);
  const document = JSON.parse(await Deno.readTextFile(path));
  const [entry] = Object.values(document.entries) as [Entry];
  edit(entry);
  document.entries = { [entryName(entry.of)]: entry };
  document.checksum = await checksum(document.entries);
  await Deno.writeTextFile(path, JSON.stringify(document));
}

interface Entry {
  of: Parameters<typeof entryName>[0];
  tested: { verdicts: Record<string, boolean> };
}

softwareTest(
  "openGpu: a second start tests nothing, unless a kernel changed or it is told to",
  () =>
    inTempFolder(async (cache) => {
      const first = await open({ cache });
      assert.ok(first.dispatches > 0);
      assert.deepEqual(await open({ cache }), { choices: first.choices, dispatches: 0 });
      assert.deepEqual(await open({ cache, retest: true }), first);
      // That every other part of the key matters is kernelKey's test.
      await editEntry(cache, (entry) => Object.assign(entry.of, { kernels: "another" }));
      assert.deepEqual(await open({ cache }), first, "another kernel text");
      assert.equal((await open({ cache })).dispatches, 0);
    }),
);

softwareTest(
  "openGpu: a kept failure keeps a variant out, an edited file does not count",
  () =>
    inTempFolder(async (cache) => {
      const first = await open({ cache });
      // What is chosen in its place is tested before, too.
      await open({ cache, choices: undefined });
      await editEntry(cache, ({ tested }) => {
        for (const name in tested.verdicts) if (name.startsWith("tiled")) tested.verdicts[name] = false;
      });
      const { choices, dispatches } = await open({ cache });
      assert.equal(dispatches, 0);
      assert.ok(!Object.values(choices).includes("tiled"));
      // By hand, and so without a new checksum.
      const path = join(cache, CHOICE_FILE);
      await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replaceAll("false", "true"));
      assert.deepEqual(await open({ cache }), first);
    }),
);

softwareTest(
  "openGpu: tests at every start if the folder cannot be used",
  () =>
    inTempFolder(async (folder) => {
      await Deno.writeTextFile(join(folder, "file"), "");
      for (let start = 0; start < 2; start++) {
        assert.ok((await open({ cache: join(folder, "file", "below") })).dispatches > 0);
      }
    }),
);

Deno.test({
  name: "openGpu: tests silently if it may not read and write, and asks for nothing",
  permissions: { read: false, write: false },
  fn: async () => {
    const { readTextFile, readTextFileSync, stat, statSync, mkdir, open: openFile, permissions } = Deno;
    const { request } = permissions;
    const touched: string[] = [];
    // Each of these would prompt on a terminal.
    const touch = (name: string) => () => {
      touched.push(name);
      throw new Deno.errors.NotCapable(name);
    };
    Object.assign(Deno, {
      readTextFile: touch("readTextFile"),
      readTextFileSync: touch("readTextFileSync"),
      stat: touch("stat"),
      statSync: touch("statSync"),
      mkdir: touch("mkdir"),
      open: touch("open"),
    });
    permissions.request = touch("request");
    try {
      const { dispatches } = await open({ cache: "dataset/.cache" });
      assert.ok(dispatches > 0);
      assert.deepEqual(touched, []);
    } finally {
      Object.assign(Deno, { readTextFile, readTextFileSync, stat, statSync, mkdir, open: openFile });
      permissions.request = request;
    }
  },
});

softwareTest("openGpu: takes the timed variants only if it is asked to", () =>
  inTempFolder(async (cache) => {
    const gpu = await openGpu({ ...SOFTWARE, cache });
    gpu.close();
    const timedAt = "2026-01-02T03:04:05.000Z";
    await keepChoices(cache, gpu, { timedAt, choices: { "conv3x3/thin": "winograd2" } });
    assert.deepEqual((await open({ cache, choices: undefined })).choices, gpu.choices);
    const tuned = await open({ cache, choices: undefined, tuned: true });
    assert.deepEqual(tuned, { choices: { ...gpu.choices, "conv3x3/thin": "winograd2" }, dispatches: 0 });
  }));

Deno.test("openGpu: loads no self-test unless it has to run one", async () => {
  const { stdout } = await new Deno.Command("deno", {
    args: ["info", "--json", join(ROOT, "src/host/open_gpu.ts")],
  }).output();
  const { roots, modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
    roots: string[];
    modules: { specifier: string; dependencies?: Dependency[] }[];
  };
  const loaded = new Set(roots);
  for (const url of loaded) {
    for (
      const { code, isDynamic } of modules.find(({ specifier }) => specifier === url)?.dependencies ?? []
    ) {
      if (code?.specifier !== undefined && !isDynamic) loaded.add(code.specifier);
    }
  }
  const paths = [...loaded].map((url) => url.slice(url.lastIndexOf("/src/") + 1));
  assert.ok(paths.includes("src/self_test/open_verified.ts"), "the graph was not read");
  assert.deepEqual(
    paths.filter((path) => /self_test\/(checks|self_test|admission|fingerprint)/.test(path)),
    [],
  );
});

interface Dependency {
  code?: { specifier?: string };
  isDynamic?: boolean;
}
