import assert from "node:assert/strict";
import { type CocoDataset, readCoco } from "../../mod.ts";
import { cocoText } from "../support/coco.ts";
import { Random } from "../support/random.ts";

const VALID = cocoText({ width: 16, height: 12, images: 3 }, [
  { segmentation: [[1, 1, 9, 1.5, 8, 9], [3, 3, 15, 3, 15, 11, 3, 11]] },
  { segmentation: { size: [12, 16], counts: [20, 30, 142] }, image_id: 2, iscrowd: 1 },
  { segmentation: { size: [12, 16], counts: "d0n0f3" }, image_id: 2 },
]);

/** Values that replace others. */
const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  0.5,
  1e9,
  1e18,
  -1e300,
  2 ** 31,
  "",
  "NaN",
  "../x",
  "0".repeat(50),
  [],
  [[]],
  [1, 2],
  {},
  { size: [12, 16], counts: [192] },
  { size: [1e5, 1e5], counts: [1e10] },
  { size: [12, 16], counts: [1e9, 1e9] },
  { size: [12, 16], counts: Array(1000).fill(0) },
];

type Tree = { [key: string]: unknown } | unknown[];

/** Replaces, removes or repeats one value anywhere in the tree. */
function mutateTree(root: Tree, random: Random): void {
  let node = root;
  for (;;) {
    const keys = Object.keys(node);
    if (keys.length === 0) return;
    const key = random.pick(keys);
    const child = (node as { [key: string]: unknown })[key];
    if (typeof child === "object" && child !== null && random.integer(5) > 0) {
      node = child as Tree;
      continue;
    }
    if (Array.isArray(node) && random.integer(3) === 0) {
      node.splice(Number(key), random.integer(2), ...(random.integer(2) === 0 ? [child] : []));
    } else {
      (node as { [key: string]: unknown })[key] = structuredClone(random.pick(ODD_VALUES));
    }
    return;
  }
}

function mutateText(text: string, random: Random): string {
  const at = random.integer(text.length);
  const end = at + random.integer(random.pick([2, 4, 40]));
  return random.pick([
    text.slice(0, at) + text.slice(end),
    text.slice(0, end) + text.slice(at),
    text.slice(0, at) + random.pick([...'{}[]",:-.e019NI\\ \n\u0000é']) + text.slice(end),
    text.slice(0, at),
  ]);
}

/** Every image has a mask of its size, and every missing entry a problem. */
function assertConsistent(dataset: CocoDataset, entries: { images: number; annotations: number }): void {
  for (const { id, width, height } of dataset.images) {
    const mask = dataset.mask(id);
    assert.deepEqual([mask.width, mask.height, mask.data.length], [width, height, width * height]);
    if (width * height < 1e6) assert.ok(mask.data.every((value) => value <= 1));
    const isEmpty = ["unannotated", "uncertain"].includes(dataset.state(id));
    if (isEmpty) assert.ok(!mask.data.includes(1));
  }
  // Of several entries of one image, all but one are kept by adding their annotations to it.
  const skipped =
    dataset.problems.filter(({ kind, effect }) =>
      effect === "skipped" || kind === "duplicate-file" || kind === "duplicate-id"
    ).length;
  const missing = entries.images - dataset.images.length + entries.annotations - dataset.annotations.length;
  assert.ok(missing <= skipped, `${missing} entries are missing, ${skipped} problems report skipping`);
}

function lengthOf(list: unknown): number {
  return Array.isArray(list) ? list.length : 0;
}

Deno.test("readCoco: answers thousands of damaged texts with a position, or with the remaining entries and a list", () => {
  const random = new Random(5);
  let read = 0;
  for (let i = 0; i < 6000; i++) {
    let text = VALID;
    for (let n = random.integer(3); n >= 0; n--) text = mutateText(text, random);
    let dataset: CocoDataset;
    try {
      dataset = readCoco(text);
    } catch (error) {
      assert.ok(error instanceof SyntaxError || error instanceof TypeError, String(error));
      assert.match(error.message, /^Cannot read the COCO annotations: /);
      if (error instanceof SyntaxError) assert.match(error.message, / at line \d+, column \d+$/);
      continue;
    }
    read++;
    assertConsistent(dataset, { images: 0, annotations: 0 });
  }
  assert.ok(read > 100, `${read} were read`);
});

Deno.test("readCoco: skips odd values entry by entry and lists every skipped entry", () => {
  const random = new Random(6);
  let problems = 0;
  for (let i = 0; i < 6000; i++) {
    const tree = JSON.parse(VALID);
    for (let n = random.integer(3); n >= 0; n--) mutateTree(tree, random);
    const text = JSON.stringify(tree);
    let dataset: CocoDataset;
    try {
      dataset = readCoco(text);
    } catch (error) {
      assert.ok(error instanceof TypeError, String(error));
      assert.match(error.message, /^Cannot read the COCO annotations: /);
      continue;
    }
    problems += dataset.problems.length;
    assertConsistent(dataset, { images: lengthOf(tree.images), annotations: lengthOf(tree.annotations) });
  }
  assert.ok(problems > 3000, `${problems} problems`);
});

/** What stands in the place of an id: values that are not one, and the same integer as text. */
function oddId(id: number, random: Random): unknown {
  return random.pick([
    undefined,
    null,
    true,
    id + 0.5,
    1e300,
    "",
    "9".repeat(50),
    [],
    [id],
    {},
    String(id),
    `0${id}`,
  ]);
}

const OUTLINE = [[2, 2, 12, 2, 12, 10, 2, 10]];

const ODD_OUTLINES: readonly unknown[] = [
  undefined,
  null,
  [],
  {},
  "x",
  OUTLINE[0],
  [[2, 2], [12, 2], [12, 10]],
  [[0.1, 0.1, 0.8, 0.1, 0.8, 0.7]],
  [[32, 32, 48, 32, 48, 40]],
  [[2, 2, 2, 2, 2, 2]],
  { size: [12, 16], counts: [192] },
  { size: [16, 12], counts: [20, 30, 142] },
];

Deno.test("readCoco: whatever is wrong with ids, names, sizes and outlines, no annotated image becomes an empty one", () => {
  const random = new Random(7);
  const states: { [state: string]: number } = {};
  for (let i = 0; i < 6000; i++) {
    const images = [1, 2, 3].map((of) => ({
      of,
      id: of as unknown,
      file_name: `${of}.png`,
      width: 16,
      height: 12,
    }));
    const annotations = [1, 1, 2].map((of) => ({
      id: 1,
      image_id: of as unknown,
      category_id: 1,
      segmentation: OUTLINE as unknown,
    }));
    const stray: unknown[] = [];
    for (let n = random.integer(3); n >= 0; n--) {
      const image = random.pick(images);
      const annotation = random.pick(annotations);
      random.pick([
        () => image.id = oddId(image.of, random),
        () => image.file_name = random.pick(["1.png", "./2.png", "3.png", "", "../1.png"]),
        () => image.width = random.pick([16, 32, 0, 16.5]),
        // No other integers: that an annotation names another image cannot be seen.
        () => annotation.image_id = random.pick([98, oddId(8, random)]),
        () => annotation.segmentation = random.pick(ODD_OUTLINES),
        () => images.push({ ...image, id: random.pick([image.id, 10 + images.length]) }),
        () => images.push({ ...image, file_name: `${10 + images.length}.png` }),
        () => stray.push(random.pick([null, {}, 7])),
      ])();
    }
    const all = [...annotations, ...stray];
    const text = JSON.stringify({ images, annotations: random.integer(20) > 0 ? all : undefined });
    const dataset = readCoco(text);
    for (const { id, fileName } of dataset.images) {
      const state = dataset.state(id);
      states[state] = (states[state] ?? 0) + 1;
      const named = images.filter(({ file_name }) => file_name.replace("./", "") === fileName);
      // A copy with a new id and a new name is another image.
      const isAnnotated = named.some(({ of, id }) => of !== 3 && !(Number(id) >= 10 && Number(id) < 1e300));
      if (isAnnotated) assert.notEqual(state, "unannotated", `${fileName} in ${text}`);
    }
  }
  for (const state of ["annotated", "unannotated", "unusable", "uncertain"]) {
    assert.ok(states[state]! > 500, `${states[state]} images are ${state}`);
  }
});
