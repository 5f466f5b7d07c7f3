/** Rules for all WGSL files. */
import assert from "node:assert/strict";
import { basename, dirname } from "node:path";
import { defineKernel } from "../../kernels/kernel.ts";
import { withParts } from "../../kernels/parts/parts.ts";
import { specialize } from "../../kernels/specialize.ts";
import { halve, storableBindings } from "../../kernels/storage.ts";
import { kernelFiles, projectFiles, readProject } from "../project/files.ts";
import { openF16TestGpu, openTestGpu } from "../support/test_gpu.ts";

const gpu = await openTestGpu();

/** Compiles kernels with float16 storage; null if the adapter has no float16. */
const half = await openF16TestGpu();

const FILES = projectFiles(".wgsl");
const KERNELS = kernelFiles();

/** These need a feature that a device may lack; `diagnose` runs the probes on separate devices. */
const OPTIONAL = [
  "kernels/probe/f16.wgsl",
  "kernels/probe/subgroups.wgsl",
  ...(gpu.has("subgroups") ? [] : [
    "kernels/reduce/rows_subgroup.wgsl",
    ...["nn_wide", "nn_high", "nn_panel"].map((name) => `kernels/gemm/${name}.wgsl`),
    ...["forward", "dgrad", "wgrad"].map((part) => `kernels/conv_transpose2d/subgroup_${part}.wgsl`),
  ]),
];

async function errorsOf(code: string, device = gpu.device): Promise<string[]> {
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ code });
  const scope = device.popErrorScope();
  const { messages } = await module.getCompilationInfo();
  const error = await scope;
  const errors = messages.filter(({ type }) => type === "error").map(({ message }) => message);
  return error === null ? errors : [...errors, error.message];
}

Deno.test("WGSL files: all lie in kernels/", () => {
  assert.ok(FILES.length > 30);
  assert.deepEqual(FILES.filter((path) => !path.startsWith("kernels/")), []);
  assert.deepEqual(OPTIONAL.filter((path) => !FILES.includes(path)), []);
});

for (const path of FILES) {
  Deno.test(`${path}: its head names formula, layout, work split, host and test`, () => {
    const code = readProject(path);
    const lines = code.split("\n");
    const head = lines.slice(0, lines.findIndex((line) => !line.startsWith("//")))
      .map((line) => line.slice(2).trim()).join(" ");
    // Parts and probes are too small for a split of the work.
    if (KERNELS.includes(path)) {
      assert.match(head, /Layout: .*\b(Work: |one invocation each|one value per invocation)/);
    }
    const [, host, test] = /Host: (\S+\.ts)\. Test: (\S+\.ts)\./.exec(head) ?? assert.fail(`head: ${head}`);
    assert.equal(dirname(host!), dirname(path));
    const imported = new RegExp(`import \\w+ from "\\./${basename(path)}" with \\{ type: "text" \\}`);
    assert.match(readProject(host!), imported);
    const module = dirname(host!).split("/").pop()!;
    assert.match(readProject(test!), new RegExp(`/kernels/${module}/|/support/convolution\\.ts`));
  });

  if (OPTIONAL.includes(path) || !KERNELS.includes(path)) continue;

  Deno.test(`${path}: compiles with its parts and with each boolean constant inverted`, async () => {
    const code = withParts(path, readProject(path));
    assert.deepEqual(await errorsOf(code), []);
    for (const [, name, value] of code.matchAll(/^const (\w+): bool = (true|false);/gm)) {
      assert.deepEqual(await errorsOf(specialize(code, { [name!]: value !== "true" })), [], name);
    }
    assert.match(code, /@compute @workgroup_size\(\w+\)\nfn main\(/);
    if (path.startsWith("kernels/probe/")) return;
    const made = defineKernel(path, code);
    const { bindings } = made;
    const storable = storableBindings(made);
    // Each also by itself: the others may be float32, such as the image or the logits.
    for (const names of storable.length > 0 ? [storable, ...storable.map((name) => [name])] : []) {
      if (half) {
        assert.deepEqual(await errorsOf(halve(made, names).code, half.device), [], `float16 ${names}`);
      }
    }
    assert.deepEqual(
      [...code.matchAll(/^alias ([A-Z]\w*) = (?:f32|vec[24]f);/gm)].length,
      storable.length,
      "an alias without a binding",
    );
    assert.equal(code.match(/@binding\(/g)!.length, bindings.length, "a binding was not parsed");
    assert.ok(bindings.filter(({ access }) => access !== "uniform").length <= 8, "too many storage buffers");
  });
}

Deno.test("kernel folders: each has a test and a bench", () => {
  const rooms = new Set(kernelFiles().map((path) => path.split("/")[1]!));
  for (const room of rooms) {
    assert.ok(projectFiles("_bench.ts").includes(`tests/bench/${room}_bench.ts`), room);
    // The probes are tested where they are used.
    if (room !== "probe") assert.ok(projectFiles("_test.ts").includes(`tests/kernels/${room}_test.ts`), room);
  }
});
