import assert from "node:assert/strict";
import { readCoco } from "../../mod.ts";
import { cocoFileNames, idsOf } from "../../src/prediction/coco_names.ts";

Deno.test("cocoFileNames: names with their subfolders, or paths below what they share if names repeat", () => {
  assert.deepEqual(cocoFileNames(["in/a.png", "in/may/a.png"], ["", "may"]), ["a.png", "may/a.png"]);
  assert.deepEqual(cocoFileNames(["in/x/a.png", "in/b.png"]), ["a.png", "b.png"]);
  assert.deepEqual(cocoFileNames(["in/x/a.png", "in/y/z/a.png"]), ["x/a.png", "y/z/a.png"]);
  assert.deepEqual(cocoFileNames([]), []);
});

const SQUARE = { segmentation: [[1, 1, 5, 1, 5, 5, 1, 5]] };

/** An annotation file of two folders and three categories, of which `tumor` and `edema` are outlined. */
const DATASET = readCoco(JSON.stringify({
  images: ["a.png", "x/b.png", "x/c.png", "y/c.png"].map((file_name, index) => ({
    id: 40 + index,
    file_name,
    width: 8,
    height: 8,
  })),
  categories: [{ id: 0, name: "all" }, { id: 3, name: "tumor" }, { id: 5, name: "edema" }],
  annotations: [3, 5].map((category_id, id) => ({ id, image_id: 40, category_id, ...SQUARE })),
}));

Deno.test("idsOf: takes ids of images by path or unique name, and of categories by name", () => {
  const ids = idsOf(DATASET, "f.json", ["a.png", "b.png", "y/c.png"], ["edema", "tumor"], true);
  assert.deepEqual(["a.png", "b.png", "y/c.png"].map((name) => ids.image(name)), [40, 41, 43]);
  assert.deepEqual(["edema", "tumor"].map((name) => ids.category(name)), [5, 3]);
});

Deno.test("idsOf: refuses images and classes that the file does not have", () => {
  const refused = (names: string[], classes: string[], named: boolean, message: RegExp) =>
    assert.throws(() => idsOf(DATASET, "f.json", names, classes, named), { name: "RangeError", message });
  refused(
    ["c.png", "z.png", "a.png"],
    ["tumor"],
    true,
    /"f\.json": it has no image "c\.png", "z\.png"\nhint: /,
  );
  refused(["a.png"], ["cyst"], true, /it has no category "cyst", but "all", "tumor", "edema"\nhint: /);
  refused(
    ["a.png"],
    ["foreground"],
    false,
    /it has no category "foreground".*\nhint: the model does not name/,
  );
});

Deno.test("idsOf: a model without class names has the only outlined category", () => {
  const one = readCoco(JSON.stringify({
    images: [{ id: 1, file_name: "a.png", width: 8, height: 8 }],
    categories: [{ id: 0, name: "all" }, { id: 7, name: "tumor" }],
    annotations: [{ id: 1, image_id: 1, category_id: 7, ...SQUARE }],
  }));
  assert.equal(idsOf(one, "f.json", ["a.png"], ["foreground"], false).category("foreground"), 7);
});
