import assert from "node:assert/strict";
import { join } from "node:path";
import {
  packModel,
  readSafetensors,
  readTorchCheckpoint,
  writeSafetensors,
  writeTorchCheckpoint,
} from "../../mod.ts";
import { loadModel } from "../../src/prediction/load_model.ts";
import { command } from "../../tasks/convert.ts";
import { writeFiles } from "../support/coco.ts";
import { readOnnx } from "../support/onnx_interpreter.ts";
import { runInProcess, runTaskProcess } from "../support/run_task.ts";
import { spotClasses, spotModel, spotState } from "../support/spot_model.ts";

const PTH = new URL("../fixtures/weights/kinds.pth", import.meta.url).pathname;
const LEGACY = new URL("../fixtures/weights/legacy.pth", import.meta.url).pathname;

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("convert: .pth to .safetensors and back, bit for bit", () =>
  inFolder(async (folder) => {
    const safetensors = join(folder, "new", "a.safetensors");
    const pth = join(folder, "b.PTH");
    const first = await runTaskProcess("convert", [PTH, safetensors]);
    assert.deepEqual([first.code, first.stderr], [0, ""]);
    assert.match(first.stdout, /a\.safetensors: 14 tensors, \d+ values, \d/);
    const second = await runTaskProcess("convert", [safetensors, pth, "--json"]);
    assert.deepEqual([second.code, second.stderr], [0, ""]);
    const result = JSON.parse(second.stdout);
    const bytes = await Deno.readFile(pth);
    assert.deepEqual([result.output, result.format, result.tensors], [pth, "torch", 14]);
    assert.equal(result.byteLength, bytes.length);
    const original = await readTorchCheckpoint(await Deno.readFile(PTH));
    const read = readSafetensors(await Deno.readFile(safetensors));
    assert.deepEqual(read.tensors, original);
    assert.deepEqual(read.metadata, { format: "pt" });
    assert.deepEqual(await readTorchCheckpoint(bytes), original);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), ["b.PTH", "new"]);
  }));

Deno.test("convert: keeps metadata, and notes what .pth cannot hold", () =>
  inFolder(async (folder) => {
    const source = join(folder, "a.safetensors");
    const tensors = new Map([["w", { shape: [1], data: new Float32Array(1) }]]);
    await Deno.writeFile(source, writeSafetensors(tensors, { config: "{}" }));
    await runInProcess(command(), [source, join(folder, "b.safetensors")]);
    const { metadata } = readSafetensors(await Deno.readFile(join(folder, "b.safetensors")));
    assert.deepEqual(metadata, { format: "pt", config: "{}" });
    const { code, stderr } = await runInProcess(command(), [source, join(folder, "b.pt")]);
    assert.equal(code, 0);
    assert.match(stderr, /note: .* metadata config; it is left out/);
  }));

Deno.test("convert: a .pth gets its model's description in a sidecar, which is read and converted back", () =>
  inFolder(async (folder) => {
    const [source, pth, again] = ["a.safetensors", "b.pth", "c.safetensors"].map((name) =>
      join(folder, name)
    );
    const bytes = spotModel({ size: 64, normalize: "picture", recipe: "strong" });
    await Deno.writeFile(source!, bytes);
    const { code, stdout, stderr } = await runInProcess(command(), [source!, pth!, "--json"]);
    assert.deepEqual([code, stderr, JSON.parse(stdout).sidecar], [0, "", `${pth}.json`]);
    const [model, original] = [await loadModel(pth!), await loadModel(source!)];
    assert.deepEqual([model.description, model.described], [original.description, true]);
    assert.equal((await runInProcess(command(), [pth!, again!])).code, 0);
    assert.deepEqual(await Deno.readFile(again!), bytes);

    // Other weights of the same name are not described by it.
    await Deno.writeFile(pth!, writeTorchCheckpoint(new Map([...spotState()].reverse())));
    const stale = /its sidecar describes another file.*\nhint: convert the weights again/;
    await assert.rejects(loadModel(pth!), { message: stale });
    assert.match((await runInProcess(command(), [pth!, again!])).stderr, stale);
  }));

Deno.test("convert: fails with reason and hint, and writes nothing", () =>
  inFolder(async (folder) => {
    const output = join(folder, "a.safetensors");
    const legacy = await runInProcess(command(), [LEGACY, output]);
    assert.deepEqual([legacy.code, legacy.stdout], [1, ""]);
    assert.match(legacy.stderr, /^error: .*legacy format.*\nhint: torch\.save/);
    const missing = await runInProcess(command(), [join(folder, "none.pth"), output]);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /^error: .*none\.pth/);
    assert.deepEqual([...Deno.readDirSync(folder)], []);
    const onto = await runInProcess(command(), [PTH, PTH]);
    assert.equal(onto.code, 1);
    assert.match(onto.stderr, /onto itself\nhint:/);
  }));

Deno.test("convert: exits with 2 on wrong usage, and prints help", async () => {
  for (const args of [[], [PTH], [PTH, "weights.bin"], [PTH, "a.pth", "more"], [PTH, "a.pth", "--jsn"]]) {
    assert.equal((await runInProcess(command(), args)).code, 2, args.join(" "));
  }
  const help = await runInProcess(command(), ["--help"]);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /Usage: deno task convert/);
});

Deno.test("convert: may not write to the project's code", async () => {
  const code = new URL("../../src/x.pth", import.meta.url).pathname;
  const { code: exit, stderr } = await runTaskProcess("convert", [PTH, code]);
  assert.equal(exit, 1);
  assert.match(stderr, /does not allow write access/);
});

Deno.test("convert: a model to ONNX, from safetensors, a .pth with a sidecar, or a run", () =>
  inFolder(async (folder) => {
    const files = ["run/best.safetensors", "a.pth", "a.onnx", "b.onnx", "c.ONNX"];
    const [source, pth, a, b, c] = files.map((name) => join(folder, name)) as [string, ...string[]];
    await writeFiles(folder, { [files[0]!]: spotModel({ size: 64, normalize: "picture" }) });
    await runInProcess(command(), [source, pth!]);
    const first = await runInProcess(command(), [source, a!, "--json"]);
    assert.deepEqual([first.code, first.stderr], [0, ""]);
    const { byteLength, ...result } = JSON.parse(first.stdout);
    assert.deepEqual(result, { output: a, format: "onnx", opset: 17, inputSize: 64 });
    const bytes = await Deno.readFile(a!);
    assert.equal(byteLength, bytes.length);
    const { metadata } = readOnnx(bytes);
    assert.deepEqual([metadata.input_size, metadata.normalize], ["64", "picture"]);
    for (const [from, to] of [[pth, b], [join(folder, "run"), c]] as const) {
      const { code, stdout, stderr } = await runInProcess(command(), [from!, to!]);
      assert.deepEqual([code, stderr], [0, ""]);
      assert.match(stdout, /: ONNX, operator set 17, input images \[N, 3, H, W\] \(64 px, RGB from 0 to 1\)/);
      assert.deepEqual(await Deno.readFile(to!), bytes);
    }
    const back = await runInProcess(command(), [a!, join(folder, "d.pth")]);
    assert.match(back.stderr, /the file is an ONNX model\nhint: /);
  }));

Deno.test("convert: classes and head survive a .pth with its sidecar, and are in ONNX's metadata", () =>
  inFolder(async (folder) => {
    const [source, pth, again, onnx] = ["a.safetensors", "b.pth", "c.safetensors", "d.onnx"].map((name) =>
      join(folder, name)
    ) as [string, string, string, string];
    const bytes = packModel(spotClasses("softmax"));
    await Deno.writeFile(source, bytes);
    for (const args of [[source, pth], [pth, again], [pth, onnx]]) {
      assert.equal((await runInProcess(command(), args)).code, 0);
    }
    assert.deepEqual(await Deno.readFile(again), bytes);
    const { metadata, outputs } = readOnnx(await Deno.readFile(onnx));
    assert.deepEqual([metadata.classes, metadata.head], ['["gray","white"]', "softmax"]);
    assert.deepEqual(outputs, { probabilities: ["N", 2, "H", "W"] });
  }));

Deno.test("convert: to ONNX, flags say what a plain state dict does not, else the original's with a note", () =>
  inFolder(async (folder) => {
    const [pth, onnx] = [join(folder, "a.pth"), join(folder, "a.onnx")];
    await Deno.writeFile(pth, writeTorchCheckpoint(spotState()));
    const assumed = await runInProcess(command(), [pth, onnx, "--size", "64"]);
    assert.equal(assumed.code, 0);
    assert.match(
      assumed.stderr,
      /^note: the file does not describe its model; .*input, imagenet normalization/,
    );
    const given = await runInProcess(command(), [pth, onnx, "--size", "96", "--normalize", "picture"]);
    assert.deepEqual([given.code, given.stderr], [0, ""]);
    const { metadata } = readOnnx(await Deno.readFile(onnx));
    assert.deepEqual([metadata.input_size, metadata.normalize, metadata.range], ["96", "picture", undefined]);
    await runInProcess(command(), [pth, onnx, "--size", "32", "--range", "0,4095"]);
    assert.equal(readOnnx(await Deno.readFile(onnx)).metadata.range, "[0,4095]");
    const other = await runInProcess(command(), [pth, join(folder, "a.safetensors"), "--size", "64"]);
    assert.equal(other.code, 1);
    assert.match(other.stderr, /^error: Cannot use --size .*\nhint: write it to a sidecar, ".*a\.pth\.json"/);
  }));

Deno.test("convert: --precision f16 halves a model, which predicts nearly the same; other formats say no", () =>
  inFolder(async (folder) => {
    const source = join(folder, "model.safetensors");
    const half = join(folder, "half.safetensors");
    await Deno.writeFile(source, spotModel());
    const { code, stderr } = await runInProcess(command(), [source, half, "--precision", "f16"]);
    assert.deepEqual([code, stderr], [0, ""]);
    const [before, after] = [await loadModel(source), await loadModel(half)];
    assert.deepEqual(after.description, before.description);
    for (const [name, { shape, data }] of before.state) {
      const rounded = { shape, data: new Float32Array(Float16Array.from(data)) };
      assert.deepEqual(after.state.get(name), rounded);
    }
    const bytes = await Promise.all([source, half].map(async (path) => (await Deno.stat(path)).size));
    assert.ok(bytes[1]! < 0.6 * bytes[0]!, bytes.join());
    // What is read is float32 again, so that float16 weights can be exported.
    for (const name of ["out.pth", "out.onnx"]) {
      assert.equal((await runInProcess(command(), [half, join(folder, name)])).code, 0);
      const refused = await runInProcess(command(), [
        source,
        join(folder, `no.${name}`),
        "--precision",
        "f16",
      ]);
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /with --precision f16: only a \.safetensors stores float16\nhint: /);
    }
  }));
