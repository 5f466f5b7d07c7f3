/** Parts of the editor that need no page: drawing masks, lists, shortcuts, settings, and the tools. */
import assert from "node:assert/strict";
import type { CorrectionSplits, QueuedImage } from "../../../../src/page/api/corrections.ts";
import { BitTiles } from "../../../../src/page/app/correct/model/bit_tiles.ts";
import { LabelDocument } from "../../../../src/page/app/correct/model/label_document.ts";
import {
  countMissing,
  createDocument,
  layersOf,
  regionsOf,
  replaceMasks,
} from "../../../../src/page/app/correct/model/masks.ts";
import { encodeTiles } from "../../../../src/page/app/correct/model/layer_rle.ts";
import { drawOverlay } from "../../../../src/page/app/correct/model/overlay.ts";
import { listImages, neighbor, parsePlace, placeHash } from "../../../../src/page/app/correct/queue.ts";
import { readSettings } from "../../../../src/page/app/correct/settings.ts";
import { commandOf, SHORTCUTS } from "../../../../src/page/app/correct/shortcuts.ts";
import { BrushTool } from "../../../../src/page/app/correct/tools/brush_tool.ts";
import { FloodTool } from "../../../../src/page/app/correct/tools/flood_tool.ts";
import { acceptPart, PartTool } from "../../../../src/page/app/correct/tools/part_tool.ts";
import { PolygonTool } from "../../../../src/page/app/correct/tools/polygon_tool.ts";
import type { ToolHost, ToolInput } from "../../../../src/page/app/correct/tools/tool.ts";
import { drawMask } from "../../../support/masks.ts";
import { showTiles, tilesOf } from "../../../support/tiles.ts";

const TUMOR = { name: "tumor", color: "#e69f00", kind: "class" } as const;
const EDEMA = { name: "edema", color: "#56b4e9", kind: "class" } as const;
const IGNORE = { name: "ignore", color: "#969696", kind: "ignore" } as const;

function at(x: number, y: number, inverse = false): ToolInput {
  return { points: [{ x, y }], inverse };
}

/** A host of a document with what tools said. */
function hostOf(
  document: LabelDocument,
  changes: Partial<ToolHost> = {},
): ToolHost & { readonly said: string[] } {
  const said: string[] = [];
  return {
    document,
    settings: { ...readSettings("{}").tools, brushSize: 1, fillHoles: false, tolerance: 0 },
    classIndex: 0,
    selection: null,
    compared: () => null,
    values: () => null,
    say: (text) => void said.push(text),
    redraw: () => {},
    said,
    ...changes,
  };
}

Deno.test("BrushTool: a stroke is one step; Alt erases; what is canceled leaves nothing", () => {
  const document = new LabelDocument({ width: 5, height: 2 }, [TUMOR, EDEMA]);
  const brush = new BrushTool(hostOf(document), false);
  brush.move(at(0.5, 0.5));
  assert.equal(document.area(0), 0);
  brush.down(at(0.5, 0.5));
  brush.move({ points: [{ x: 2.5, y: 0.5 }, { x: 4.5, y: 0.5 }], inverse: false });
  brush.up();
  assert.deepEqual(showTiles(document.layer(0)), ["#####", "....."]);
  assert.deepEqual(brush.shape(), { kind: "disc", at: { x: 4.5, y: 0.5 }, diameter: 1 });
  brush.down(at(1.5, 0.5, true));
  brush.up();
  assert.deepEqual(showTiles(document.layer(0)), ["#.###", "....."]);
  brush.down(at(1.5, 1.5));
  brush.cancel();
  assert.deepEqual([document.area(0), document.undo(), document.undo(), document.undo()], [
    4,
    "Eraser",
    "Brush",
    null,
  ]);
  const eraser = new BrushTool(hostOf(document, { classIndex: 1 }), true);
  document.redo();
  eraser.down(at(0.5, 0.5));
  eraser.up();
  assert.equal(document.area(0), 5);
});

Deno.test("PolygonTool: corners, Backspace, Enter, Escape, and drawing freely", () => {
  const document = new LabelDocument({ width: 6, height: 6 }, [TUMOR]);
  const host = hostOf(document);
  const polygon = new PolygonTool(host);
  assert.equal(polygon.key("Enter"), false);
  for (const [x, y] of [[0, 0], [4, 0], [5, 5], [4, 4], [0, 4]] as const) {
    polygon.down(at(x, y));
    polygon.up();
    if (x === 5) assert.ok(polygon.key("Backspace"));
  }
  assert.equal(polygon.shape()!.kind, "polygon");
  assert.ok(polygon.key("Enter"));
  assert.deepEqual(showTiles(document.layer(0)), [
    "####..",
    "####..",
    "####..",
    "####..",
    "......",
    "......",
  ]);
  polygon.down(at(0, 0, true));
  polygon.move({ points: [{ x: 2, y: 0 }, { x: 2, y: 4 }, { x: 0, y: 4 }], inverse: true }, true);
  polygon.up();
  polygon.double();
  assert.deepEqual(showTiles(document.layer(0))[0], "..##..");
  polygon.down(at(0, 0));
  assert.ok(polygon.key("Enter"));
  assert.match(host.said.at(-1)!, /at least three/);
  polygon.down(at(0, 0));
  assert.ok(polygon.key("Escape"));
  assert.equal(polygon.shape(), null);
});

Deno.test("FloodTool: other thresholds replace what the last click flooded, until something else is done", () => {
  const document = new LabelDocument({ width: 5, height: 1 }, [TUMOR]);
  const data = Uint8Array.of(10, 12, 20, 10, 40);
  const host = hostOf(document, { values: () => ({ width: 5, height: 1, data }) });
  const flood = new FloodTool(host);
  flood.down(at(0.5, 0.5));
  assert.deepEqual(showTiles(document.layer(0)), ["#...."]);
  Object.assign(host.settings, { tolerance: 10 });
  flood.settingsChanged();
  assert.deepEqual(showTiles(document.layer(0)), ["####."]);
  Object.assign(host.settings, { tolerance: 2 });
  flood.settingsChanged();
  assert.deepEqual(showTiles(document.layer(0)), ["##..."]);
  assert.deepEqual([document.undo(), document.undo()], ["Flood", null]);
  document.redo();
  document.edit("Brush", (edit) => edit.add(0, tilesOf(drawMask("....#")), "replace"));
  Object.assign(host.settings, { tolerance: 50 });
  flood.settingsChanged();
  assert.deepEqual(showTiles(document.layer(0)), ["##..#"]);
  Object.assign(host, { values: () => null });
  flood.down(at(0.5, 0.5));
  assert.match(host.said.at(-1)!, /not loaded/);
});

Deno.test("PartTool: accepts, deletes and fills a component, and takes one of the version to compare with", () => {
  const pixels = tilesOf(drawMask("###..#", "#.#..#", "###..."));
  const document = new LabelDocument(pixels, [{ ...TUMOR, pixels }, EDEMA]);
  const proposal = tilesOf(drawMask("......", "......", "....##"));
  const host = hostOf(document, { compared: (index) => index === 1 ? proposal : null });
  const part = new PartTool(host);
  part.down(at(3.5, 0.5));
  assert.equal(host.selection, null);
  assert.equal(part.key("Delete"), false);
  part.down(at(0.5, 0.5));
  assert.equal(host.selection!.region.count(), 8);
  assert.ok(part.key("h"));
  assert.equal(document.layer(0).get(1, 1), true);
  part.down(at(0.5, 0.5));
  assert.ok(part.key("Enter"));
  assert.equal(document.accepted(0).count(), 9);
  part.down(at(5.5, 0.5));
  assert.ok(part.key("Backspace"));
  part.down(at(5.5, 2.5));
  assert.equal(host.selection!.isProposal, true);
  assert.ok(part.key("Delete"));
  assert.equal(document.area(1), 0);
  acceptPart(host);
  assert.deepEqual(showTiles(document.layer(0)), ["###...", "###...", "###..."]);
  assert.deepEqual(showTiles(document.layer(1)), ["......", "......", "....##"]);
});

Deno.test("createDocument: what is in doubt is ignored, until that is taken away", () => {
  const size = { width: 4, height: 1 };
  const region = { category: "tumor", rle: encodeTiles(tilesOf(drawMask("#..."))) };
  const other = { category: "tumor", rle: encodeTiles(tilesOf(drawMask(".#.."))) };
  const unlisted = { category: "cyst", rle: encodeTiles(tilesOf(drawMask("..#."))) };
  const layers = layersOf(size, [region, other, unlisted]);
  const sure = createDocument(size, [TUMOR, IGNORE], layers, false);
  assert.deepEqual(sure.classes.map(({ name }, i) => [name, sure.area(i)]), [["tumor", 2], ["ignore", 0], [
    "cyst",
    1,
  ]]);
  const doubted = createDocument(size, [TUMOR, IGNORE], layersOf(size, [region]), true);
  assert.deepEqual(showTiles(doubted.layer(1)), [".###"]);
  assert.equal(doubted.isDirty, false);
  assert.deepEqual(regionsOf(doubted).map(({ category }) => category), ["tumor", "ignore"]);
  doubted.edit("Confirm", (edit) => edit.set(1, new BitTiles(size)));
  assert.deepEqual(regionsOf(doubted), [region]);
  replaceMasks(doubted, "Restore", layers);
  assert.deepEqual(regionsOf(doubted).map(({ category }) => category), ["tumor", "cyst"]);
  doubted.undo();
  assert.deepEqual(regionsOf(doubted), [region]);
  assert.equal(countMissing(layers.get("tumor")!, doubted.layer(0)), 1);
  assert.equal(countMissing(doubted.layer(0), layers.get("tumor")!), 0);
});

Deno.test("drawOverlay: areas, borders with a rim, and only what is on the screen", () => {
  const tiles = tilesOf(drawMask(".....", ".###.", ".###.", ".###.", "....."));
  const base = { tiles, color: [200, 100, 0] as const, fill: 0.5, outline: "none" as const };
  const alphas = (rgba: Uint8ClampedArray, width: number) =>
    Array.from(
      { length: rgba.length / 4 / width },
      (_, y) => Array.from({ length: width }, (_, x) => rgba[4 * (y * width + x) + 3]),
    );
  const frame = { x: 0, y: 0, width: 5, height: 5, line: 1 };
  const plain = drawOverlay([base], frame, { left: 0, top: 0, width: 5, height: 5 });
  assert.deepEqual(alphas(plain, 5), [
    [0, 0, 0, 0, 0],
    ...Array.from({ length: 3 }, () => [0, 128, 128, 128, 0]),
    [0, 0, 0, 0, 0],
  ]);
  assert.deepEqual([...plain.subarray(4 * 6, 4 * 7)], [200, 100, 0, 128]);
  const lined = drawOverlay([{ ...base, outline: "solid" }], frame, { left: 0, top: 0, width: 5, height: 5 });
  assert.deepEqual(alphas(lined, 5), [
    [0, 140, 140, 140, 0],
    [140, 255, 255, 255, 140],
    [140, 255, 128, 255, 140],
    [140, 255, 255, 255, 140],
    [0, 140, 140, 140, 0],
  ]);
  // Magnified and moved: a part of the screen is that part of the whole.
  const large = { x: -7, y: 3, width: 40, height: 40, line: 2 };
  const style = { ...base, outline: "dashed" as const };
  const whole = drawOverlay([style], large, { left: 0, top: 0, width: 50, height: 50 });
  const part = drawOverlay([style], large, { left: 2, top: 12, width: 13, height: 7 });
  for (let y = 0; y < 7; y++) {
    for (let x = 0; x < 13; x++) {
      const [from, to] = [4 * ((y + 12) * 50 + x + 2), 4 * (y * 13 + x)];
      assert.deepEqual(part.subarray(to, to + 4), whole.subarray(from, from + 4));
    }
  }
  assert.deepEqual(
    drawOverlay([style], { ...large, x: 99 }, { left: 0, top: 0, width: 3, height: 3 }),
    new Uint8ClampedArray(36),
  );
});

Deno.test("commandOf: each key has one command, with Ctrl or the Command key", () => {
  const press = (key: string, held: Partial<KeyboardEvent> = {}) =>
    commandOf({ key, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...held });
  assert.deepEqual([press("b"), press("B", { shiftKey: true }), press("b", { altKey: true })], [
    "brush",
    "brush",
    null,
  ]);
  assert.deepEqual([press("z"), press("z", { ctrlKey: true }), press("z", { metaKey: true })], [
    null,
    "undo",
    "undo",
  ]);
  assert.equal(press("Z", { ctrlKey: true, shiftKey: true }), "redo");
  assert.equal(press("Enter", { ctrlKey: true }), "save-next");
  assert.equal(press("?", { shiftKey: true }), "help");
  assert.equal(press("PageDown"), "next");
  assert.equal(press("PageDown", { shiftKey: true }), null);
  const keys = SHORTCUTS.flatMap(({ keys }) => keys);
  assert.equal(new Set(keys).size, keys.length);
});

Deno.test("readSettings: remembered values are taken if they can be", () => {
  const kept = readSettings(JSON.stringify({
    tools: { brushSize: 3, rule: "keep", tolerance: 900, eraseAll: "x", floodSource: "nothing", other: 1 },
    view: { opacity: 0.5, filled: false, brightness: 2 },
    annotator: "Ada",
  }));
  const usual = readSettings("{}");
  assert.deepEqual(kept.tools, { ...usual.tools, brushSize: 3, rule: "keep" });
  assert.deepEqual(kept.view, { ...usual.view, opacity: 0.5, filled: false });
  assert.equal(kept.annotator, "Ada");
  for (const text of ["", "{", "null", "[1]", '{"tools":7,"view":null,"annotator":1}']) {
    assert.deepEqual(readSettings(text), usual, text);
  }
});

Deno.test("queue: lists, addresses, and the way to the next image", () => {
  const image = (fileName: string, changes: Partial<QueuedImage> = {}): QueuedImage => ({
    fileName,
    state: "annotated",
    revision: null,
    annotator: null,
    ...changes,
  });
  const images = [image("a"), image("b", { revision: 1 }), image("c/d e", { state: "partly" }), image("f")];
  const solved = image("g", { state: "unusable", revision: 2 });
  const splits: CorrectionSplits = { file: "x", splits: [{ name: "train", images: [...images, solved] }] };
  const names = (list: "all" | "open" | "problems" | "audit") =>
    listImages(splits, { split: "train", list }, [{ name: "f" }, { name: "b" }, { name: "f" }, {
      name: "gone",
    }])
      .map(({ fileName }) => fileName);
  assert.deepEqual(names("all"), ["a", "b", "c/d e", "f", "g"]);
  assert.deepEqual(names("open"), ["a", "c/d e", "f"]);
  assert.deepEqual(names("problems"), ["c/d e"]);
  assert.deepEqual(names("audit"), ["f", "b"]);
  assert.deepEqual(listImages(splits, { split: "none", list: "all" }), []);

  for (
    const place of [
      { split: "train", fileName: "c/d e", list: "audit", run: "a run" },
      { split: "train", fileName: "a", list: "open", run: null },
      { split: "train", fileName: "a", list: "all", run: null },
      { split: "train", fileName: null, list: "all", run: null },
    ] as const
  ) {
    const path = placeHash(place).slice("#/correct/".length).split("/").map(decodeURIComponent);
    assert.deepEqual(parsePlace(path), place);
  }
  assert.equal(parsePlace([]), null);
  assert.deepEqual(parsePlace(["s", "f", "toString"])!.list, "all");
  assert.deepEqual(parsePlace(["s", "f", "audit"])!.list, "all");

  const order = images.map(({ fileName }) => fileName);
  const next = (of: readonly QueuedImage[], from: string, step: -1 | 1) =>
    neighbor(of, from, step, order)?.fileName;
  assert.deepEqual([next(images, "a", 1), next(images, "a", -1), next(images, "f", 1)], [
    "b",
    undefined,
    undefined,
  ]);
  // "c/d e" was saved, and is no longer in the list.
  const left = images.filter(({ fileName }) => fileName === "a" || fileName === "f");
  assert.deepEqual([next(left, "c/d e", 1), next(left, "c/d e", -1)], ["f", "a"]);
});
