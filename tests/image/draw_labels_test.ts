import assert from "node:assert/strict";
import { fitLabelMap, outlineClasses, outlineLabels } from "../../src/image/draw_labels.ts";
import { IGNORE, type LabelMap } from "../../src/image/label_map.ts";
import { pixel, plain } from "../support/image_files.ts";

const COLORS = [[200, 0, 0], [0, 0, 200]] as const;

/** A label map from rows of digits, with `.` for background and `?` for ignored pixels. */
function draw(...rows: string[]): LabelMap {
  const label = (character: string) => character === "." ? 0 : character === "?" ? IGNORE : Number(character);
  return { width: rows[0]!.length, height: rows.length, data: Uint8Array.from(rows.join(""), label) };
}

/** What an image shows in letters: classes, dark rims, hatching, and `.` where it is as before. */
function shown(image: ReturnType<typeof plain>): string[] {
  const letters = new Map([["200,0,0", "1"], ["0,0,200", "2"], ["50,50,50", "r"], [
    "208,208,208",
    "?",
  ]]);
  return Array.from(
    { length: image.height },
    (_, y) =>
      Array.from({ length: image.width }, (_, x) => letters.get(pixel(image, x, y).join()) ?? ".").join(""),
  );
}

Deno.test("outlineLabels: a line along each class, on no other class, and the texture stays", () => {
  const image = plain(12, 9, [100, 100, 100]);
  const map = draw(
    "............",
    "............",
    "...111222...",
    "...111222...",
    "...111222...",
    "............",
    "............",
    "............",
    "............",
  );
  const outlined = outlineLabels(image, map, COLORS, { reach: 1 });
  assert.deepEqual(shown(outlined), [
    "...rrrrrr...",
    "..r111222r..",
    ".r11112222r.",
    ".r11.12.22r.",
    ".r11112222r.",
    "..r111222r..",
    "...rrrrrr...",
    "............",
    "............",
  ]);
  assert.deepEqual(pixel(outlined, 4, 3), [100, 100, 100], "the inside");
  assert.deepEqual(pixel(image, 3, 2), [100, 100, 100], "the input is not modified");
  assert.throws(() => outlineLabels(plain(3, 9, [0, 0, 0]), map, COLORS), TypeError);
});

Deno.test("outlineLabels: ignored pixels are hatched, and overlapping classes are both outlined", () => {
  const row = "1".repeat(4) + "?".repeat(16);
  const map = draw(...Array.from({ length: 16 }, () => row));
  const hatched = shown(outlineLabels(plain(20, 16, [100, 100, 100]), map, COLORS, { reach: 1 }));
  assert.equal(hatched.join("").match(/\?/g)!.length, 32, "one pixel in eight");
  assert.equal(hatched.join("").match(/r/g), null, "no rim where nobody knows");
  // Label 3 stands for both classes.
  const both = { ...draw("111333222", "111333222", "111333222"), classCount: 2, overlaps: [[1, 2]] };
  assert.deepEqual(shown(outlineLabels(plain(9, 3, [100, 100, 100]), both, COLORS, { reach: 1 })), [
    "111222222",
    "1..2.1..2",
    "111222222",
  ]);
});

Deno.test("fitLabelMap: keeps what most pixels are, and one pixel of what would vanish", () => {
  const data = new Uint8Array(100 * 100);
  for (let y = 0; y < 100; y++) data.fill(1, 100 * y, 100 * y + 47);
  data[50 * 100 + 80] = 2;
  data[20 * 100 + 10] = 2;
  const fitted = fitLabelMap({ width: 100, height: 100, data }, { width: 10, height: 10 });
  const rows = Array.from({ length: 10 }, (_, y) => [...fitted.data.subarray(10 * y, 10 * y + 10)].join(""));
  const plain = "1111100000";
  assert.deepEqual(rows, [
    plain,
    plain,
    "1211100000",
    plain,
    plain,
    "1111100020",
    plain,
    plain,
    plain,
    plain,
  ]);
  // Enlarged, each pixel is repeated.
  assert.deepEqual([...fitLabelMap(draw("1.", "?2"), { width: 4, height: 2 }).data], [
    1,
    1,
    0,
    0,
    255,
    255,
    2,
    2,
  ]);
  const overlaps = [[1, 2]];
  assert.deepEqual(fitLabelMap({ ...draw("3"), overlaps }, { width: 2, height: 1 }).overlaps, overlaps);
});

Deno.test("outlineClasses: dashed lines leave gaps at every angle, and have no rim", () => {
  const size = { width: 60, height: 60 };
  const mask = (isSet: (x: number, y: number) => boolean) => ({
    ...size,
    data: Uint8Array.from({ length: 3600 }, (_, at) => isSet(at % 60, Math.floor(at / 60)) ? 1 : 0),
  });
  const image = plain(60, 60, [100, 100, 100]);
  for (
    const isSet of [
      (x: number) => x > 30,
      (x: number, y: number) => x > y,
      (x: number, y: number) => x + y > 60,
    ]
  ) {
    const count = (dashed: boolean) => {
      const drawn = shown(outlineClasses(image, [mask(isSet)], COLORS.slice(0, 1), { reach: 1, dashed }))
        .join("");
      return [..."1r"].map((letter) => drawn.split(letter).length - 1);
    };
    const [[solid, rim], [dashes, none]] = [count(false), count(true)];
    assert.ok(dashes! > 0.3 * solid! && dashes! < 0.7 * solid!, `${dashes} of ${solid}`);
    assert.ok(rim! > 30 && none === 0);
  }
  assert.throws(() => outlineClasses(plain(3, 3, [0, 0, 0]), [mask(() => true)], COLORS), TypeError);
});
