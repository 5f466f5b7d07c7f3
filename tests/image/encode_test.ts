import assert from "node:assert/strict";
import { decodeImage, decodeLabelImage } from "../../src/image/decode.ts";
import { encodeGrayPng, encodeIndexedPng, encodeJpeg, encodeRgbPng } from "../../src/image/encode.ts";
import { assertClose } from "../support/compare.ts";

/** Smooth colors as in a photograph: JPEG encodes noise poorly. */
function smoothImage(width: number, height: number) {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const x = (i % width) / width;
    const y = Math.floor(i / width) / height;
    data.set([255 * x, 255 * y, 255 * (1 - x) * y], 3 * i);
  }
  return { width, height, data };
}

for (const [width, height] of [[1, 1], [7, 3], [64, 65]] as const) {
  Deno.test(`encodeRgbPng: ${width}x${height} survives a round trip`, async () => {
    const image = smoothImage(width, height);
    assert.deepEqual(await decodeImage(await encodeRgbPng(image)), image);
  });

  Deno.test(`encodeGrayPng: ${width}x${height} survives a round trip, its gray repeated`, async () => {
    const data = Uint8Array.from({ length: width * height }, (_, i) => (i * 97) % 256);
    const decoded = await decodeImage(await encodeGrayPng({ width, height, data }));
    assert.deepEqual([decoded.width, decoded.height], [width, height]);
    assert.deepEqual(
      decoded.data,
      Uint8Array.from(decoded.data, (_, i) => data[Math.floor(i / 3)] as number),
    );
  });
}

Deno.test("encodeIndexedPng: indices and palette survive; an index beyond the palette is refused", async () => {
  const image = { width: 3, height: 2, data: Uint8Array.of(0, 1, 2, 2, 1, 0) };
  const png = await encodeIndexedPng(image, [[0, 0, 0], [230, 159, 0], [86, 180, 233]]);
  const labels = await decodeLabelImage(png);
  assert.deepEqual([labels.kind, labels.data], ["index", image.data]);
  assert.deepEqual([...labels.palette!], [0, 0, 0, 230, 159, 0, 86, 180, 233]);
  assert.deepEqual([...(await decodeImage(png)).data.subarray(3, 6)], [230, 159, 0]);
  await assert.rejects(encodeIndexedPng(image, [[0, 0, 0], [1, 1, 1]]), /index 2: .* 2 colors/);
  await assert.rejects(encodeIndexedPng(image, []), RangeError);
});

Deno.test("encodeJpeg: is close to the image at high quality and smaller at low quality", async () => {
  const image = smoothImage(48, 40);
  const fine = await encodeJpeg(image, 98);
  const coarse = await encodeJpeg(image, 20);
  assert.ok(coarse.length < fine.length);
  const decoded = await decodeImage(fine);
  assertClose(decoded.data, image.data, { absolute: 12, label: "decoded" });
});

Deno.test("encodeJpeg, encodeRgbPng: the same image gives the same bytes", async () => {
  const image = smoothImage(20, 20);
  assert.deepEqual(await encodeJpeg(image, 90), await encodeJpeg(image, 90));
  assert.deepEqual(await encodeRgbPng(image), await encodeRgbPng(image));
});

Deno.test("encodeRgbPng, encodeGrayPng, encodeJpeg: reject data that does not fit the size and invalid qualities", async () => {
  const image = { width: 2, height: 2, data: new Uint8Array(11) };
  await assert.rejects(encodeRgbPng(image), TypeError);
  await assert.rejects(encodeGrayPng(image), TypeError);
  await assert.rejects(encodeJpeg(image, 90), TypeError);
  await assert.rejects(encodeRgbPng({ width: 0, height: 2, data: new Uint8Array(0) }), RangeError);
  for (const quality of [0, 101, NaN]) {
    await assert.rejects(encodeJpeg(smoothImage(2, 2), quality), RangeError);
  }
});
