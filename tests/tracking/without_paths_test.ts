import assert from "node:assert/strict";
import { withoutPaths } from "../../src/tracking/without_paths.ts";

Deno.test("withoutPaths: replaces paths of every kind", () => {
  const cases: [string, string][] = [
    ['Cannot read "/home/ann lee/data x/p.jpg": gone', 'Cannot read "<path>": gone'],
    ['Cannot read "dataset/train/Ann Lee.jpg"', 'Cannot read "<path>"'],
    ["dataset/train/AnnLee.jpg is damaged", "<path> is damaged"],
    ["at file:///srv/a/b.ts:12:3", "at <path>:12:3"],
    ["C:\\Users\\Ann\\x.png and \\\\server\\share\\y", "<path> and <path>"],
    ["~/x failed, (/tmp/x) too, k=/tmp/y, ../up", "<path> failed, (<path>) too, k=<path>, <path>"],
    ["`/a b/c`", "`<path>`"],
  ];
  for (const [text, expected] of cases) assert.equal(withoutPaths(text), expected);
});

Deno.test("withoutPaths: keeps metric names, fractions, plain words and web addresses", () => {
  for (
    const text of [
      "train/loss and/or 24/7, a / b",
      "1.5/2.5",
      "https://example.com/a/b.zip",
      "imagenet",
      "v1.2",
      "/",
    ]
  ) {
    assert.equal(withoutPaths(text), text);
  }
});
