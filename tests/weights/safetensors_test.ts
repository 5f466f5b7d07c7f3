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

Deno.test("readSafetensors: every float type as PyTorch reads it, and the metadata", () => {
  const { tensors, metadata } = readSafetensors(readFixture("types.safetensors"));
  assertTensors(tensors, "types.safetensors");
  assert.deepEqual(metadata, { format: "pt", note: 'an "é"' });
});

Deno.test("writeSafetensors: reads back bit for bit, from any offset in a buffer", () => {
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

Deno.test("readSafetensors: a Node Buffer, whose slice() is a view, is read like any bytes", async () => {
  const { Buffer } = await import("node:buffer");
  const { tensors } = readSafetensors(Buffer.from(readFixture("types.safetensors")));
  assertTensors(tensors, "types.safetensors");
});

Deno.test("writeSafetensors: float16 has half the bytes and the nearest values, and refuses what it cannot hold", () => {
  const values = new Float32Array([0, -0, 1 / 3, 65504, -(2 ** -24), 1e-9, 65519, NaN]);
  const tensors: StateDict = new Map([["w", { shape: [8], data: values }]]);
  const [half, full] = [writeSafetensors(tensors, {}, "F16"), writeSafetensors(tensors, {})];
  assert.equal(full.length - half.length, 16);
  assert.deepEqual(readSafetensors(half).tensors.get("w")!.data, new Float32Array(Float16Array.from(values)));
  tensors.set("large", { shape: [2], data: new Float32Array([1, -65520]) });
  assert.throws(
    () => writeSafetensors(tensors, {}, "F16"),
    /"large" holds -65520, at most 65504 fits\nhint: /,
  );
});

Deno.test("writeSafetensors: no tensors and no metadata make a valid file", () => {
  const { tensors, metadata } = readSafetensors(writeSafetensors(new Map()));
  assert.equal(tensors.size, 0);
  assert.deepEqual(metadata, {});
});

Deno.test("readSafetensors: refuses a truncated length and an invalid header", () => {
  refuses(new Uint8Array(0), SyntaxError, /0 bytes, fewer than the 8/);
  refuses(new Uint8Array(7), SyntaxError, /7 bytes, fewer than the 8/);
  refuses(new Uint8Array(8), SyntaxError, /does not begin with "\{"/);
  refuses(buildSafetensors("[]"), SyntaxError, /does not begin with "\{"/);
  refuses(buildSafetensors(' {"a":1}'), SyntaxError, /does not begin with "\{"/);
  refuses(buildSafetensors("{"), SyntaxError, /is not JSON/);
  refuses(buildSafetensors("{}x"), SyntaxError, /is not JSON/);
  const notUtf8 = buildSafetensors({ abc: f32(0, 0) });
  notUtf8[10] = 0xff;
  refuses(notUtf8, SyntaxError, /is not JSON/);
});

Deno.test("readSafetensors: refuses a header longer than the file, or than any network needs", () => {
  const bytes = buildSafetensors({});
  for (const claim of [3n, 2n ** 32n, 2n ** 53n, 2n ** 64n - 1n]) {
    new DataView(bytes.buffer).setBigUint64(0, claim, true);
    refuses(bytes, SyntaxError, new RegExp(`header claims ${claim} bytes, but only 2 follow`));
  }
  const large = new Uint8Array(8 + 100_000_008);
  new DataView(large.buffer).setBigUint64(0, 100_000_008n, true);
  refuses(large, RangeError, /100000008 bytes exceeds the limit of 16777216/);
});

Deno.test("readSafetensors: refuses overlaps, gaps, trailing bytes and offsets outside the file", () => {
  refuses(buildSafetensors({ a: f32(0, 8), b: f32(4, 12) }, 12), SyntaxError, /"b" overlaps tensor "a"/);
  refuses(buildSafetensors({ a: f32(0, 8), b: f32(0, 8) }, 8), SyntaxError, /"b" overlaps tensor "a"/);
  refuses(buildSafetensors({ a: f32(0, 4), b: f32(8, 12) }, 12), SyntaxError, /4 bytes before tensor "b"/);
  refuses(buildSafetensors({ a: f32(4, 8) }, 8), SyntaxError, /4 bytes before tensor "a"/);
  refuses(buildSafetensors({ a: f32(0, 4) }, 5), SyntaxError, /1 bytes follow tensor "a"/);
  refuses(buildSafetensors({}, 1), SyntaxError, /1 bytes follow the header/);
  refuses(buildSafetensors({ a: f32(0, 8) }, 4), SyntaxError, /"a" ends at byte 8 of the data, which has 4/);
  refuses(buildSafetensors({ a: f32(2 ** 52, 2 ** 52 + 4) }, 4), SyntaxError, /which has 4/);
});

Deno.test("readSafetensors: refuses misaligned values", () => {
  const half = { dtype: "F16", shape: [1], data_offsets: [0, 2] };
  refuses(
    buildSafetensors({ half, a: f32(2, 6) }, 6),
    SyntaxError,
    /"a" \(F32\) begins at byte 2, which is not a multiple of 4/,
  );
});

Deno.test("readSafetensors: refuses inconsistent or invalid sizes, shapes and offsets", () => {
  refuses(buildSafetensors({ a: f32(0, 4, [2]) }, 4), SyntaxError, /\[2\]\) needs 8 bytes, .* span 4/);
  for (
    const shape of [undefined, null, 4, "4", [-1], [1.5], ["1"], [null], [[1]], [2 ** 53], [2 ** 40, 2 ** 40]]
  ) {
    refuses(
      buildSafetensors({ a: { dtype: "F32", shape, data_offsets: [0, 4] } }, 4),
      SyntaxError,
      /has shape/,
    );
  }
  for (
    const offsets of [undefined, 0, [], [0], [0, 4, 8], [4, 0], [-4, 0], [0, 4.5], ["0", "4"], [null, 4]]
  ) {
    const entry = { dtype: "F32", shape: [1], data_offsets: offsets };
    refuses(buildSafetensors({ a: entry }, 4), SyntaxError, /has data_offsets/);
  }
  // [2^32, 2^32] wraps to 0 values where extents are multiplied in 64 bits.
  refuses(
    buildSafetensors({ a: f32(0, 0, [2 ** 32, 2 ** 32]) }),
    SyntaxError,
    /has shape \[4294967296, 42/,
  );
  refuses(buildSafetensors({ a: 3 }), SyntaxError, /entry "a" is not an object/);
  refuses(buildSafetensors({ a: {} }), SyntaxError, /"a" has no dtype/);
});

Deno.test("readSafetensors: refuses other dtypes by name", () => {
  for (const dtype of ["I64", "U8", "BOOL", "F8_E4M3", "toString"]) {
    refuses(
      buildSafetensors({ a: { dtype, shape: [0], data_offsets: [0, 0] } }),
      TypeError,
      new RegExp(`is "${dtype}"`),
    );
  }
});

Deno.test("readSafetensors: refuses a duplicate name, however it is escaped", () => {
  const entry = JSON.stringify(f32(0, 4));
  refuses(buildSafetensors(`{"a":${entry},"a":${entry}}`, 4), SyntaxError, /has the key "a" twice/);
  refuses(buildSafetensors(`{"a":${entry},"\\u0061" : ${entry}}`, 4), SyntaxError, /has the key "a" twice/);
  refuses(
    buildSafetensors(`{"a":{"shape":[9],${entry.slice(1)}}`, 4),
    SyntaxError,
    /has the key "shape" twice/,
  );
  // The same key in two objects, and braces and quotes within strings, are not a repetition.
  const tricky = { __metadata__: { '{"a":': '"}{' }, a: f32(0, 4), b: f32(4, 8) };
  assert.equal(readSafetensors(buildSafetensors(tricky, 8)).tensors.size, 2);
});

Deno.test("readSafetensors: refuses metadata that is not a map of strings", () => {
  refuses(buildSafetensors({ __metadata__: [] }), SyntaxError, /__metadata__ is not an object/);
  refuses(buildSafetensors({ __metadata__: { a: 1 } }), SyntaxError, /metadata "a" is not a string/);
});

Deno.test("readSafetensors: recognizes a PyTorch checkpoint", () => {
  refuses(
    readFixture("protocol2.pth"),
    SyntaxError,
    /a zip, like PyTorch's \.pth\nhint: .*readTorchCheckpoint/,
  );
});

Deno.test("readSafetensors: a long header of strings does not overflow the stack", () => {
  const metadata = { note: '\\"{'.repeat(1_000_000) };
  assert.deepEqual(readSafetensors(writeSafetensors(new Map(), metadata)).metadata, metadata);
});

Deno.test("writeSafetensors: refuses what could not be read back", () => {
  const data = new Float32Array(6);
  assert.throws(
    () => writeSafetensors(new Map([["a", { shape: [7], data }]])),
    /"a" has shape \[7\] and 6 values/,
  );
  assert.throws(() => writeSafetensors(new Map([["a", { shape: [-2, -3], data }]])), TypeError);
  assert.throws(() => writeSafetensors(new Map([["__metadata__", { shape: [6], data }]])), /is reserved/);
  const wrong = { epoch: 3 } as unknown as Record<string, string>;
  assert.throws(() => writeSafetensors(new Map(), wrong), /metadata "epoch" is number, expected a string/);
});
