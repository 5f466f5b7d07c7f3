/** Ids of COCO entries: which are read, which match, and those that a number does not hold exactly. */
import assert from "node:assert/strict";
import { keyOf, NumberText, parseCoco, readId, writeExactly } from "../../src/coco/ids.ts";

Deno.test("readId: reads integers and strings of digits, exactly, and nothing else", () => {
  const ids: [unknown, number | string][] = [
    [7, 7],
    [-4, -4],
    [-0, 0],
    ["7", 7],
    ["007", 7],
    [2 ** 53 - 1, 2 ** 53 - 1],
    [9007199254740993n, "9007199254740993"],
    ["12345678901234567891", "12345678901234567891"],
  ];
  for (const [value, id] of ids) assert.deepEqual(readId(value)?.id, id, String(value));
  const others = [
    1.5,
    2 ** 53,
    1e18,
    NaN,
    Infinity,
    true,
    null,
    undefined,
    "",
    "1.0",
    "-1",
    " 1",
    "img_1",
    [],
    {},
  ];
  for (const value of [...others, "1".repeat(41), new NumberText("1e400")]) assert.equal(readId(value), null);
});

Deno.test("keyOf: a number matches a number, a string the same string, as in COCO's own tools", () => {
  assert.equal(keyOf(7), keyOf(7.0));
  assert.notEqual(keyOf(7), keyOf("7"));
  assert.notEqual(keyOf("7"), keyOf("07"));
  assert.equal(keyOf("img_1"), keyOf("img_1"));
  for (const value of [null, undefined, 1.5, true, {}]) assert.equal(keyOf(value), null);
});

Deno.test("parseCoco: keeps ids beyond 2^53 apart, and writes them back as they were", () => {
  const text = '{"images":[{"id":9007199254740992},{"id":9007199254740993}],' +
    '"annotations":[{"id":1.5e18,"image_id":9007199254740993,"area":0.1}]}';
  const root = parseCoco(text, "a file") as {
    images: { id: unknown }[];
    annotations: { image_id: unknown }[];
  };
  assert.deepEqual(root.images.map(({ id }) => id), [9007199254740992n, 9007199254740993n]);
  assert.equal(root.annotations[0]!.image_id, 9007199254740993n);
  assert.equal(JSON.stringify(root, writeExactly), text);
  // Python writes NaN, which JSON does not have.
  const bare = parseCoco('{"images":[{"id":9007199254740993,"width":NaN}]}', "a file");
  assert.deepEqual(bare, { images: [{ id: 9007199254740993n, width: null }] });
});
