import assert from "node:assert/strict";
import { cardSplit, MOST_LISTED, packCard, parseCard, parseFileLine } from "../../src/card/card_format.ts";
import { cardMarkdown } from "../../src/card/card_text.ts";
import { findLicences } from "../../src/dataset/licences.ts";
import { convertedCard, makeCard, renewCard } from "../../src/card/make_card.ts";
import { smallModel } from "../support/small_model.ts";

const HASH = "a".repeat(64);
const SUBJECT = { file: "best.safetensors", sha256: HASH, byteLength: 1000, ...smallModel() };

function files(count: number) {
  return Array.from({ length: count }, (_, index) => ({
    image: HASH,
    mask: index % 2 ? HASH : "corrected",
    split: "train",
    fileName: `a b/${index}\u0007.png`,
  }));
}

Deno.test("parseCard: reads what packCard wrote, 10,000 images at once", () => {
  const list = files(10_000);
  const card = makeCard(SUBJECT, { data: { train: cardSplit(HASH, list) } });
  const text = packCard(card);
  assert.ok(text.length < 2_500_000, `${text.length}`);
  const read = parseCard(text);
  assert.deepEqual(read, card);
  assert.deepEqual(read.data.train!.files.map(parseFileLine), list);
});

Deno.test("cardSplit: beyond the limit only the fingerprint identifies images", () => {
  const split = cardSplit(HASH, files(MOST_LISTED + 1));
  assert.deepEqual([split.images, split.fingerprint, split.files], [MOST_LISTED + 1, HASH, []]);
});

Deno.test("parseCard: names what is wrong with a file", () => {
  const card = makeCard(SUBJECT, { data: { train: cardSplit(HASH, files(1)) } });
  const wrong: [change: Record<string, unknown>, message: RegExp][] = [
    [{ format: "deno-unet card 2" }, /format is not/],
    [{ model: { ...card.model, sha256: "x" } }, /no model with a SHA-256/],
    [{ model: { ...card.model, description: 1 } }, /does not describe its model/],
    [{ limitations: [1] }, /limitations is not a list of texts/],
    [{ training: {} }, /how its model was trained/],
    [{ data: { train: { ...card.data.train, files: ["../x"] } } }, /no list of splits/],
    [{ evaluations: { test: { model: HASH, groups: 1 } } }, /no groups of metrics/],
    [{ licences: { software: "MIT", data: [{}] } }, /no licences/],
  ];
  for (const [change, message] of wrong) {
    assert.throws(() => parseCard(JSON.stringify({ ...card, ...change })), message);
  }
  assert.throws(() => parseCard("{"), SyntaxError);
  assert.throws(() => parseCard("[".repeat(100_000)), RangeError);
});

Deno.test("cardMarkdown: texts of files can neither end a line or table nor name an address", () => {
  const evil = "x\n# head | <b> [y](http://z) \u001b[31m";
  const card = makeCard(SUBJECT, { command: evil, licences: [{ name: evil, url: evil }] });
  const text = cardMarkdown({ ...card, limitations: [evil] });
  assert.doesNotMatch(text, /^# head|[^\\]<b>|[^\\]\[y\]/m);
  assert.ok(!text.includes("\u001b"));
  assert.match(text, /not evaluated yet/i);
});

Deno.test("renewCard: drops evaluations of another file; convertedCard: names what it was converted from", () => {
  const evaluation = {
    model: HASH,
    images: 1,
    threshold: 0.5,
    level: 0.95,
    pooledDice: 1,
    groups: [],
    failures: [],
  };
  const card = { ...makeCard(SUBJECT), evaluations: { test: evaluation } };
  assert.deepEqual(Object.keys(renewCard(card, SUBJECT).evaluations), ["test"]);
  const other = { ...SUBJECT, sha256: "b".repeat(64) };
  assert.deepEqual(renewCard(card, other).evaluations, {});
  const converted = convertedCard(card, other);
  assert.deepEqual([converted.model.convertedFrom, converted.evaluations], [HASH, {}]);
});

Deno.test("findLicences: those of COCO's list, nothing of anything else", () => {
  const text =
    `{"info": {}, "licenses": [{"id": 1, "url": "https://x/by/4.0/", "name": "CC BY 4.0"}], "images": [`;
  assert.deepEqual(findLicences(text), [{ name: "CC BY 4.0", url: "https://x/by/4.0/" }]);
  for (const other of [`{"licenses": []}`, `{"licenses": [1]}`, `{"licenses": [{"name": }]}`, "x"]) {
    assert.deepEqual(findLicences(other), []);
  }
});
