/** Small files that would cost much: each is refused by name before it does. */
import assert from "node:assert/strict";
import { findJsonExcess } from "../../src/weights/json_bounds.ts";
import { type PickleHost, readPickle } from "../../src/weights/pickle.ts";
import { readSafetensors } from "../../src/weights/safetensors.ts";
import { readTorchCheckpoint } from "../../src/weights/torch_checkpoint.ts";
import { makeCheckpoint, Opcodes, Values } from "./pickled.ts";
import { buildSafetensors } from "./support.ts";

const caseFile = (name: string) => Deno.readFileSync(new URL(`../fixtures/cases/${name}`, import.meta.url));

const host: PickleHost = {
  findGlobal: () => null,
  call: () => null,
  setState: () => {},
  findPersistent: () => null,
};

const pickle = (...opcodes: number[]) => Uint8Array.of(0x80, 4, ...opcodes, 0x2e);

Deno.test("readTorchCheckpoint: refuses keys that are lists, however they are nested", async () => {
  await assert.rejects(readTorchCheckpoint(caseFile("expkey20.pth")), /^SyntaxError: .*uses a list as a key/);
  // A list in a list, 100,000 deep, as the key of a dict.
  const deep = [0x7d, ...new Array(100_000).fill(0x5d), ...new Array(99_999).fill(0x61), 0x4e, 0x73];
  await assert.rejects(readTorchCheckpoint(makeCheckpoint(new Opcodes(deep))), /uses a list as a key/);
});

Deno.test("readPickle: refuses lists, dicts and sets as keys and items of sets", () => {
  for (const [opcode, kind] of [[0x5d, "list"], [0x7d, "dict"], [0x8f, "set"]] as const) {
    const refused = { name: "SyntaxError", message: new RegExp(`uses a ${kind} as a key`) };
    assert.throws(() => readPickle(pickle(0x7d, opcode, 0x4e, 0x73), host), refused);
    assert.throws(() => readPickle(pickle(0x8f, 0x28, opcode, 0x90), host), refused);
    assert.throws(() => readPickle(pickle(0x28, opcode, 0x91), host), refused);
  }
});

Deno.test("readPickle: refuses more objects than any checkpoint has", () => {
  for (const opcode of [0x7d, 0x28]) {
    const bytes = new Uint8Array(2 ** 20 + 3).fill(opcode);
    bytes.set([0x80, 4]);
    assert.throws(() => readPickle(bytes, host), /^RangeError: .*too many objects/);
  }
});

Deno.test("readTorchCheckpoint: refuses a tensor of a million axes, and too many tensors", async () => {
  await assert.rejects(
    readTorchCheckpoint(caseFile("rank.pth")),
    /^SyntaxError: Cannot read checkpoint: .*1000001 axes/,
  );
  const many = Object.fromEntries(Array.from({ length: 2 ** 14 }, (_, index) => [`${index}`, null]));
  await assert.rejects(
    readTorchCheckpoint(makeCheckpoint({ a: new Values([1]), ...many })),
    /^RangeError: .*its state dict has 16385 entries, the limit is 16384/,
  );
});

Deno.test("readSafetensors: refuses headers that are nested or full of objects before they are parsed", () => {
  const refused = (header: string, message: RegExp) => {
    assert.throws(() => readSafetensors(buildSafetensors(header)), { name: "RangeError", message });
  };
  refused(`{"a":${"[".repeat(2 ** 20)}`, /nested deeper than 8/);
  refused(`{"a":${'{"a":'.repeat(2 ** 18)}`, /nested deeper than 8/);
  refused(`{"a":[${"{},".repeat(200_000)}{}]}`, /more than 49154 objects/);
  refused(`{"a":[${"1,".repeat(700_000)}1]}`, /more than 163840 values/);
});

Deno.test("findJsonExcess: brackets and commas within strings do not count", () => {
  const bounds = { depth: 1, containers: 1, values: 1 };
  const find = (text: string) => findJsonExcess(new TextEncoder().encode(text), bounds);
  assert.equal(find('{"[{[,,,\\"[[\\\\":"]]","b":1}'), null);
  assert.match(find('{"a":[1]}') ?? "", /nested deeper than 1/);
  assert.match(find("[] []") ?? "", /more than 1 objects/);
  assert.match(find("[1,2,3]") ?? "", /more than 1 values/);
});

Deno.test("readSafetensors: a string of millions of escapes is read, or its key is found twice", () => {
  const escapes = "\\n".repeat(2 ** 21);
  const { metadata } = readSafetensors(buildSafetensors(`{"__metadata__":{"a":"${escapes}"}}`));
  assert.equal(metadata.a?.length, 2 ** 21);
  const twice = buildSafetensors(`{"__metadata__":{"${escapes}":"", "${escapes}" :""}}`);
  assert.throws(() => readSafetensors(twice), /^SyntaxError: .*has the key ".*" twice/);
});
