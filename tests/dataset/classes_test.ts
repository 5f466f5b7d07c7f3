/**
 * Classes: chosen from categories, matched with a model's.
 *
 * @module
 */
import { categoryName, splitNames } from "../../src/dataset/class_names.ts";
import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { chooseClasses, classesOfRun, keptClasses, matchClasses } from "../../src/dataset/classes.ts";

const THREE = { listed: ["scan", "tumor", "edema", "cyst"], outlined: ["tumor", "edema", "cyst"] };

const labels = (table: ReturnType<typeof chooseClasses>, ...names: (string | null)[]) =>
  names.map((name) => table.labelsOf(name));

Deno.test("chooseClasses: every outlined category is a class, in order; ignore and background are none", () => {
  const table = chooseClasses({
    listed: ["scan", "tumor", "edema", "Ignore", "_background_"],
    outlined: ["tumor", "edema", "Ignore", "_background_"],
  });
  deepStrictEqual(table.names, ["tumor", "edema"]);
  strictEqual(table.isPlain, false);
  deepStrictEqual(labels(table, "tumor", "edema", "Ignore", "_background_", "scan", null), [
    [1],
    [2],
    [255],
    [],
    [],
    [255],
  ]);
  strictEqual(new Set(table.colors).size, 2);
});

Deno.test("chooseClasses: one outlined category is the plain foreground class, with every other name", () => {
  const table = chooseClasses({ listed: ["scan", "tumor"], outlined: ["tumor"] });
  deepStrictEqual([table.names, table.isPlain], [["tumor"], true]);
  deepStrictEqual(labels(table, "tumor", "scan", null, "IGNORE"), [[1], [1], [1], [255]]);
});

Deno.test("chooseClasses: classes pick and order, merge unites, binary makes one", () => {
  const picked = chooseClasses(THREE, { classes: ["cyst", "Tumor"] });
  deepStrictEqual([picked.names, ...labels(picked, "tumor", "edema", "cyst")], [
    ["cyst", "tumor"],
    [2],
    [],
    [1],
  ]);
  const merged = chooseClasses(THREE, { merge: ["whole=edema+cyst"] });
  deepStrictEqual([merged.names, ...labels(merged, "tumor", "edema", "cyst")], [
    ["tumor", "whole"],
    [1],
    [2],
    [2],
  ]);
  deepStrictEqual(merged.classes[1]!.categories, ["edema", "cyst"]);
  const nested = chooseClasses(THREE, { merge: ["whole=tumor+edema"], classes: ["whole", "tumor"] });
  deepStrictEqual(labels(nested, "tumor", "edema", "cyst"), [[1, 2], [1], []]);
  const ignored = chooseClasses(THREE, { merge: ["ignore=cyst"] });
  deepStrictEqual(labels(ignored, "tumor", "edema", "cyst"), [[1], [2], [255]]);
  const binary = chooseClasses(THREE, { binary: true });
  deepStrictEqual([binary.isPlain, ...labels(binary, "tumor", "edema")], [true, [1], [1]]);
  const some = chooseClasses(THREE, { binary: true, classes: ["tumor", "cyst"] });
  deepStrictEqual([some.names, ...labels(some, "tumor", "edema", "cyst")], [["foreground"], [1], [], [1]]);
});

Deno.test("chooseClasses: refuses unknown, repeated and clashing names, and names the dataset's", () => {
  throws(() => chooseClasses(THREE, { classes: ["tumr"] }), {
    name: "RangeError",
    message: /"tumr": the dataset has "scan", "tumor", "edema", "cyst"\nhint: /,
  });
  throws(() => chooseClasses(THREE, { classes: ["tumor", "tumor"] }), /"tumor" twice\nhint/);
  throws(() => chooseClasses(THREE, { merge: ["tumor=edema+cyst"] }), /--merge tumor=tumor\+edema\+cyst/);
  throws(() => chooseClasses(THREE, { merge: ["a=tumor", "a=edema"] }), /one name twice\nhint/);
  for (const text of ["whole", "=a", "whole=", "whole=tumor+"]) {
    throws(() => chooseClasses(THREE, { merge: [text] }), SyntaxError, text);
  }
});

Deno.test("keptClasses: choosing what a run keeps gives its classes again", () => {
  const odd = { listed: ["a+b", "c=d", "e,f", "g"], outlined: ["a+b", "c=d", "e,f", "g"] };
  for (
    const options of [
      {},
      { merge: ["whole=a\\+b+c\\=d", "ignore=g"] },
      { classes: ["e,f", "g"], binary: true },
      { merge: ["whole=a\\+b+c\\=d"], classes: ["whole", "a+b"] },
    ]
  ) {
    const table = chooseClasses(odd, options);
    const again = chooseClasses(odd, keptClasses(table));
    deepStrictEqual([again.classes, again.ignored], [table.classes, table.ignored]);
    deepStrictEqual(labels(again, ...odd.listed), labels(table, ...odd.listed));
    const { classes, ignored } = classesOfRun(keptClasses(table));
    deepStrictEqual([classes, ignored], [table.classes, table.ignored]);
  }
});

Deno.test("categoryName: is one line without control characters, or the id", () => {
  const names = [" a\u001b[31m\n b ", "", " \u2028"].map((name, id) => categoryName({ id, name }));
  deepStrictEqual(names, ["a [31m b", "1", "2"]);
});

Deno.test("splitNames: a separator after a backslash belongs to a name", () => {
  deepStrictEqual(splitNames("a\\,b, c", ","), ["a,b", "c"]);
});

Deno.test("matchClasses: by name, else by what a class united; without any, both lists are named", () => {
  const { classes } = chooseClasses(THREE, { merge: ["whole=tumor+edema"] });
  const parts = matchClasses(classes, { listed: ["edema", "cyst", "bone"] });
  deepStrictEqual(labels(parts, "edema", "cyst", "bone"), [[1], [2], []]);
  const same = matchClasses(classes, { listed: ["Whole", "tumor"] });
  deepStrictEqual(labels(same, "Whole", "tumor"), [[1], []]);
  throws(
    () => matchClasses(classes, { listed: ["bone"] }),
    /classes "whole", "cyst" on this dataset: its categories are "bone"\nhint/,
  );
});
