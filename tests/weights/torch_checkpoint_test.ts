import assert from "node:assert/strict";
import { joinBytes } from "../../src/bytes.ts";
import type { StateDict } from "../../src/tensor.ts";
import { readTorchCheckpoint } from "../../src/weights/torch_checkpoint.ts";
import { writeTorchCheckpoint } from "../../src/weights/torch_writer.ts";
import { assertTensors, editZip, expectedTensors, findBytes, readFixture } from "./support.ts";

async function refuses(bytes: Uint8Array, kind: ErrorConstructor, message: RegExp): Promise<void> {
  await assert.rejects(readTorchCheckpoint(bytes), (error) => {
    assert.ok(error instanceof kind, String(error));
    assert.match(error.message, message);
    return true;
  });
}

const READABLE = [
  "protocol2.pth",
  "protocol3.pth",
  "protocol4.pth",
  "protocol5.pth",
  "kinds.pth",
  "data_parallel.pth",
  "state_dict.pth",
  "model_state_dict.pth",
  "deflated.pth",
  "unaligned.pth",
];

for (const name of READABLE) {
  Deno.test(`readTorchCheckpoint: ${name} as PyTorch reads it`, async () => {
    assertTensors(await readTorchCheckpoint(readFixture(name)), name);
  });
}

Deno.test("writeTorchCheckpoint: reads back bit for bit", async () => {
  const tensors: StateDict = new Map([
    ["down1.conv1.weight", { shape: [2, 3], data: new Float32Array([0, -0, 1e-45, Infinity, -1.5, 9]) }],
    ["é", { shape: [], data: new Float32Array([7]) }],
    ["empty", { shape: [0, 5], data: new Float32Array(0) }],
    ["many", { shape: [70000], data: Float32Array.from({ length: 70000 }, (_, i) => i) }],
  ]);
  const bytes = writeTorchCheckpoint(tensors);
  assert.deepEqual(writeTorchCheckpoint(tensors), bytes, "the same bytes every time");
  assert.deepEqual(await readTorchCheckpoint(bytes), tensors);
  const wrong: StateDict = new Map([["a", { shape: [7], data: new Float32Array(6) }]]);
  assert.throws(() => writeTorchCheckpoint(wrong), /"a" has shape \[7\] and 6 values/);
});

Deno.test("readTorchCheckpoint: recognizes the legacy formats, with a hint", async () => {
  await refuses(
    readFixture("legacy.pth"),
    SyntaxError,
    /PyTorch's legacy format.*\nhint: torch\.save\(torch\.load/,
  );
  const tar = new Uint8Array(512);
  tar.set(new TextEncoder().encode("ustar"), 257);
  await refuses(tar, SyntaxError, /PyTorch's legacy format/);
});

Deno.test("readTorchCheckpoint: refuses unknown globals by name", async () => {
  await refuses(readFixture("attack.pth"), SyntaxError, /names "__builtin__\.eval"/);
  await refuses(
    readFixture("module.pth"),
    SyntaxError,
    /names "torch\.nn\.modules\.conv\.Conv2d".*\nhint: .*state_dict/,
  );
  for (
    const name of ["os\nsystem", "torch._utils\n_rebuild_qtensor", "collections\ndefaultdict", "torch\nload"]
  ) {
    const pickle = new TextEncoder().encode(`\x02c${name}\n.`);
    const bytes = await editZip(readFixture("protocol2.pth"), {
      "protocol2/data.pkl": Uint8Array.of(0x80, ...pickle),
    });
    await refuses(bytes, SyntaxError, new RegExp(`names "${name.replace("\n", "\\.")}"`));
  }
});

Deno.test("readTorchCheckpoint: refuses big-endian values", async () => {
  await refuses(readFixture("big_endian.pth"), SyntaxError, /"big"-endian/);
});

Deno.test("readTorchCheckpoint: refuses anything but a state dict of floats", async () => {
  await refuses(
    readFixture("other_dict.pth"),
    TypeError,
    /a dict of "weights", "epoch", expected a state dict/,
  );
  await refuses(readFixture("integers.pth"), TypeError, /tensor "count" is a torch\.LongStorage/);
  const fixture = readFixture("protocol2.pth");
  const withPickle = (...bytes: number[]) =>
    editZip(fixture, { "protocol2/data.pkl": Uint8Array.of(0x80, 2, ...bytes, 0x2e) });
  await refuses(await withPickle(0x4e), TypeError, /it holds no dict/);
  assert.equal((await readTorchCheckpoint(await withPickle(0x7d))).size, 0);
});

Deno.test("readTorchCheckpoint: refuses storages that are damaged, short, long or missing", async () => {
  const fixture = readFixture("protocol2.pth");
  const damaged = fixture.slice();
  const data = expectedTensors("protocol2.pth")["conv1.bias"]!.values.map(Number);
  const at = findBytes(damaged, [...new Uint8Array(new Float32Array(data).buffer)]);
  damaged[at]! ^= 1;
  await refuses(damaged, SyntaxError, /"protocol2\/data\/1" is damaged: its CRC-32 is/);
  const edit = (content: Uint8Array | undefined) => editZip(fixture, { "protocol2/data/1": content });
  await refuses(
    await edit(new Uint8Array(8)),
    SyntaxError,
    /storage "1" of tensor "conv1\.bias" has 8 bytes, expected 12/,
  );
  await refuses(await edit(new Uint8Array(16)), SyntaxError, /has 16 bytes, expected 12/);
  await refuses(await edit(undefined), SyntaxError, /entry "protocol2\/data\/1" is missing/);
  await refuses(
    await editZip(fixture, { "protocol2/data.pkl": undefined }),
    SyntaxError,
    /holds no data\.pkl/,
  );
  await refuses(await editZip(fixture, { "b/data.pkl": "" }), SyntaxError, /holds 2 data\.pkl/);
});

Deno.test("readTorchCheckpoint: refuses files truncated anywhere", async () => {
  const fixture = readFixture("protocol2.pth");
  for (let length = 0; length < fixture.length; length += 13) {
    await assert.rejects(readTorchCheckpoint(fixture.subarray(0, length)), SyntaxError);
  }
});

/** A pickled state dict {"w": tensor} whose offset, shape and strides are single bytes, storage "1" of 3 floats. */
function tensorPickle(offset: number, shape: number[], strides: number[]): Uint8Array {
  const encoder = new TextEncoder();
  const text = (value: string) => [0x8c, value.length, ...encoder.encode(value)];
  const tuple = (values: number[]) => [0x28, ...values.flatMap((value) => [0x4b, value]), 0x74];
  const global = (module: string, name: string) => [0x63, ...encoder.encode(`${module}\n${name}\n`)];
  return Uint8Array.of(
    ...[0x80, 4, 0x7d, ...text("w"), ...global("torch._utils", "_rebuild_tensor_v2"), 0x28],
    ...[
      0x28,
      ...text("storage"),
      ...global("torch", "FloatStorage"),
      ...text("1"),
      ...text("cpu"),
      0x4b,
      3,
      0x74,
    ],
    ...[0x51, 0x4b, offset, ...tuple(shape), ...tuple(strides), 0x89, 0x4e, 0x74, 0x52, 0x73, 0x2e],
  );
}

Deno.test("readTorchCheckpoint: a tensor must lie within its storage", async () => {
  const fixture = readFixture("protocol2.pth");
  const read = async (offset: number, shape: number[], strides: number[]) =>
    await readTorchCheckpoint(
      await editZip(fixture, { "protocol2/data.pkl": tensorPickle(offset, shape, strides) }),
    );
  const bias = expectedTensors("protocol2.pth")["conv1.bias"]!.values.map((text) =>
    Math.fround(Number(text))
  );
  assert.deepEqual([...(await read(1, [2], [1])).get("w")!.data], bias.slice(1));
  assert.deepEqual([...(await read(0, [2, 1], [2, 9])).get("w")!.data], [bias[0], bias[2]]);
  assert.deepEqual((await read(200, [0, 7], [7, 1])).get("w"), { shape: [0, 7], data: new Float32Array(0) });
  await assert.rejects(read(2, [2], [1]), /reaches value 3 of storage "1", which has 3/);
  await assert.rejects(read(0, [2, 2], [2, 1]), /reaches value 3/);
  await assert.rejects(read(0, [2], [1, 1]), /has shape \[2\], strides \[1, 1\]/);
});

Deno.test("readTorchCheckpoint: refuses small files that would expand without bound", async () => {
  const fixture = readFixture("protocol2.pth");
  const bomb = await editZip(fixture, {
    "protocol2/data.pkl": tensorPickle(0, [250, 250, 250, 250], [0, 0, 0, 0]),
  });
  await refuses(bomb, RangeError, /take more than 268435456 bytes, the limit for its size/);
  const pickle = new Uint8Array(5 * 2 ** 20);
  await refuses(
    await editZip(fixture, { "protocol2/data.pkl": pickle }),
    RangeError,
    /pickle of 5242880 bytes exceeds/,
  );
});

Deno.test("readTorchCheckpoint: recognizes safetensors, and names the length of anything else", async () => {
  await refuses(
    readFixture("types.safetensors"),
    SyntaxError,
    /looks like safetensors\nhint: .*readSafetensors/,
  );
  await refuses(new Uint8Array(100).fill(1), SyntaxError, /its 100 bytes do not begin like a zip/);
});

Deno.test("readTorchCheckpoint: bytes before or after its zip are no part of it, and a truncated one is refused", async () => {
  const state: StateDict = new Map([["a.weight", { shape: [2], data: Float32Array.of(1, 2) }]]);
  const zip = writeTorchCheckpoint(state);
  const junk = (length: number) => Uint8Array.from({ length }, (_, index) => 7 * index + 1);
  for (const [before, after] of [[0, 2], [0, 70_000], [300, 0], [33, 9]]) {
    const read = await readTorchCheckpoint(joinBytes([junk(before!), zip, junk(after!)]));
    assert.deepEqual(read, state, `${before} bytes before, ${after} after`);
  }
  assert.deepEqual(await readTorchCheckpoint(joinBytes([zip, new Uint8Array(512)])), state);
  for (const cut of [1, 10, 60, zip.length - 8]) {
    await assert.rejects(readTorchCheckpoint(zip.subarray(0, zip.length - cut)), SyntaxError);
    if (cut < 60) continue; // Everything but the end record is there, and checked.
    // Not even if another one follows: the bytes begin with the one that was cut.
    const followed = joinBytes([zip.subarray(0, zip.length - cut), zip]);
    await assert.rejects(readTorchCheckpoint(followed), SyntaxError);
  }
  // A page stays a page, even if it ends in a zip.
  const page = joinBytes([new TextEncoder().encode("<!doctype html>"), zip]);
  await assert.rejects(readTorchCheckpoint(page), /it is an HTML page/);
});
