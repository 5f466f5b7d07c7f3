/** What the reading of images for import shares with that of all others. */
import assert from "node:assert/strict";
import { closeDecoders, decodeImage } from "../../src/image/decode.ts";
import { decodeRgb } from "../../src/import/read_image.ts";
import fixtures from "../fixtures/images/images.json" with { type: "json" };
import labels from "../fixtures/images/labels.json" with { type: "json" };

Deno.test("decodeRgb: gives the pixels of decodeImage for files of every kind", async () => {
  const files = [...fixtures, ...labels as { name: string; file: string }[]];
  for (const { name, file } of files) {
    const bytes = Uint8Array.fromBase64(file);
    const expected = await decodeImage(bytes).catch((error) => String(error.name));
    assert.deepEqual(await decodeRgb(bytes).catch((error) => String(error.name)), expected, name);
  }
  await closeDecoders();
});
