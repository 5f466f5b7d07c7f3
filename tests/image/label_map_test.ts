import assert from "node:assert/strict";
import {
  countForeground,
  createLabelMap,
  labelSizeFault,
  maskOf,
  MAX_LABEL_PIXELS,
} from "../../src/image/label_map.ts";
import { createMask } from "../../src/image/mask.ts";

const LABELS = { width: 3, height: 2, data: Uint8Array.of(0, 1, 2, 2, 255, 1) };

Deno.test("maskOf: selects the pixels of one class; the first class by default", () => {
  assert.deepEqual(maskOf(LABELS, 2), { width: 3, height: 2, data: Uint8Array.of(0, 0, 1, 1, 0, 0) });
  assert.deepEqual([...maskOf(LABELS).data], [0, 1, 0, 0, 0, 1]);
  assert.deepEqual([...maskOf(LABELS, 9).data], [0, 0, 0, 0, 0, 0]);
  const mask = { width: 2, height: 1, data: Uint8Array.of(0, 1) };
  assert.deepEqual(maskOf(mask), mask, "a mask is the label map of one class");
});

Deno.test("countForeground: counts every class, but neither background nor ignored pixels", () => {
  assert.equal(countForeground(LABELS), 4);
  assert.equal(countForeground(createLabelMap({ width: 5, height: 5 })), 0);
});

Deno.test("createLabelMap, createMask: share one check of the size", () => {
  for (const create of [createLabelMap, createMask]) {
    assert.deepEqual(create({ width: 3, height: 2 }), { width: 3, height: 2, data: new Uint8Array(6) });
    for (const [width, height] of [[0, 1], [1, -1], [1.5, 1], [NaN, 1], [MAX_LABEL_PIXELS, 2]] as const) {
      assert.throws(() => create({ width, height }), RangeError);
    }
  }
  assert.equal(labelSizeFault(MAX_LABEL_PIXELS, 1), null);
  assert.match(labelSizeFault(MAX_LABEL_PIXELS + 1, 1)!, /^more than 67,108,864 pixels$/);
  assert.match(labelSizeFault("3", 1)!, /^both sides must be integers >= 1$/);
});
