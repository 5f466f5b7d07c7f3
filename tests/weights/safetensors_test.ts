import assert from "node:assert/strict";
import type { StateDict } from "../../src/tensor.ts";
import { readSafetensors, writeSafetensors } from "../../src/weights/safetensors.ts";
import { assertTensors, buildSafetensors, readFixture } from "./support.ts";

const f32 = (begin: number, end: number, shape: unknown = [(end - begin) / 4]) => ({
  dtype: "F32",
  shape,
  data_offsets: [begin, end],
});

function refuses(bytes: Uint8Array, kind: ErrorConstructor, message: RegExp): void {
  assert.throws(() => readSafetensors(bytes), (error) => {
    assert.ok(error instanceof kind, String(error));
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("reads every float type as PyTorch does, and the metadata", () => {
  const { tensors, metadata } = readSafetensors(readFixture("types.safetensors"));
  assertTensors(tensors, "types.safetensors");
  assert.deepEqual(metadata, { format: "pt", note: 'an "é"' });
});

Deno.test("what is written is read back, bit for bit, from any place in a buffer", () => {
  const values = new Float32Array([0, -0, 1e-45, 3.4e38, Infinity, -1.5]);
  const tensors: StateDict = new Map([
    ["b", { shape: [2, 3], data: values }],
    ["__proto__", { shape: [], data: new Float32Array([7]) }],
    ["10", { shape: [0, 5], data: new Float32Array(0) }],
    ['a "quoted"\nname', { shape: [1, 2], data: values.subarray(3, 5) }],
  ]);
  const metadata = { format: "pt", config: '{"filters":32}', "": "" };
  const bytes = writeSafetensors(tensors, metadata);
  assert.equal(new DataView(bytes.buffer).getUint32(0, true) % 8, 0, "values are aligned");
  assert.deepEqual(writeSafetensors(tensors, metadata), bytes, "the same bytes every time");
  for (const shift of [0, 1, 2, 3]) {
    const moved = new Uint8Array(bytes.length + shift);
    moved.set(bytes, shift);
    const read = readSafetensors(moved.subarray(shift));
    assert.deepEqual(read.metadata, metadata);
    assert.deepEqual([...read.tensors.keys()].sort(), [...tensors.keys()].sort());
    for (const [name, { shape, data }] of tensors) {
      const found = read.tensors.get(name)!;
      assert.deepEqual(found.shape, shape);
      assert.deepEqual(new Uint32Array(found.data.slice().buffer), new Uint32Array(data.slice().buffer));
    }
  }
});

Deno.test("a Node Buffer, whose slice() is a view, is read like any bytes", async () => {
  const { Buffer } = await import("node:buffer");
  const { tensors } = readSafetensors(Buffer.from(readFixture("types.safetensors")));
  assertTensors(tensors, "types.safetensors");
});

Deno.test("no tensors and no metadata are a file too", () => {
  const { tensors, metadata } = readSafetensors(writeSafetensors(new Map()));
  assert.equal(tensors.size, 0);
  assert.deepEqual(metadata, {});
});

Deno.test("refuses a length or header that is none", () => {
  refuses(new Uint8Array(0), SyntaxError, /0 bytes are too few/);
  refuses(new Uint8Array(7), SyntaxError, /7 bytes are too few/);
  refuses(new Uint8Array(8), SyntaxError, /does not begin with "\{"/);
  refuses(buildSafetensors("[]"), SyntaxError, /does not begin with "\{"/);
  refuses(buildSafetensors(' {"a":1}'), SyntaxError, /does not begin with "\{"/);
  refuses(buildSafetensors("{"), SyntaxError, /is no JSON/);
  refuses(buildSafetensors("{}x"), SyntaxError, /is no JSON/);
  const notUtf8 = buildSafetensors({ abc: f32(0, 0) });
  notUtf8[10] = 0xff;
  refuses(notUtf8, SyntaxError, /is no JSON/);
});

Deno.test("refuses a header longer than the file, or than the format allows", () => {
  const bytes = buildSafetensors({});
  for (const claim of [3n, 2n ** 32n, 2n ** 53n, 2n ** 64n - 1n]) {
    new DataView(bytes.buffer).setBigUint64(0, claim, true);
    refuses(bytes, SyntaxError, new RegExp(`header claims ${claim} bytes, of which the file has 2`));
  }
  const large = new Uint8Array(8 + 100_000_008);
  new DataView(large.buffer).setBigUint64(0, 100_000_008n, true);
  refuses(large, RangeError, /100000008 bytes is above the limit of 100000000/);
});

Deno.test("refuses overlaps, holes, trailing bytes and what lies outside", () => {
  refuses(buildSafetensors({ a: f32(0, 8), b: f32(4, 12) }, 12), SyntaxError, /"b" overlaps tensor "a"/);
  refuses(buildSafetensors({ a: f32(0, 8), b: f32(0, 8) }, 8), SyntaxError, /"b" overlaps tensor "a"/);
  refuses(buildSafetensors({ a: f32(0, 4), b: f32(8, 12) }, 12), SyntaxError, /4 bytes before tensor "b"/);
  refuses(buildSafetensors({ a: f32(4, 8) }, 8), SyntaxError, /4 bytes before tensor "a"/);
  refuses(buildSafetensors({ a: f32(0, 4) }, 5), SyntaxError, /1 bytes follow tensor "a"/);
  refuses(buildSafetensors({}, 1), SyntaxError, /1 bytes follow the header/);
  refuses(buildSafetensors({ a: f32(0, 8) }, 4), SyntaxError, /"a" ends at byte 8 of the data, which has 4/);
  refuses(buildSafetensors({ a: f32(2 ** 52, 2 ** 52 + 4) }, 4), SyntaxError, /which has 4/);
});

Deno.test("refuses misaligned values", () => {
  const half = { dtype: "F16", shape: [1], data_offsets: [0, 2] };
  refuses(
    buildSafetensors({ half, a: f32(2, 6) }, 6),
    SyntaxError,
    /"a" \(F32\) begins at byte 2, no multiple of 4/,
  );
});

Deno.test("refuses sizes, shapes and offsets that lie", () => {
  refuses(buildSafetensors({ a: f32(0, 4, [2]) }, 4), SyntaxError, /\[2\]\) needs 8 bytes, .* span 4/);
  for (
    const shape of [undefined, null, 4, "4", [-1], [1.5], ["1"], [null], [[1]], [2 ** 53], [2 ** 40, 2 ** 40]]
  ) {
    refuses(
      buildSafetensors({ a: { dtype: "F32", shape, data_offsets: [0, 4] } }, 4),
      SyntaxError,
      /has the shape/,
    );
  }
  for (
    const offsets of [undefined, 0, [], [0], [0, 4, 8], [4, 0], [-4, 0], [0, 4.5], ["0", "4"], [null, 4]]
  ) {
    const entry = { dtype: "F32", shape: [1], data_offsets: offsets };
    refuses(buildSafetensors({ a: entry }, 4), SyntaxError, /has the data_offsets/);
  }
  // [2^32, 2^32] wraps to 0 values where extents are multiplied in 64 bits.
  refuses(
    buildSafetensors({ a: f32(0, 0, [2 ** 32, 2 ** 32]) }),
    SyntaxError,
    /has the shape \[4294967296, 42/,
  );
  refuses(buildSafetensors({ a: 3 }), SyntaxError, /entry "a" is no object/);
  refuses(buildSafetensors({ a: {} }), SyntaxError, /"a" has no dtype/);
});

Deno.test("refuses other types by name", () => {
  for (const dtype of ["I64", "U8", "BOOL", "F8_E4M3", "toString"]) {
    refuses(
      buildSafetensors({ a: { dtype, shape: [0], data_offsets: [0, 0] } }),
      TypeError,
      new RegExp(`is "${dtype}"`),
    );
  }
});

Deno.test("refuses a name that is given twice, however it is written", () => {
  const entry = JSON.stringify(f32(0, 4));
  refuses(buildSafetensors(`{"a":${entry},"a":${entry}}`, 4), SyntaxError, /gives "a" twice/);
  refuses(buildSafetensors(`{"a":${entry},"\\u0061" : ${entry}}`, 4), SyntaxError, /gives "a" twice/);
  refuses(buildSafetensors(`{"a":{"shape":[9],${entry.slice(1)}}`, 4), SyntaxError, /gives "shape" twice/);
  // The same key in two objects, and braces and quotes within strings, are no repetition.
  const tricky = { __metadata__: { '{"a":': '"}{' }, a: f32(0, 4), b: f32(4, 8) };
  assert.equal(readSafetensors(buildSafetensors(tricky, 8)).tensors.size, 2);
});

Deno.test("refuses metadata that is no map of strings", () => {
  refuses(buildSafetensors({ __metadata__: [] }), SyntaxError, /__metadata__ is no object/);
  refuses(buildSafetensors({ __metadata__: { a: 1 } }), SyntaxError, /metadata "a" is no string/);
});

Deno.test("names the other format", () => {
  refuses(
    readFixture("protocol2.pth"),
    SyntaxError,
    /a zip, as PyTorch's \.pth\nhint: .*readTorchCheckpoint/,
  );
});

Deno.test("a long header of strings costs no stack", () => {
  const metadata = { note: '\\"{'.repeat(1_000_000) };
  assert.deepEqual(readSafetensors(writeSafetensors(new Map(), metadata)).metadata, metadata);
});

Deno.test("refuses to write what could not be read", () => {
  const data = new Float32Array(6);
  assert.throws(
    () => writeSafetensors(new Map([["a", { shape: [7], data }]])),
    /"a" has the shape \[7\] and 6 values/,
  );
  assert.throws(() => writeSafetensors(new Map([["a", { shape: [-2, -3], data }]])), TypeError);
  assert.throws(() => writeSafetensors(new Map([["__metadata__", { shape: [6], data }]])), /is reserved/);
  const wrong = { epoch: 3 } as unknown as Record<string, string>;
  assert.throws(() => writeSafetensors(new Map(), wrong), /metadata "epoch" is number, expected a string/);
});
