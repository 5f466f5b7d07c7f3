/** Edits of several classes compared with plain arrays; undo and redo to the bit. */
import assert from "node:assert/strict";
import { BitTiles, TILE_WORDS } from "../../../../src/page/app/correct/model/bit_tiles.ts";
import { strokeRegion } from "../../../../src/page/app/correct/model/brush.ts";
import { draftClasses, isDraft, makeDraft } from "../../../../src/page/app/correct/model/draft.ts";
import type { OverlapRule } from "../../../../src/page/app/correct/model/edit.ts";
import { LabelDocument } from "../../../../src/page/app/correct/model/label_document.ts";
import { encodeTiles } from "../../../../src/page/app/correct/model/layer_rle.ts";
import { drawMask, randomMask } from "../../../support/masks.ts";
import { Random } from "../../../support/random.ts";
import { maskOfTiles, showTiles, tilesOf } from "../../../support/tiles.ts";

const CLASSES = [{ name: "tumor", color: "#e69f00" }, { name: "edema", color: "#56b4e9" }, {
  name: "cyst",
  color: "#009e73",
}];
const RULES: readonly OverlapRule[] = ["replace", "keep", "overlap"];

/** Everything that a document holds, as texts. */
function content(document: LabelDocument): string[] {
  return document.classes.flatMap((_, index) =>
    [document.layer(index), document.accepted(index)].map((layer) => encodeTiles(layer).counts)
  );
}

Deno.test("Edit: painting and erasing by each rule is that of plain arrays", () => {
  const random = new Random(1);
  const size = { width: 190, height: 70 };
  const document = new LabelDocument(size, CLASSES);
  const plain = CLASSES.map(() => new Uint8Array(size.width * size.height));
  for (let i = 0; i < 60; i++) {
    const region = randomMask(random, size.width, size.height);
    const [index, rule] = [random.integer(3), random.pick(RULES)];
    const erased = random.pick([null, 0, 1, 2]);
    const paints = random.next() < 0.6;
    document.edit("Test", (edit) => {
      if (paints) edit.add(index, tilesOf(region), rule);
      else edit.remove(erased, tilesOf(region));
    });
    region.data.forEach((isIn, at) => {
      if (isIn === 0) return;
      const others = plain.filter((_, other) => other !== index);
      if (!paints) plain.forEach((each, other) => (erased ?? other) === other && (each[at] = 0));
      else if (rule !== "keep" || others.every((each) => each[at] === 0)) {
        plain[index]![at] = 1;
        if (rule === "replace") others.forEach((each) => each[at] = 0);
      }
    });
    plain.forEach((data, index) => {
      assert.deepEqual(maskOfTiles(document.layer(index)).data, data, `${i} ${rule}`);
      assert.equal(document.area(index), data.reduce((sum, value) => sum + value, 0));
    });
  }
  const [x, y] = [50, 20];
  const expected = plain.flatMap((data, index) => data[y * size.width + x] === 1 ? index : []);
  assert.deepEqual(document.classesAt(x, y), expected);
});

Deno.test("Edit: ignored pixels and those of classes never overlap, by any rule", () => {
  const all = tilesOf(drawMask("####"));
  for (const rule of RULES) {
    const document = new LabelDocument({ width: 4, height: 1 }, [
      ...CLASSES,
      { name: "ignore", color: "#969696", kind: "ignore", pixels: all.clone() },
    ]);
    const show = () => [0, 1, 3].map((index) => showTiles(document.layer(index))[0]);
    document.edit("Brush", (edit) => edit.add(0, tilesOf(drawMask("##..")), rule));
    assert.deepEqual(show(), ["##..", "....", "..##"], rule);
    document.edit("Brush", (edit) => edit.add(1, tilesOf(drawMask(".##.")), rule));
    const painted = {
      replace: ["#...", ".##.", "...#"],
      keep: ["##..", "..#.", "...#"],
      overlap: ["##..", ".##.", "...#"],
    };
    assert.deepEqual(show(), painted[rule], rule);
    document.edit("Brush", (edit) => edit.add(3, all, rule));
    assert.deepEqual(show(), rule === "keep" ? ["##..", "..#.", "...#"] : ["....", "....", "####"], rule);
  }
});

Deno.test("LabelDocument: undo and redo give every state again, to the bit", () => {
  const random = new Random(2);
  const size = { width: 300, height: 200 };
  const document = new LabelDocument(size, CLASSES);
  const states = [content(document)];
  for (let i = 0; i < 40; i++) {
    const position = () => ({ x: random.next() * 300, y: random.next() * 200 });
    const region = strokeRegion(size, [position(), position()], random.pick([1, 9, 60]));
    const index = random.integer(3);
    const changed = document.edit(`Step ${i}`, (edit) => {
      const action = random.integer(4);
      if (action === 0) edit.remove(random.pick([null, index]), region);
      else if (action === 1) edit.set(index, region);
      else if (action === 2) edit.accept(index, document.layer(index).clone());
      else edit.add(index, region, random.pick(RULES));
    });
    if (changed) states.push(content(document));
    // Sometimes a few steps back, and on from there.
    if (i % 7 === 6) {
      for (let back = 0; back < 3; back++) {
        document.undo();
        states.pop();
        assert.deepEqual(content(document), states.at(-1));
      }
    }
  }
  assert.ok(states.length > 12);
  for (let i = states.length - 2; i >= 0; i--) {
    document.undo();
    assert.deepEqual(content(document), states[i]);
    assert.deepEqual(document.area(0), document.layer(0).count());
  }
  assert.equal(document.undo(), null);
  assert.equal(document.undoLabel, null);
  for (const state of states.slice(1)) {
    assert.match(document.redo()!, /^Step/);
    assert.deepEqual(content(document), state);
  }
  assert.equal(document.redo(), null);
});

Deno.test("LabelDocument: a stroke of many parts is one step, and a canceled one is none", () => {
  const document = new LabelDocument({ width: 8, height: 1 }, CLASSES);
  const stroke = document.begin("Brush");
  stroke.add(0, tilesOf(drawMask("##......")), "replace");
  assert.ok(document.isDirty);
  stroke.add(0, tilesOf(drawMask(".###....")), "replace");
  assert.equal(stroke.end(), true);
  assert.throws(() => stroke.add(0, tilesOf(drawMask("#.......")), "replace"), TypeError);
  assert.equal(document.undoLabel, "Brush");
  document.undo();
  assert.equal(document.area(0), 0);
  assert.equal(document.isDirty, false);
  document.redo();
  const canceled = document.begin("Brush");
  canceled.add(1, tilesOf(drawMask("########")), "replace");
  assert.equal(document.area(0), 0);
  canceled.cancel();
  assert.deepEqual([document.area(0), document.area(1), document.undoLabel], [4, 0, "Brush"]);
  // Without effect: no step, and what was undone can still be redone.
  document.undo();
  assert.equal(document.edit("Eraser", (edit) => edit.remove(null, tilesOf(drawMask("########")))), false);
  assert.equal(document.redoLabel, "Brush");
  assert.throws(() =>
    document.edit("Fails", (edit) => {
      edit.add(2, tilesOf(drawMask("########")), "overlap");
      throw new Error("no");
    }), /no/);
  assert.deepEqual([document.area(2), document.redoLabel], [0, "Brush"]);
});

Deno.test("LabelDocument: knows what is saved through undo, redo and what is dropped", () => {
  const [first, second] = [tilesOf(drawMask("#...")), tilesOf(drawMask(".#.."))];
  const document = new LabelDocument(first, CLASSES, { historyBytes: 4 * TILE_WORDS });
  const paint = (region: BitTiles) => document.edit("Brush", (edit) => edit.add(0, region, "replace"));
  assert.equal(document.isDirty, false);
  paint(first);
  document.markSaved();
  paint(second);
  assert.equal(document.isDirty, true);
  document.undo();
  assert.equal(document.isDirty, false);
  document.redo();
  // A save that took a while marks what it saved, not what was painted since.
  const { state } = document;
  document.undo();
  document.markSaved(state);
  assert.equal(document.isDirty, true);
  document.redo();
  assert.equal(document.isDirty, false);
  paint(tilesOf(drawMask("..#.")));
  document.undo();
  assert.equal(document.isDirty, false);
  // The history holds one step; the first are gone, and the content stays what it is.
  assert.equal(document.undo(), null);
  assert.deepEqual(showTiles(document.layer(0)), ["##.."]);
});

Deno.test("LabelDocument: the history of an image of 8192 x 8192 pixels stays within its bytes", () => {
  const size = { width: 8192, height: 8192 };
  const document = new LabelDocument(size, CLASSES.slice(0, 1), { historyBytes: 2 ** 20 });
  for (let i = 0; i < 40; i++) {
    const y = 100 + 200 * i;
    const stroke = document.begin("Brush");
    for (let x = 0; x < 8000; x += 1000) {
      stroke.add(0, strokeRegion(size, [{ x, y }, { x: x + 1000, y }], 40), "replace");
    }
    stroke.end();
  }
  let undone = 0;
  while (document.undo() !== null) undone++;
  // A stroke touches 63 tiles of 2 KiB, or twice as many across the edge of two rows.
  assert.ok(undone >= 4 && undone <= 8, `${undone} steps`);
});

Deno.test("Edit.set: keeps marks only where pixels remain; Edit.accept is undone as anything else", () => {
  const document = new LabelDocument({ width: 4, height: 1 }, CLASSES);
  document.edit("Load", (edit) => edit.set(0, tilesOf(drawMask("##.#"))));
  document.edit("Accept", (edit) => edit.accept(0, tilesOf(drawMask("##.#"))));
  document.edit("Restore", (edit) => edit.set(0, tilesOf(drawMask(".##."))));
  assert.deepEqual(showTiles(document.accepted(0)), [".#.."]);
  document.undo();
  document.undo();
  assert.deepEqual(showTiles(document.accepted(0)), ["...."]);
});

Deno.test("LabelDocument: tells which tiles changed", () => {
  const document = new LabelDocument({ width: 300, height: 300 }, CLASSES);
  const seen: number[][] = [];
  const stop = document.onChange((tiles) => tiles.size > 0 && seen.push([...tiles].sort((a, b) => a - b)));
  const region = new BitTiles(document);
  region.setSpan(140, 100, 140);
  document.edit("Brush", (edit) => edit.add(0, region, "replace"));
  document.undo();
  stop();
  document.redo();
  assert.deepEqual(seen, [[3, 4], [3, 4]]);
});

Deno.test("LabelDocument: rejects two classes of a name, and pixels of another size", () => {
  const size = { width: 4, height: 4 };
  assert.throws(() => new LabelDocument(size, [CLASSES[0]!, CLASSES[0]!]), {
    name: "RangeError",
    message: 'Cannot add class "tumor": there is one of this name',
  });
  assert.throws(
    () => new LabelDocument(size, [{ ...CLASSES[0]!, pixels: new BitTiles({ width: 4, height: 5 }) }]),
    {
      name: "TypeError",
      message: 'Cannot add class "tumor": its mask has 4 x 5 pixels, the image 4 x 4',
    },
  );
});

Deno.test("Draft: keeps everything, and what a browser hands back is checked", () => {
  const size = { width: 150, height: 140 };
  const document = new LabelDocument(size, CLASSES);
  document.edit("Brush", (edit) => {
    edit.add(0, strokeRegion(size, [{ x: 10, y: 10 }, { x: 140, y: 130 }], 30), "replace");
    edit.add(2, strokeRegion(size, [{ x: 10, y: 130 }], 9), "overlap");
    edit.accept(0, strokeRegion(size, [{ x: 10, y: 10 }], 3));
  });
  const about = { base: 2, source: "prediction", model: "m", before: [], time: 7 } as const;
  const draft = structuredClone(makeDraft(document, about));
  assert.ok(isDraft(draft, size));
  assert.deepEqual(content(new LabelDocument(size, draftClasses(draft))), content(document));
  assert.deepEqual({ ...draft, classes: 0 }, { version: 1, ...size, classes: 0, ...about });
  for (
    const other of [
      ...[null, 1, "x", {}, { ...draft, version: 2 }, { ...draft, width: 149 }, { ...draft, base: 0.5 }],
      ...[{ ...draft, source: "x" }, { ...draft, model: 1 }, { ...draft, before: {} }, {
        ...draft,
        classes: [{}],
      }, {
        ...draft,
        classes: [{ ...draft.classes[0]!, kind: "x" }],
      }],
      ...[{ ...draft, time: "1" }, { ...draft, classes: "" }],
    ]
  ) assert.equal(isDraft(other, size), false);
  const damaged = { ...draft, classes: [{ ...draft.classes[0]!, pixels: "~" }] };
  assert.ok(isDraft(damaged, size));
  assert.throws(() => draftClasses(damaged), SyntaxError);
});
