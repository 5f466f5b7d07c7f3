import assert from "node:assert/strict";
import { decodeImage, encodeJpeg, encodeRgbPng } from "../../mod.ts";
import { joinBytes } from "../../src/bytes.ts";
import { readImageSize } from "../../src/image/header.ts";
import { pngChunk } from "../support/image_files.ts";
import { spots } from "../support/coco.ts";

const IMAGE = { ...spots(1, 40), height: 24, data: spots(1, 40).data.slice(0, 40 * 24 * 3) };

/** A TIFF block with only an orientation, in either byte order. */
function orientationBlock(orientation: number, little: boolean): Uint8Array {
  const view = new DataView(new ArrayBuffer(26));
  view.setUint16(0, little ? 0x4949 : 0x4d4d);
  view.setUint16(2, 42, little);
  view.setUint32(4, 8, little);
  view.setUint16(8, 1, little);
  view.setUint16(10, 274, little);
  view.setUint16(12, 3, little);
  view.setUint32(14, 1, little);
  view.setUint16(18, orientation, little);
  return new Uint8Array(view.buffer);
}

function jpegWithBlock(jpeg: Uint8Array, block: Uint8Array): Uint8Array {
  const content = joinBytes([new TextEncoder().encode("Exif\0\0"), block]);
  const length = content.length + 2;
  const head = Uint8Array.of(0xff, 0xe1, length >> 8, length & 0xff);
  return joinBytes([jpeg.subarray(0, 2), head, content, jpeg.subarray(2)]);
}

Deno.test("readImageSize: equals the size of the decoded image for every orientation", async () => {
  const jpeg = await encodeJpeg(IMAGE, 90);
  const png = await encodeRgbPng(IMAGE);
  // A PNG's header chunk ends after 33 bytes.
  const files = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((orientation) => {
    const block = orientationBlock(orientation, orientation % 2 === 0);
    return [
      jpegWithBlock(jpeg, block),
      joinBytes([png.subarray(0, 33), pngChunk("eXIf", block), png.subarray(33)]),
    ];
  });
  for (const [i, file] of [jpeg, png, ...files].entries()) {
    const { width, height } = await decodeImage(file);
    assert.deepEqual(readImageSize(file), { width, height }, `file ${i}`);
  }
  assert.deepEqual(readImageSize(files[10]!), { width: 24, height: 40 });
});

Deno.test("readImageSize: takes a damaged orientation as upright and rejects files that are not images", async () => {
  const jpeg = await encodeJpeg(IMAGE, 90);
  const block = orientationBlock(6, true);
  for (let end = 0; end < 19; end++) {
    assert.deepEqual(
      readImageSize(jpegWithBlock(jpeg, block.slice(0, end))),
      { width: 40, height: 24 },
      `${end}`,
    );
  }
  for (const orientation of [0, 9, 65535]) {
    const file = jpegWithBlock(jpeg, orientationBlock(orientation, true));
    assert.deepEqual(readImageSize(file), { width: 40, height: 24 });
  }
  assert.throws(() => readImageSize(new TextEncoder().encode("GIF89a")), SyntaxError);
  assert.throws(() => readImageSize(jpeg.slice(0, 60)), SyntaxError);
});
