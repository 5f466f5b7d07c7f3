/** What the values of masks mean, from the values only. */
import assert from "node:assert/strict";
import type { MaskCodes } from "../../../src/import/masks/mask_codes.ts";
import { NO_NAMES, parseClassNames } from "../../../src/import/masks/name_table.ts";
import { ValueScan } from "../../../src/import/masks/value_scan.ts";
import { decideValues, type ValueTable } from "../../../src/import/masks/value_table.ts";
import { Random } from "../../support/random.ts";

const SIDE = 40;

/** A mask with a square of 10 pixels for each value, on a background. */
function gray(values: readonly number[], more: Partial<MaskCodes> = {}, background = 0): MaskCodes {
  const Codes = more.space === "color" ? Uint32Array : Uint16Array;
  const codes = new Codes(SIDE * SIDE).fill(background);
  values.forEach((value, at) => {
    const [left, top] = [10 * (at % 4), 10 * Math.floor(at / 4)];
    for (let i = 0; i < 100; i++) codes[(top + Math.floor(i / 10)) * SIDE + left + i % 10] = value;
  });
  return { width: SIDE, height: SIDE, space: "gray", lossy: false, pages: 1, codes, ...more };
}

function decide(masks: readonly MaskCodes[], names = NO_NAMES): ValueTable {
  const scan = new ValueScan();
  for (const mask of masks) scan.add(mask);
  return decideValues(scan, names);
}

/** Names of classes, and the class of each value. */
function meaning(table: ValueTable, values: readonly number[]): unknown {
  return values.map((value) => {
    const label = table.labelOf(value);
    return label === 0 ? null : table.classes[label - 1]!.name;
  });
}

Deno.test("decideValues: 1, 255 or 65535 alone is the foreground, any other value its own name", () => {
  for (const value of [1, 255, 65535]) {
    assert.deepEqual(meaning(decide([gray([value]), gray([])]), [0, value]), [null, "foreground"]);
  }
  assert.deepEqual(meaning(decide([gray([150])]), [0, 150]), [null, "150"]);
  const mixed = decide([gray([1]), gray([255])]);
  assert.deepEqual(meaning(mixed, [0, 1, 255]), [null, "foreground", "foreground"]);
  assert.match(mixed.lines[0]!, /both mean one class/);
});

Deno.test("decideValues: several values are classes, also where 0 is not among them", () => {
  assert.deepEqual(meaning(decide([gray([150, 200, 250])]), [0, 150, 200, 250]), [null, "150", "200", "250"]);
  assert.deepEqual(meaning(decide([gray([2], {}, 1)]), [1, 2]), ["1", "2"]);
});

Deno.test("decideValues: 255 next to indices of classes in one file is ignored", () => {
  const table = decide([gray([1, 255]), gray([2])]);
  assert.deepEqual(meaning(table, [0, 1, 2, 255]), [null, "1", "2", "ignore"]);
  assert.match(table.lines[0]!, /nobody labeled/);
  for (const values of [[128, 255], [1, 128, 255]]) {
    assert.deepEqual(meaning(decide([gray(values)]), values), values.map(String));
  }
});

Deno.test("decideValues: white in all corners is the background, and black a class", () => {
  // Rows of squares that leave the corners free.
  const drawn = (values: readonly number[], corner = 255) => {
    const mask = gray([255, ...values], {}, 255);
    mask.codes[SIDE * SIDE - 1] = corner;
    return mask;
  };
  const table = decide([drawn([128, 0]), drawn([128, 0]), drawn([0])]);
  assert.deepEqual(meaning(table, [0, 128, 255]), ["0", "128", null]);
  assert.match(table.lines[0]!, /^the background is 255/);
  assert.deepEqual(meaning(decide([drawn([0]), drawn([0]), drawn([0])]), [0, 255]), ["foreground", null]);
  // One black corner, or a class index, is enough to doubt it.
  assert.deepEqual(meaning(decide([drawn([0]), drawn([0]), drawn([0], 0)]), [0, 255]), [null, "foreground"]);
  assert.deepEqual(meaning(decide([drawn([1, 0]), drawn([1, 0]), drawn([0])]), [0]), [null]);
});

Deno.test("decideValues: many values numbered from 1 in each file are objects of one class", () => {
  const masks = [16, 12, 9, 14, 3].map((count) => gray(Array.from({ length: count }, (_, i) => i + 1)));
  const table = decide(masks);
  assert.equal(table.counts, true);
  assert.deepEqual(meaning(table, [0, 1, 16]), [null, "foreground", "foreground"]);
  const classes = decide([gray([3, 4, 9, 11, 12]), gray([1, 2, 5, 20, 33]), gray([6, 7, 8, 10])]);
  assert.equal(classes.counts, false);
  assert.equal(classes.classes.length, 14);
});

Deno.test("decideValues: levels that compression changed are snapped to those that stand out, and said", () => {
  const random = new Random(3);
  const noisy = [0, 1, 2].map(() => {
    const mask = gray([150, 150, 250, 250], { lossy: true });
    const codes = Uint8Array.from(
      mask.codes,
      (code) => Math.max(0, Math.min(255, code + random.integer(9) - 4)),
    );
    return { ...mask, codes };
  });
  const table = decide(noisy);
  assert.deepEqual(table.classes.map(({ name }) => Math.round(Number(name) / 10)), [15, 25]);
  assert.deepEqual([3, 145, 154, 247].map((code) => table.labelOf(code)), [0, 1, 1, 2]);
  assert.match(
    table.lines.at(-1)!,
    /values, blurred by compression: each pixel was snapped to the nearest of 0, /,
  );
});

Deno.test("decideValues: levels between two classes, as resizing leaves them, are no classes", () => {
  const codes = gray([]).codes.map((_, i) => Math.max(0, Math.min(255, (i % SIDE - 12) * 40)));
  const table = decide([gray([], { codes })]);
  assert.deepEqual(table.classes, [{ name: "foreground" }]);
  assert.deepEqual([0, 120, 160, 255].map((code) => table.labelOf(code)), [0, 0, 1, 1]);
});

Deno.test("decideValues: an image is no mask", () => {
  const random = new Random(5);
  const codes = gray([]).codes.map(() => random.integer(256));
  assert.throws(() => decide([gray([], { codes, lossy: true })]), /256 gray levels of which none stand out/);
});

Deno.test("decideValues: colors are classes on black, or on white if there is no black", () => {
  const [red, green, white] = [0xff0000, 0x00ff00, 0xffffff];
  const table = decide([gray([red, green], { space: "color" })]);
  assert.deepEqual(meaning(table, [0, red, green]), [null, "#ff0000", "#00ff00"]);
  assert.deepEqual(meaning(decide([gray([red], { space: "color" }, white)]), [white, red]), [
    null,
    "#ff0000",
  ]);
  assert.deepEqual(meaning(decide([gray([white], { space: "color" })]), [0, 255]), [null, "foreground"]);
});

Deno.test("decideValues: blurred colors are snapped to those that stand out", () => {
  const random = new Random(4);
  const mask = gray([0xff0000, 0xff0000, 0x00ff00], { space: "color", lossy: true });
  const noise = (value: number) => Math.max(0, Math.min(255, value + random.integer(17) - 8));
  const codes = Uint32Array.from(
    mask.codes,
    (code) => noise(code >> 16) << 16 | noise(code >> 8 & 255) << 8 | noise(code & 255),
  );
  const table = decide([{ ...mask, codes }]);
  const labels = [0x050301, 0xf80407, 0x06f302].map((code) => table.labelOf(code));
  assert.deepEqual([labels[0], new Set(labels).size, table.classes.length], [0, 3, 2]);
});

Deno.test("decideValues: palette indices are values; indices of differing palettes are compared by color", () => {
  const palette = Uint32Array.of(0, 0x800000, 0x008000);
  const indexed = { space: "index", palette } as const;
  const table = decide([gray([1, 2], indexed)]);
  assert.deepEqual(table.classes, [{ name: "1", color: "#800000" }, { name: "2", color: "#008000" }]);
  const swapped = decide([
    gray([1], indexed),
    gray([1], { space: "index", palette: Uint32Array.of(0, 0x008000) }),
  ]);
  assert.deepEqual([swapped.space, meaning(swapped, [0x800000, 0x008000])], ["color", [
    "#800000",
    "#008000",
  ]]);
  // White first: what is 1 there is black.
  const inverse = decide([gray([1], { space: "index", palette: Uint32Array.of(0xffffff, 0) })]);
  assert.deepEqual([inverse.space, meaning(inverse, [0, 255])], ["gray", [null, "foreground"]]);
});

Deno.test("parseClassNames: tables with colors, with indices, with a name per line", () => {
  const colors = parseClassNames("name,r,g,b\nSky,128,128,128\nRoad,128,64,128\n", "class_dict.csv")!;
  assert.equal(colors.namesFor("color", [])(0x804080), "Road");
  const spaced = parseClassNames("64 128 64\tAnimal\n192 0 128\tArch way\n", "label_colors.txt")!;
  assert.equal(spaced.namesFor("color", [])(0xc00080), "Arch way");
  const indexed = parseClassNames("0: background\n1: heart\n2: lung\n", "labels.txt")!;
  assert.equal(indexed.namesFor("gray", [])(2), "lung");
  const list = parseClassNames("heart\nlung\n", "classes.txt")!;
  assert.equal(list.namesFor("gray", [0, 1, 2])(1), "heart");
  assert.equal(list.namesFor("gray", [0, 1])(1), "lung");
  assert.equal(list.namesFor("gray", [0, 1, 2, 3, 4])(1), null);
  assert.equal(parseClassNames("a.png 1 2\n", "labels.txt"), null);
});

Deno.test("decideValues: a table gives names, and says whether 0 is a class", () => {
  const table = decide([gray([1, 2])], parseClassNames("sky\nroad\ncar\n", "codes.txt")!);
  assert.deepEqual(meaning(table, [0, 1, 2]), ["sky", "road", "car"]);
  const void_ = decide([gray([1, 2])], parseClassNames("void\nroad\ncar\n", "codes.txt")!);
  assert.deepEqual(meaning(void_, [0, 1, 2]), [null, "road", "car"]);
});
