/** The registry of image formats: endings, detection, names in messages and ImageMagick's policy agree. */
import assert from "node:assert/strict";
import { detectFormat, FORMAT_LIST, FORMATS, IMAGE_ENDINGS, isImageName } from "../../src/image/formats.ts";
import { gzipSync } from "node:zlib";
import images from "../fixtures/images/images.json" with { type: "json" };

const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

const gzip = (text: string) => String.fromCharCode(...gzipSync(latin1(text)));

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
    ["GIF90a", "match no supported format"],
    ["hello", "match no supported format"],
    ["\0".repeat(128) + "DICM", "it is a DICOM file"],
    ["II*\0" + "\0".repeat(124) + "DICM", "it is a DICOM file"],
    ["MM\0*\0\0\0\x08" + "\0".repeat(120) + "DICM", "it is a DICOM file"],
    ["\x08\0\x05\0CS\x0a\0ISO_IR 100", "it is a DICOM file"],
    ["\x5c\x01\0\0" + "\0".repeat(344), "it is a NIfTI or Analyze file"],
    ["\0\0\x02\x1cn+2\0", "it is a NIfTI or Analyze file"],
    [gzip("\x5c\x01\0\0" + "\0".repeat(344)), "it is a NIfTI or Analyze file, compressed with gzip"],
    [gzip("hello"), "it is a gzip-compressed file"],
    ["\x1f\x8b\x08\0garbage", "it is a gzip-compressed file, as NIfTI volumes (.nii.gz) often are"],
    ["\0\0\0\x18ftypheic\0\0\0\0mif1heic", "it is a HEIC image"],
    ["\0\0\0\x18ftypmif1\0\0\0\0", "it is a HEIC image"],
    ["\0\0\0\x20ftypmif1\0\0\0\0mif1avifmiaf", "it is an AVIF image"],
    ["\0\0\0\x18ftypavif\0\0\0\0", "it is an AVIF image"],
    ["version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", "it is a Git LFS pointer"],
    ["<!DOCTYPE html>\n<title>Sign in</title>", "it is an HTML page"],
    ["\xef\xbb\xbf\r\n <html lang=en>", "it is an HTML page"],
    ['<?xml version="1.0"?><svg width="1">', "it is an SVG drawing"],
    ['<?xml version="1.0"?><note/>', "it is an XML text"],
    ['{"error": "not found"}', "it is a JSON text"],
    ["PK\x03\x04", "it is a ZIP archive"],
    ["\x93NUMPY", "it is a NumPy array"],
    ["\0".repeat(600), "it is a file of zeros"],
    ["RIFF\x24\0\0\0WAVEfmt ", "match no supported format"],
  ] as const;
  for (const [text, reason] of expected) {
    assert.throws(() => detectFormat(latin1(text)), (error: Error) => {
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
  for (const name of ["a.jpg", "a.JPEG", "x/y.z.Png", "a.tif", "a.tiff", "a.bmp", "a.webp", "a.gif"]) {
    assert.ok(isImageName(name), name);
  }
  for (const name of ["jpg", "a.jpg.txt", "a.git", "a.jp", "ajpg", ""]) assert.ok(!isImageName(name), name);
});
