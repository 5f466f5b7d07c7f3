import assert from "node:assert/strict";
import { type PickleHost, PickleTuple, readPickle } from "../../src/weights/pickle.ts";

const host: PickleHost = {
  findGlobal: (module, name) => ({ global: `${module}.${name}` }),
  call: (callee, args) => ({ callee, args }),
  setState: (object, state) => (object as Map<string, unknown>).set("state", state),
  findPersistent: (identity) => ({ identity }),
};

/** Reads opcodes, given as bytes and text, between PROTO 4 and STOP. */
function read(...parts: (number | string)[]): unknown {
  const bytes = parts.flatMap((part) =>
    typeof part === "string" ? [...new TextEncoder().encode(part)] : [part]
  );
  return readPickle(Uint8Array.of(0x80, 4, ...bytes, 0x2e), host);
}

Deno.test("readPickle: numbers of every width", () => {
  assert.equal(read("K", 200), 200);
  assert.equal(read("M", 0xff, 0xff), 65535);
  assert.equal(read("J", 0xff, 0xff, 0xff, 0xff), -1);
  assert.equal(read(0x8a, 0), 0);
  assert.equal(read(0x8a, 1, 0xff), -1);
  assert.equal(read(0x8a, 2, 0xff, 0x00), 255);
  assert.equal(read(0x8b, 2, 0, 0, 0, 0, 0x80), -32768);
  assert.equal(read(0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1), 2n ** 64n);
  assert.equal(read("G", 0x3f, 0xf8, 0, 0, 0, 0, 0, 0), 1.5);
  assert.equal(read("N"), null);
  assert.deepEqual([read(0x88), read(0x89)], [true, false]);
});

Deno.test("readPickle: text and bytes with every width of length", () => {
  assert.equal(read("U", 2, "ab"), "ab");
  assert.equal(read("T", 2, 0, 0, 0, "ab"), "ab");
  assert.equal(read("X", 3, 0, 0, 0, "aé"), "aé");
  assert.equal(read(0x8c, 2, "ab"), "ab");
  assert.equal(read(0x8d, 2, 0, 0, 0, 0, 0, 0, 0, "ab"), "ab");
  for (
    const head of [["C", 2], ["B", 2, 0, 0, 0], [0x8e, 2, 0, 0, 0, 0, 0, 0, 0], [
      0x96,
      2,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
    ]]
  ) {
    assert.deepEqual(read(...head, "ab"), Uint8Array.of(97, 98));
  }
});

Deno.test("readPickle: containers, memo and stack", () => {
  assert.deepEqual(read(")"), new PickleTuple([]));
  assert.deepEqual(read("K", 1, 0x85), new PickleTuple([1]));
  assert.deepEqual(read("K", 1, "K", 2, 0x86), new PickleTuple([1, 2]));
  assert.deepEqual(read("K", 1, "K", 2, "K", 3, 0x87), new PickleTuple([1, 2, 3]));
  assert.deepEqual(read("(", "K", 1, "K", 2, "t"), new PickleTuple([1, 2]));
  assert.deepEqual(read("]", "K", 1, "a", "(", "K", 2, "K", 3, "e"), [1, 2, 3]);
  assert.deepEqual(read("}", "K", 1, "N", "s", "(", "K", 2, "N", "u"), new Map([[1, null], [2, null]]));
  assert.deepEqual(read(0x8f, "(", "K", 1, "K", 1, 0x90), new Set([1]));
  assert.deepEqual(read("(", "K", 1, 0x91), new Set([1]));
  assert.deepEqual(
    read("]", 0x94, "q", 7, "r", 1, 1, 0, 0, "h", 0, "a", "h", 7, "0", "j", 1, 1, 0, 0, "0"),
    (() => {
      const list: unknown[] = [];
      list.push(list);
      return list;
    })(),
  );
  assert.deepEqual(read("K", 1, "2", 0x86), new PickleTuple([1, 1]));
  assert.equal(read("K", 1, "(", "K", 2, "1"), 1);
  assert.equal(read("K", 1, "(", "0"), 1);
  assert.equal(read(0x95, 2, 0, 0, 0, 0, 0, 0, 0, "K", 1), 1);
});

Deno.test("readPickle: globals, calls, state and persistent ids go to the host", () => {
  assert.deepEqual(read("cos\nsystem\n"), { global: "os.system" });
  assert.deepEqual(read(0x8c, 1, "a", 0x8c, 1, "b", 0x93), { global: "a.b" });
  assert.deepEqual(read("cf\ng\n", "K", 1, 0x85, "R"), { callee: { global: "f.g" }, args: [1] });
  assert.deepEqual(read("}", "K", 1, "b"), new Map([["state", 1]]));
  assert.deepEqual(read("K", 1, "Q"), { identity: 1 });
});

Deno.test("readPickle: refuses opcodes that create anything but data, by name", () => {
  const refused = { F: "FLOAT", i: "INST", o: "OBJ", P: "PERSID", I: "INT", "\x81": "NEWOBJ" };
  for (const [opcode, name] of Object.entries(refused)) {
    assert.throws(() => read(opcode.charCodeAt(0)), new RegExp(`opcode ${name} is refused`));
  }
  for (const opcode of [0x82, 0x83, 0x84, 0x92, 0x97, 0x98]) assert.throws(() => read(opcode), /is refused/);
  assert.throws(() => read(0xff), /byte 2 \(0xff\) is not an opcode/);
});

Deno.test("readPickle: refuses damaged input", () => {
  const raw = (...bytes: number[]) => () => readPickle(Uint8Array.from(bytes), host);
  assert.throws(raw(), /does not begin with a protocol/);
  assert.throws(raw(0x4e, 0x2e), /does not begin with a protocol/);
  assert.throws(raw(0x80, 1, 0x4e, 0x2e), /protocol 1 is not 2 to 5/);
  assert.throws(raw(0x80, 6, 0x4e, 0x2e), /protocol 6/);
  assert.throws(raw(0x80, 2), /truncated/);
  assert.throws(raw(0x80, 2, 0x4e), /truncated/);
  assert.throws(raw(0x80, 2, 0x4e, 0x2e, 0), /1 bytes follow its end/);
  assert.throws(raw(0x80, 2, 0x63, 0x61), /truncated/);
  assert.throws(() => read(0x8d, 0, 0, 0, 0, 0, 0, 0, 0x80), /truncated/);
  assert.throws(() => read(0x95, 99, 0, 0, 0, 0, 0, 0, 0), /truncated/);
  assert.throws(() => read("N", "N"), /left on the stack/);
  assert.throws(() => read("N", "(", "N"), /left on the stack/);
  assert.throws(() => read(), /empty stack/);
  assert.throws(() => read(0x87), /empty stack/);
  assert.throws(() => read("t"), /missing mark/);
  assert.throws(() => read("h", 3), /memo 3/);
  assert.throws(() => read("N", "N", "a"), /not a list/);
  assert.throws(() => read("N", "N", "N", "s"), /not a dict/);
  assert.throws(() => read("}", "(", "N", "u"), /a key without a value/);
  assert.throws(() => read("N", "(", 0x90), /not a set/);
  assert.throws(() => read("N", "N", "R"), /arguments that are not a tuple/);
  assert.throws(() => read("N", "N", 0x93), /a global by something that is not a string/);
  assert.throws(() => read("U", 1, 0xff), /not UTF-8/);
  assert.throws(() => read(0x8a, 65, ...new Array(65).fill(1)), /an integer of 65 bytes/);
});
