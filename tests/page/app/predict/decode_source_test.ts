/** What users drop, as far as no browser is needed: the samples of `predict`. */
import assert from "node:assert/strict";
import { decodeSamples } from "../../../../src/image/decode.ts";
import { decodeSource } from "../../../../src/page/app/predict/decode_source.ts";
import { storedPixels } from "../../../../src/page/app/predict/stored_pixels.ts";
import { assertClose } from "../../../support/compare.ts";
import fixtures from "../../../fixtures/images/images.json" with { type: "json" };

/** Decoded by the browser, which does not run here. */
const OTHERS = /progressive|CMYK|^WebP|^BMP|TIFF RGB JPEG|fax/;

for (const { name, file } of fixtures) {
  if (OTHERS.test(name)) continue;
  Deno.test(`decodeSource: ${name}, as deno task predict decodes it`, async () => {
    const bytes = Uint8Array.fromBase64(file);
    const { raster, notes, decodedBy } = await decodeSource(new Blob([bytes]));
    const expected = await decodeSamples(bytes);
    if (name !== "TIFF palette") assert.deepEqual(raster, expected.raster);
    else {
      assertClose(raster.data, expected.raster.data, { absolute: 1, label: name });
      assert.match(decodedBy.message, /by 1 of 255/);
    }
    assert.deepEqual(notes, expected.notes);
    assert.equal(decodedBy.decoder, "own");
  });
}

Deno.test("decodeSource: pixels are taken as they are, if they fit their size", async () => {
  const image = { width: 2, height: 1, data: new Uint8Array(6) };
  assert.equal((await decodeSource(image)).raster, image);
  await assert.rejects(decodeSource({ ...image, height: 2 }), TypeError);
  await assert.rejects(decodeSource({ ...image, width: 9000 }), RangeError);
});

Deno.test("storedPixels: refuses a color that the palette does not have", () => {
  const image = {
    kind: "index",
    width: 2,
    height: 1,
    bits: 8,
    notes: [],
    palette: new Uint8Array(3),
  } as const;
  assert.throws(() => storedPixels({ ...image, data: Uint8Array.of(0, 1) }), SyntaxError);
});
