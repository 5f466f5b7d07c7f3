/** Every kind of image file, compared with Pillow (fixtures/images/make_images.py). */
import assert from "node:assert/strict";
import { decodeImage } from "../../src/image/decode.ts";
import { assertClose } from "../support/compare.ts";
import fixtures from "../fixtures/images/images.json" with { type: "json" };

for (const { name, width, height, tolerance, file, rgb } of fixtures) {
  Deno.test(`decodeImage: ${name}`, async () => {
    const image = await decodeImage(Uint8Array.fromBase64(file));
    assert.deepEqual([image.width, image.height], [width, height]);
    assertClose(image.data, Uint8Array.fromBase64(rgb), { absolute: tolerance, label: name });
  });
}
