/** CSV that spreadsheets read and do not run. */
import assert from "node:assert/strict";
import { escapeControls } from "../../src/escape.ts";
import { formatScores } from "../../mod.ts";
import { formatCsv } from "../../src/csv_text.ts";
import { exampleScores } from "../support/evaluation.ts";
import { Random } from "../support/random.ts";

/** Reads CSV as RFC 4180 describes it. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  while (cell.lastIndex < text.length) {
    const match = cell.exec(text);
    assert.ok(match !== null, "no CSV");
    row.push(match[1]?.replaceAll('""', '"') ?? match[2]!);
    if (match[3] === "\r\n") {
      rows.push(row);
      row = [];
    }
  }
  assert.deepEqual(row, [], "the last row does not end");
  return rows;
}

Deno.test("formatCsv: quotes what needs it", () => {
  assert.equal(formatCsv([["a", 1, null], ['say "hi"', -0.5, "x,y"]]), 'a,1,\r\n"say ""hi""",-0.5,"x,y"\r\n');
  assert.equal(formatCsv([["two\nlines", 1e-7]]), '"two\nlines",1e-7\r\n');
  assert.equal(formatCsv([]), "");
});

Deno.test("formatCsv: no text begins like a formula", () => {
  const texts = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1",
    "\uff1d1",
    "\u00a0=1",
    '=HYPERLINK("http://x","y")',
    "=1,=2",
  ];
  for (const text of texts) assert.deepEqual(parseCsv(formatCsv([[text]])), [[`'${escapeControls(text)}`]]);
  for (const text of ["a=1", "a-b.jpg", "1", "", "'x"]) {
    assert.deepEqual(parseCsv(formatCsv([[text, 0]])), [[text, "0"]]);
  }
  assert.equal(formatCsv([[-1]]), "-1\r\n");
});

Deno.test("formatCsv: any text reads back, except for the mark before a formula", () => {
  const random = new Random(1);
  const letters = ["a", '"', ",", "\n", "\r", " ", "=", "é", "'", "-"];
  for (let i = 0; i < 500; i++) {
    const rows = Array.from(
      { length: 3 },
      () =>
        Array.from(
          { length: 2 },
          () => Array.from({ length: random.integer(5) }, () => random.pick(letters)).join(""),
        ),
    );
    const back = parseCsv(formatCsv(rows)).map((row) => row);
    rows.flat().forEach((text, at) => {
      const cell = back.flat()[at]!;
      assert.ok(
        [escapeControls(text), `'${escapeControls(text)}`].includes(cell),
        JSON.stringify([text, cell]),
      );
      assert.ok(!/^[=+\-@\t\r\n]/.test(cell), JSON.stringify(cell));
    });
  }
});

Deno.test("formatCsv: escapes control and bidi characters", () => {
  assert.equal(formatCsv([["a\x1b[2Jb\u202ec\x9b.png"]]), "a\\u001b[2Jb\\u202ec\\u009b.png\r\n");
});

Deno.test("formatCsv: refuses NaN and infinities", () => {
  for (const value of [NaN, Infinity, -Infinity]) assert.throws(() => formatCsv([[value]]), RangeError);
});

Deno.test("formatScores: a header, then one row per image, undefined values empty", () => {
  const rows = parseCsv(formatScores(exampleScores()));
  assert.equal(
    rows[0]!.join(" "),
    "picture width height true_pixels predicted_pixels true_lesions predicted_lesions missed_lesions " +
      "false_lesions dice iou sensitivity precision specificity accuracy hausdorff95 average_surface_distance",
  );
  assert.deepEqual(rows.map(([name]) => name), [
    "picture",
    "part.jpg",
    "missed.jpg",
    "healthy.jpg",
    "marked.jpg",
  ]);
  assert.deepEqual(rows[2], [
    "missed.jpg",
    ..."5 2 2 0 2 0 2 0 0 0 0".split(" "),
    "",
    "1",
    "0.8",
    "",
    "",
  ]);
  assert.equal(Number(rows[1]![9]), 4 / 7);
  assert.ok(rows.every((row) => row.length === 17));
});
