import assert from "node:assert/strict";
import { decodeImage } from "../../src/image/decode.ts";
import { encodeGrayPng, encodeIndexedPng } from "../../src/image/encode.ts";
import { addPngTexts, readPngTexts } from "../../src/image/png_text.ts";

const IMAGE = { width: 3, height: 2, data: Uint8Array.of(0, 1, 2, 2, 1, 0) };

Deno.test("addPngTexts: the image stays, and the text is read back", async () => {
  const palette = [[0, 0, 0], [255, 0, 0], [0, 255, 0]] as const;
  for (const plain of [await encodeGrayPng(IMAGE), await encodeIndexedPng(IMAGE, palette)]) {
    const png = addPngTexts(plain, { "Model SHA-256": "ab12", Author: "x" });
    assert.deepEqual(readPngTexts(png), { "Model SHA-256": "ab12", Author: "x" });
    assert.deepEqual((await decodeImage(png)).data, (await decodeImage(plain)).data);
    assert.deepEqual(addPngTexts(plain, {}), plain);
  }
});

Deno.test("addPngTexts: refuses what PNG's text cannot hold", async () => {
  const plain = await encodeGrayPng(IMAGE);
  for (
    const texts of [{ "": "x" }, { " a": "x" }, { "ä": "x" }, { a: "é" }, { a: "\n" }, {
      ["x".repeat(80)]: "",
    }]
  ) {
    assert.throws(() => addPngTexts(plain, texts), RangeError);
  }
});

Deno.test("readPngTexts: nothing of other files, and what was complete of a truncated one", async () => {
  const png = addPngTexts(await encodeGrayPng(IMAGE), { a: "1", b: "2" });
  assert.deepEqual(readPngTexts(Uint8Array.of(1, 2, 3)), {});
  assert.deepEqual(readPngTexts(png.subarray(0, 33 + 15)), { a: "1" });
});
