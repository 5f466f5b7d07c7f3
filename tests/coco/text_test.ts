/** Annotation files in other encodings, and files that are no annotations at all, are named as what they are. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { readCocoFile } from "../../src/coco/coco_file.ts";
import { decodeJson } from "../../src/coco/text.ts";
import { inTempFolder } from "../support/temp_folder.ts";

const TEXT = '{"images": [], "annotations": []}';

const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

function wide(text: string, unit: 2 | 4, little: boolean): Uint8Array {
  const view = new DataView(new ArrayBuffer(unit * text.length));
  for (let i = 0; i < text.length; i++) {
    if (unit === 2) view.setUint16(2 * i, text.charCodeAt(i), little);
    else view.setUint32(4 * i, text.charCodeAt(i), little);
  }
  return new Uint8Array(view.buffer);
}

Deno.test("decodeJson: decodes UTF-8, with and without a byte order mark", () => {
  for (const text of ["", TEXT, '{"Schädel": "\u{1f9e0}"}', '{"a": "\ufffd"}']) {
    assert.equal(decodeJson(new TextEncoder().encode(text), "it"), text);
    assert.equal(decodeJson(new TextEncoder().encode(`\ufeff${text}`), "it"), text);
  }
});

Deno.test("decodeJson: names UTF-16 and UTF-32, in either byte order, with and without a mark", () => {
  for (const unit of [2, 4] as const) {
    for (const little of [true, false]) {
      for (const mark of ["\ufeff", ""]) {
        assert.throws(() => decodeJson(wide(mark + TEXT, unit, little), '"x.json"'), (error: Error) => {
          assert.ok(error instanceof SyntaxError);
          assert.match(error.message, new RegExp(`^Cannot read "x.json": it is UTF-${8 * unit}`));
          assert.match(error.message, new RegExp(`, not UTF-8\nhint: .*iconv -f UTF-${8 * unit}`));
          return true;
        });
      }
    }
  }
});

Deno.test("decodeJson: says not UTF-8, and where", () => {
  const cases: [string, string][] = [
    ['{\n"file_name": "Sch\xe4del"', 'byte 0xe4 in line 2, after "file_name\\": \\"Sch"'],
    ["\xe4", "byte 0xe4 in line 1"],
    ['{"a\xc3', 'byte 0xc3 in line 1, after "{\\"a"'],
    ['[\n\n"\xc4\xd4\xd6\xd7"]', "byte 0xc4 in line 3"],
    ['"\xed\xa0\x80"', "byte 0xed in line 1"],
    ['"\xc0\xaf"', "byte 0xc0 in line 1"],
    [`${" ".repeat(100_000)}\xff`, "byte 0xff in line 1"],
  ];
  for (const [text, place] of cases) {
    assert.throws(() => decodeJson(latin1(text), "it"), (error: Error) => {
      assert.match(error.message, /^Cannot read it: it is not UTF-8: invalid .*\nhint: save it as UTF-8/s);
      assert.ok(error.message.includes(place), error.message);
      return true;
    });
  }
});

Deno.test("readCocoFile: names files that are no annotations", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "a.json");
    const files: [Uint8Array, RegExp][] = [
      [latin1("version https://git-lfs.github.com/spec/v1\n"), /Git LFS pointer.*\nhint: `git lfs pull`/],
      [latin1("<!DOCTYPE html>"), /it is an HTML page, not a COCO file\nhint: .*download it again/],
      [gzipSync(TEXT), /compressed/],
      [new Uint8Array(40), /a file of zeros/],
      [wide(`\ufeff${TEXT}`, 2, true), /it is UTF-16, not UTF-8/],
    ];
    for (const [bytes, message] of files) {
      await Deno.writeFile(path, bytes);
      await assert.rejects(readCocoFile(path), message);
    }
    await Deno.writeFile(path, latin1(TEXT));
    assert.deepEqual((await readCocoFile(path)).images, []);
  }));
