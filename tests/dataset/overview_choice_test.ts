import assert from "node:assert/strict";
import { shareCount, showOrder } from "../../src/dataset/overview_choice.ts";

Deno.test("shareCount: train shows twice as many as others, and what a split lacks goes to the others", () => {
  const share = (...images: number[]) =>
    shareCount(images.map((images, i) => ({ role: (["train", "valid", "test"] as const)[i]!, images })), 24);
  assert.deepEqual(share(173, 37, 37), [12, 6, 6]);
  assert.deepEqual(share(173, 2, 37), [15, 2, 7]);
  assert.deepEqual(share(4, 2, 3), [4, 2, 3]);
  assert.deepEqual(share(900), [24]);
  assert.deepEqual(share(0, 0, 0), [0, 0, 0]);
});

Deno.test("showOrder: every class early, few images without foreground, spread over the names, each image once", () => {
  const candidates = Array.from({ length: 500 }, (_, i) => ({
    fileName: String(i).padStart(3, "0"),
    // Class 1 is in two images, class 2 in none, and a quarter is empty.
    classes: i === 77 || i === 402 ? [0, 1] : i % 4 === 0 ? [] : [0],
  }));
  const order = [...showOrder(candidates, 3)];
  assert.deepEqual(order.toSorted((a, b) => a - b), candidates.map((_, i) => i));
  const first = order.slice(0, 24);
  assert.ok(first.includes(77) && first.includes(402), "the rare class");
  assert.equal(first.filter((i) => candidates[i]!.classes.length === 0).length, 4);
  assert.ok([77, 402].includes(first[0]!), "the rare class first");
  for (let fifth = 0; fifth < 5; fifth++) {
    assert.ok(first.filter((i) => Math.floor(i / 100) === fifth).length >= 3, `hundred ${fifth}`);
  }
  assert.deepEqual([...showOrder(candidates.map((each) => ({ ...each, classes: [] })), 1)].length, 500);
  assert.deepEqual([...showOrder([], 2)], []);
});
