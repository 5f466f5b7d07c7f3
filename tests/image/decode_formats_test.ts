/** Every kind of image file, compared with Pillow (fixtures/images/make_images.py). */
import assert from "node:assert/strict";
import { decodeImage } from "../../src/image/decode.ts";
import { decodeRasterWith } from "../../src/image/decode_own.ts";
import { assertClose } from "../support/compare.ts";
import fixtures from "../fixtures/images/images.json" with { type: "json" };

for (const { name, width, height, tolerance, file, rgb } of fixtures) {
  Deno.test(`decodeImage: ${name}`, async () => {
    const image = await decodeImage(Uint8Array.fromBase64(file));
    assert.deepEqual([image.width, image.height], [width, height]);
    assertClose(image.data, Uint8Array.fromBase64(rgb), { absolute: tolerance, label: name });
  });
}

Deno.test("decodeRasterWith: reads plain TIFFs of 8 bits by itself and leaves out all others", async () => {
  const readers = async (pattern: RegExp) => {
    const found = fixtures.filter(({ name }) => pattern.test(name));
    assert.ok(found.length > 0, `${pattern}`);
    return await Promise.all(found.map(async ({ file, name }) => {
      const other = () => Promise.reject(new Error("left out"));
      return await decodeRasterWith(Uint8Array.fromBase64(file), other).then(
        () => [name, "own"],
        () => [name, "other"],
      );
    }));
  };
  const kinds: [RegExp, string][] = [
    [/^TIFF (RGB|gray)( deflate| LZW| PackBits|, white is zero)?$/, "own"],
    [/^TIFF (RGBA|CMYK|palette|RGB JPEG)$/, "other"],
  ];
  for (const [pattern, reader] of kinds) {
    for (const [name, actual] of await readers(pattern)) assert.equal(actual, reader, name);
  }
});
