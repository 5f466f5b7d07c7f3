import assert from "node:assert/strict";
import { parseJson, scanJson } from "../../src/coco/json.ts";
import { Random } from "../support/random.ts";

Deno.test("parseJson: tells the line and column at which a text stops being JSON", () => {
  const cases: [string, string][] = [
    ["", "found the end where a value was expected at line 1, column 1"],
    ["[1,\n 2 3]", 'found "3" where "," or "]" was expected at line 2, column 4'],
    ['{"a": 1,}', 'found "}" where a key in double quotes was expected at line 1, column 9'],
    ['{"a" 1}', 'found "1" where ":" was expected at line 1, column 6'],
    ["{'a': 1}", `found "'" where a key in double quotes was expected at line 1, column 2`],
    ['["a\nb"]', 'found "\\n" where the rest of a string was expected at line 1, column 4'],
    ['["\\x"]', 'found "\\\\" where the rest of a string was expected at line 1, column 3'],
    ['{"a": [1, 2', 'found the end where "," or "]" was expected at line 1, column 12'],
    ["[01]", 'found "1" where "," or "]" was expected at line 1, column 3'],
    ["[1] x", 'found "x" where the end was expected at line 1, column 5'],
    ["\ufeff[1}", 'found "}" where "," or "]" was expected at line 1, column 3'],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parseJson(text, "it"), {
      name: "SyntaxError",
      message: `Cannot read it: ${message}`,
    });
  }
});

Deno.test("parseJson: reads Python's bare NaN and Infinity as null and keeps them within strings", () => {
  const text = '{"NaN": [NaN, -Infinity, Infinity, 1e3], "b": "NaN \\" Infinity"}';
  assert.deepEqual(parseJson(text, "it"), { NaN: [null, null, null, 1000], b: 'NaN " Infinity' });
  assert.throws(() => parseJson("[NaN, 1", "it"), /found the end .* column 8/);
  assert.throws(() => parseJson("[NaNs]", "it"), /found "s" .* column 5/);
});

Deno.test("scanJson: finds a fault exactly when JSON.parse does", () => {
  const random = new Random(4);
  const whole = '{"a": [1, -2.5e-3, "x\\u00e9\\n\\"", true, false, null, [], {}], "b": {"c": [[0]]}}';
  let faults = 0;
  for (let i = 0; i < 20_000; i++) {
    let text = whole;
    for (let n = random.integer(3); n >= 0; n--) {
      const at = random.integer(text.length + 1);
      const put = random.integer(2) === 0 ? "" : random.pick([...'{}[]",:\\.-+eE01ntfu \n\u0001é']);
      text = text.slice(0, at) + put + text.slice(at + random.integer(3));
    }
    let valid = true;
    try {
      JSON.parse(text);
    } catch {
      valid = false;
    }
    const { fault } = scanJson(text);
    assert.equal(fault === null, valid, text);
    if (fault !== null) {
      faults++;
      assert.ok(fault.offset <= text.length);
    }
  }
  assert.ok(faults > 5000 && faults < 19_000, `${faults} faults`);
});

Deno.test("scanJson: handles any nesting depth", () => {
  assert.equal(scanJson("[".repeat(1e6)).fault?.offset, 1e6);
  assert.equal(scanJson("[".repeat(1e6) + "]".repeat(1e6)).fault, null);
  assert.equal(scanJson(`["${"x".repeat(2e7)}`).fault?.offset, 2e7 + 2);
});
