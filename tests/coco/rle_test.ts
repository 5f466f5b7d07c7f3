import assert from "node:assert/strict";
import { decodeRle, encodeRle, type Mask } from "../../mod.ts";
import { readCocoFixture } from "../support/coco.ts";
import { labelRuns, maskRuns } from "../../src/coco/rle.ts";
import { Random } from "../support/random.ts";

function randomMask(random: Random): Mask {
  const width = 1 + random.integer(40);
  const height = 1 + random.integer(40);
  const share = random.pick([0, 0.02, 0.5, 0.98, 1]);
  return {
    width,
    height,
    data: Uint8Array.from({ length: width * height }, () => random.next() < share ? 1 : 0),
  };
}

Deno.test("decodeRle: reads runs in column-major order, zeros first", () => {
  const mask = decodeRle({ size: [2, 3], counts: [1, 2, 2, 1] });
  assert.deepEqual(mask, { width: 3, height: 2, data: Uint8Array.of(0, 1, 0, 1, 0, 1) });
  assert.deepEqual(decodeRle({ size: [2, 3], counts: [0, 0, 0, 6] }).data, new Uint8Array(6).fill(1));
});

Deno.test("encodeRle, decodeRle: round-trip the texts of COCO's own code", () => {
  const { annotations } = JSON.parse(readCocoFixture("_annotations.coco.json"));
  const texts = annotations
    .map((annotation: { segmentation: { counts?: unknown } }) => annotation.segmentation)
    .filter((rle: { counts?: unknown }) => typeof rle.counts === "string");
  assert.ok(texts.length >= 10);
  for (const rle of texts) {
    assert.deepEqual(encodeRle(decodeRle(rle)), { size: rle.size, counts: rle.counts });
  }
});

Deno.test("encodeRle, decodeRle: round-trip random masks", () => {
  const random = new Random(1);
  for (let i = 0; i < 500; i++) {
    const mask = randomMask(random);
    assert.deepEqual(decodeRle(encodeRle(mask)), mask);
  }
});

Deno.test("decodeRle: rejects invalid input with the reason", () => {
  const cases: [unknown, unknown, new () => Error, RegExp][] = [
    [[2, 3], [1, 2], RangeError, /runs add up to 3, the mask has 6 pixels/],
    [[2, 3], [7], RangeError, /runs add up to 7/],
    [[2, 3], [], RangeError, /runs add up to 0/],
    [[2, 3], [1e9, 1e9], RangeError, /add up to 2000000000/],
    [[2, 3], [8, -2], RangeError, /run 1 is -2/],
    [[2, 3], [5.5, 0.5], RangeError, /run 0 is 5.5/],
    [[2, 3], [NaN, 6], RangeError, /run 0 is NaN/],
    [[2, 3], ["6"], RangeError, /run 0 is "6"/],
    [[2, 3], "6 ", SyntaxError, /character " " at position 1/],
    [[2, 3], "6é", SyntaxError, /position 1/],
    [[2, 3], "P", SyntaxError, /ends within a number/],
    [[2, 3], "o".repeat(9), SyntaxError, /number too long at position 7/],
    [[2, 3], "O7", RangeError, /run 0 is -1/],
    [[2, 3], 6, TypeError, /expected counts as a string or a list/],
    [[2, 3], null, TypeError, /expected counts as a string or a list/],
    [[2], "6", TypeError, /expected a size \[height, width\]/],
    [undefined, "6", TypeError, /expected a size \[height, width\]/],
    [[0, 3], "0", RangeError, /integers >= 1/],
    [[-2, -3], "6", RangeError, /integers >= 1/],
    [[2.5, 2], "5", RangeError, /integers >= 1/],
    [["2", 3], "6", RangeError, /integers >= 1/],
    [[1e5, 1e5], [1e10], RangeError, /more than 67,108,864 pixels/],
    [[1e300, 1e300], "6", RangeError, /integers >= 1|more than/],
  ];
  for (const [size, counts, kind, message] of cases) {
    assert.throws(
      () => decodeRle({ size, counts } as { size: [number, number]; counts: string }),
      (error: Error) => error.constructor === kind && message.test(error.message),
      `${JSON.stringify(size)} ${JSON.stringify(counts)}`,
    );
  }
});

Deno.test("decodeRle: turns thousands of damaged texts into an error or a mask that round-trips", () => {
  const random = new Random(2);
  let read = 0;
  for (let i = 0; i < 10_000; i++) {
    const mask = randomMask(random);
    const { size, counts } = encodeRle(mask);
    const at = random.integer(counts.length + 1);
    const character = String.fromCharCode(
      random.integer(5) === 0 ? random.integer(0x3000) : 48 + random.integer(64),
    );
    const damaged = random.pick([
      counts.slice(0, at) + character + counts.slice(at + 1),
      counts.slice(0, at) + character + counts.slice(at),
      counts.slice(0, at) + counts.slice(at + 1),
      counts.slice(0, at),
      counts.slice(at) + counts.slice(0, at),
      counts + counts,
    ]);
    let result: Mask;
    try {
      result = decodeRle({ size, counts: damaged });
    } catch (error) {
      assert.ok(error instanceof SyntaxError || error instanceof RangeError, String(error));
      assert.match(error.message, /^Cannot (read|decode) an RLE/);
      continue;
    }
    read++;
    assert.deepEqual([result.width, result.height], [mask.width, mask.height]);
    assert.deepEqual(decodeRle(encodeRle(result)), result);
  }
  assert.ok(read > 100 && read < 5000, `${read} were read`);
});

Deno.test("labelRuns: the runs of each label are those of its mask", () => {
  const random = new Random(3);
  for (let i = 0; i < 100; i++) {
    const size = { width: 1 + random.integer(20), height: 1 + random.integer(20) };
    const count = random.integer(5);
    const labels = Int32Array.from({ length: size.width * size.height }, () => random.integer(count + 1));
    const masks = Array.from({ length: count }, (_, index) => ({
      ...size,
      data: Uint8Array.from(labels, (label) => label === index + 1 ? 1 : 0),
    }));
    assert.deepEqual(labelRuns(size, labels, count), masks.map(maskRuns));
  }
});
