/** The forms in which training scripts save weights, and files that are mistaken for weights. */
import assert from "node:assert/strict";
import type { StateDict } from "../../src/tensor.ts";
import { inferConfig } from "../../src/unet/parameters.ts";
import { writeSafetensors } from "../../src/weights/safetensors.ts";
import { readTorchCheckpoint } from "../../src/weights/torch_checkpoint.ts";
import { readWeights } from "../../src/weights/weights_file.ts";
import { makeCheckpoint, Opcodes, type Pickled, Values } from "./pickled.ts";

const encoder = new TextEncoder();
const weights = (prefix = "") => ({
  [`${prefix}a.weight`]: new Values([1, 2]),
  [`${prefix}b`]: new Values([3]),
});
const EXPECTED: StateDict = new Map([
  ["a.weight", { shape: [2], data: new Float32Array([1, 2]) }],
  ["b", { shape: [1], data: new Float32Array([3]) }],
]);

/** numpy.float64(...) as protocol 2 pickles it. */
const numpyNumber = (core: string) =>
  new Opcodes([
    ...encoder.encode(`c${core}\nscalar\ncnumpy\ndtype\n`),
    ...[0x55, 2, ...encoder.encode("f8"), 0x4b, 0, 0x4b, 1, 0x87, 0x52, 0x4b, 3, 0x62],
    ...[
      ...encoder.encode("c_codecs\nencode\n"),
      0x55,
      1,
      0x78,
      0x55,
      6,
      ...encoder.encode("latin1"),
      0x86,
      0x52,
    ],
    ...[0x86, 0x52],
  ]);

/** argparse.Namespace(a=1) and pathlib.PosixPath("x"). */
const NAMESPACE = new Opcodes([
  ...encoder.encode("cargparse\nNamespace\n"),
  ...[0x29, 0x81, 0x7d, 0x55, 1, 0x61, 0x4b, 1, 0x73, 0x62],
]);
const PATH = new Opcodes([...encoder.encode("cpathlib\nPosixPath\n"), 0x55, 1, 0x78, 0x85, 0x52]);

const OPTIMIZER = { state: { m: new Values([9]) }, step: new Values([4]) };

for (
  const [name, root] of Object.entries<Pickled>({
    "next to a tensor": { epoch: new Values([3]), loss: new Values([0.5]), model_state_dict: weights() },
    "next to an optimizer": { optimizer: OPTIMIZER, state_dict: weights(), best: 1 },
    "as model": { model: weights(), ema: new Values([1]), scheduler: null },
    "as net": { acc: 95, epoch: new Values([3]), net: weights() },
    "in two levels": { model: { state_dict: weights(), epoch: 1 }, loss: new Values([1]) },
    "next to NumPy's numbers": {
      best: numpyNumber("numpy.core.multiarray"),
      last: numpyNumber("numpy._core.multiarray"),
      net: weights(),
    },
    "next to settings and paths": { args: NAMESPACE, net: weights(), path: PATH },
    "bare": weights(),
  })
) {
  Deno.test(`readTorchCheckpoint: finds the weights ${name}`, async () => {
    assert.deepEqual(await readTorchCheckpoint(makeCheckpoint(root)), EXPECTED);
  });
}

Deno.test("readWeights: strips the prefixes of wrappers in both formats, in any order", async () => {
  for (
    const prefix of [
      "module.",
      "_orig_mod.",
      "model.",
      "module._orig_mod.",
      "_orig_mod.module.model.",
      "model.model.",
    ]
  ) {
    const named: StateDict = new Map([...EXPECTED].map(([name, tensor]) => [prefix + name, tensor]));
    assert.deepEqual((await readWeights(writeSafetensors(named))).tensors, EXPECTED, prefix);
    const file = await readWeights(makeCheckpoint({ state_dict: weights(prefix) }));
    assert.deepEqual(file.tensors, EXPECTED, prefix);
  }
  const compiled = makeCheckpoint({ "a._orig_mod.weight": new Values([1, 2]), b: new Values([3]) });
  assert.deepEqual((await readWeights(compiled)).tensors, EXPECTED);
});

Deno.test("readWeights: keeps a prefix that some names lack, and names that would become equal", async () => {
  for (const names of [["model.a", "b"], ["a", "_orig_mod.a"]]) {
    const tensors: StateDict = new Map(
      names.map((name) => [name, { shape: [1], data: new Float32Array(1) }]),
    );
    assert.deepEqual([...(await readWeights(writeSafetensors(tensors))).tensors.keys()], names);
  }
});

Deno.test("inferConfig: shows the first names of a file that is no such network", () => {
  assert.throws(
    () => inferConfig(EXPECTED),
    /"outc\.weight" among 2 tensors: "a\.weight", "b"\nhint: the weights must be of this U-Net/,
  );
});

Deno.test("readWeights: names what is mistaken for weights, with a way out", async () => {
  const files: Record<string, RegExp> = {
    "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n":
      /a Git LFS pointer.*\nhint: `git lfs pull`/,
    "\ufeff\n<!DOCTYPE html><html>": /an HTML page\nhint: .*download the file itself/,
    "<html lang=en>": /an HTML page/,
    "<?xml version='1.0'?><Error/>": /an XML text/,
    '{"error": "not found"}': /a JSON text/,
    "\x1f": /do not begin like a zip\nhint: torch\.save/,
    "": /an empty file/,
  };
  for (const [text, message] of Object.entries(files)) {
    await assert.rejects(readWeights(encoder.encode(text)), { name: "SyntaxError", message });
    await assert.rejects(readTorchCheckpoint(encoder.encode(text)), { name: "SyntaxError", message });
  }
  await assert.rejects(readWeights(Uint8Array.of(0x1f, 0x8b, 8, 0)), /gzip-compressed/);
  await assert.rejects(readWeights(new Uint8Array(5000)), /nothing but zeros/);
});

Deno.test("readTorchCheckpoint: creates no instances of tensors' functions, and takes no skipped value for weights", async () => {
  const made = new Opcodes([...encoder.encode("ccollections\nOrderedDict\n"), 0x29, 0x81]);
  await assert.rejects(
    readTorchCheckpoint(makeCheckpoint({ net: made })),
    /^SyntaxError: .*creates an instance/,
  );
  const skipped = { name: "TypeError", message: /it holds a dict of "net", expected a state dict/ };
  await assert.rejects(readTorchCheckpoint(makeCheckpoint({ net: NAMESPACE })), skipped);
});
