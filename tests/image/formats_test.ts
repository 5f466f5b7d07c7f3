/** The registry of image formats: endings, detection, names in messages and ImageMagick's policy agree. */
import assert from "node:assert/strict";
import { detectFormat, FORMAT_LIST, FORMATS, IMAGE_ENDINGS, isImageName } from "../../src/image/formats.ts";
import images from "../fixtures/images/images.json" with { type: "json" };

Deno.test("detectFormat: recognizes every fixture by its first bytes, and only as one format", () => {
  const seen = new Set<string>();
  for (const { name, file } of images) {
    const bytes = Uint8Array.fromBase64(file);
    const format = detectFormat(bytes);
    assert.ok(name.startsWith(`${format.name} `), `${name} is detected as ${format.name}`);
    assert.equal(FORMATS.filter((other) => other.matches(bytes)).length, 1, name);
    seen.add(format.name);
  }
  assert.equal(seen.size, FORMATS.length, "every format has a fixture");
});

Deno.test("detectFormat: says what a foreign file is, and names every supported format", () => {
  const expected = [
    ["", "the file is empty"],
    ["GIF89a", "it is a GIF"],
    ["hello", "match no supported format"],
    ["RIFF\x24\0\0\0WAVEfmt ", "match no supported format"],
  ] as const;
  for (const [text, reason] of expected) {
    assert.throws(() => detectFormat(new TextEncoder().encode(text)), (error: Error) => {
      assert.ok(error instanceof SyntaxError && error.message.includes(reason), error.message);
      for (const { name } of FORMATS) assert.ok(error.message.includes(name), name);
      return true;
    });
  }
});

Deno.test("FORMATS: endings belong to one format each, and every format has a decoder", () => {
  assert.equal(new Set(IMAGE_ENDINGS).size, IMAGE_ENDINGS.length);
  assert.match(FORMAT_LIST, /^JPEG, PNG, TIFF, .*\w and \w+$/);
  for (const { name, endings, coders, decode } of FORMATS) {
    assert.ok(endings.length > 0 && endings.every((ending) => /^[a-z0-9.]+$/.test(ending)), name);
    assert.ok(coders.length > 0 || decode !== undefined, name);
  }
});

Deno.test("isImageName: follows the endings, in any case", () => {
  for (const name of ["a.jpg", "a.JPEG", "x/y.z.Png", "a.tif", "a.tiff", "a.bmp", "a.webp"]) {
    assert.ok(isImageName(name), name);
  }
  for (const name of ["jpg", "a.jpg.txt", "a.gif", "a.jp", "ajpg", ""]) assert.ok(!isImageName(name), name);
});
