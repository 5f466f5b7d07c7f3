/** Random label maps, written in every form that `import` reads. */
import assert from "node:assert/strict";
import { fillRuns } from "../../src/coco/rle.ts";
import { closeDecoders } from "../../src/image/decode.ts";
import { createMask } from "../../src/image/mask.ts";
import type { Recognition } from "../../src/import/import_kind.ts";
import { COLORS, EXACT, type Labels, NAMES, OUTLINES, outlinesOf, valuesIn } from "../support/label_forms.ts";
import { Random } from "../support/random.ts";
import { recognize } from "../support/source_files.ts";

/** Discs and boxes over each other, in up to three classes. */
function randomLabels(random: Random): Labels {
  const [width, height] = [8 + random.integer(40), 8 + random.integer(40)];
  const data = new Uint8Array(width * height);
  for (let i = random.integer(7); i > 0; i--) {
    const [x, y, a, b] = [
      random.integer(width),
      random.integer(height),
      2 + random.integer(9),
      2 + random.integer(9),
    ];
    const [value, isBox] = [1 + random.integer(NAMES.length), random.integer(2) === 0];
    for (let at = 0; at < data.length; at++) {
      const [u, v] = [(at % width - x) / a, (Math.floor(at / width) - y) / b];
      if (isBox ? Math.abs(u) < 1 && Math.abs(v) < 1 : u * u + v * v < 1) data[at] = value;
    }
  }
  return { width, height, data };
}

/** The class of a category: by its name, its value, its level or its color. */
function classOf(category: string): number {
  if (NAMES.includes(category)) return NAMES.indexOf(category) + 1;
  const color = COLORS.findIndex((color) =>
    color > 0 && category === `#${color.toString(16).padStart(6, "0")}`
  );
  if (color > 0) return color;
  const value = Number(category);
  return value > 3 ? value / 80 : value;
}

/** The label map of an image; regions of a source of exclusive classes must not overlap. */
async function readLabels(recognition: Recognition, i: number, size: Labels): Promise<Uint8Array> {
  const stem = new RegExp(`case_${i}(_0000)?\\.png$`);
  const image = recognition.images.find(({ path }) => stem.test(path))!;
  const data = new Uint8Array(size.width * size.height);
  for (const { category, runs } of await image.regions(size)) {
    const mask = createMask(size);
    fillRuns(mask, runs);
    for (const [at, value] of mask.data.entries()) if (value === 1) data[at] = classOf(category);
  }
  return data;
}

/** Whether a pixel has a neighbor of another class. */
function isAtBorder({ width, height, data }: Labels, at: number): boolean {
  const [x, y] = [at % width, Math.floor(at / width)];
  for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
    for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
      if (data[v * width + u] !== data[at]) return true;
    }
  }
  return false;
}

function makeLabels(seed: number, count: number, accepts: (labels: Labels) => boolean): Labels[] {
  const random = new Random(seed);
  const made: Labels[] = [];
  while (made.length < count) {
    const labels = randomLabels(random);
    if (accepts(labels)) made.push(labels);
  }
  return made;
}

Deno.test("import: every form of masks gives back random label maps, pixel for pixel", async () => {
  const labels = makeLabels(21, 8, () => true);
  for (const [name, write] of Object.entries(EXACT)) {
    const recognition = await recognize(await write(labels));
    assert.equal(recognition.images.length, labels.length, name);
    for (const [i, map] of labels.entries()) {
      assert.deepEqual(await readLabels(recognition, i, map), map.data, `${name}, image ${i}`);
    }
  }
  await closeDecoders();
});

Deno.test("import: every form of outlines gives back random label maps to one pixel of a border", async () => {
  const labels = makeLabels(22, 10, (map) => valuesIn(map).every((value) => outlinesOf(map, value) !== null));
  for (const [name, write] of Object.entries(OUTLINES)) {
    const recognition = await recognize(await write(labels));
    assert.equal(recognition.images.length, labels.length, name);
    for (const [i, map] of labels.entries()) {
      const read = await readLabels(recognition, i, map);
      const far = [...read.keys()].find((at) => read[at] !== map.data[at] && !isAtBorder(map, at));
      assert.equal(far, undefined, `${name}, image ${i}`);
      assert.ok([...read.keys()].filter((at) => read[at] !== map.data[at]).length < 0.05 * read.length, name);
    }
  }
});
