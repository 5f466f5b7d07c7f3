/** Thousands of damaged image files: each yields an error or an image in time, and no Worker crashes. */
import assert from "node:assert/strict";
import { closeDecoders, decodeImage } from "../../src/image/decode.ts";
import { joinBytes } from "../../src/bytes.ts";
import { pngChunk } from "../support/image_files.ts";
import { mutate } from "../support/mutate.ts";
import { Random } from "../support/random.ts";
import fixtures from "../fixtures/images/images.json" with { type: "json" };

/** Damaged files per format. */
const FILES = { JPEG: 2000, PNG: 1500, TIFF: 1000, BMP: 400, WebP: 600, GIF: 300 };

/** Damages a PNG within its chunks, with correct lengths and checksums, so that it passes these checks. */
function mutatePng(bytes: Uint8Array, random: Random): Uint8Array {
  const view = new DataView(bytes.buffer);
  const parts = [bytes.subarray(0, 8)];
  for (let at = 8; at < bytes.length; at += 12 + view.getUint32(at)) {
    const type = new TextDecoder("latin1").decode(bytes.subarray(at + 4, at + 8));
    const content = bytes.subarray(at + 8, at + 8 + view.getUint32(at));
    const damaged = content.length > 0 && random.integer(3) === 0 ? mutate(content, random) : content;
    parts.push(pngChunk(type, damaged));
  }
  return joinBytes(parts);
}

for (const [format, count] of Object.entries(FILES)) {
  Deno.test(`decodeImage: ${count} damaged ${format} files`, async () => {
    const originals = fixtures.filter(({ name }) => name.startsWith(format))
      .map(({ file }) => Uint8Array.fromBase64(file));
    const random = new Random(2024);
    let images = 0;
    let refusals = 0;
    for (let done = 0; done < count; done += 50) {
      const files = Array.from({ length: 50 }, () => {
        const original = originals[random.integer(originals.length)] as Uint8Array;
        return format === "PNG" && random.integer(4) > 0
          ? mutatePng(original, random)
          : mutate(original, random);
      });
      const answers = await Promise.allSettled(files.map(decodeImage));
      answers.forEach((answer, i) => {
        if (answer.status === "fulfilled") {
          const { width, height, data } = answer.value;
          assert.equal(data.length, width * height * 3);
          images++;
        } else {
          const { name, message } = answer.reason as Error;
          assert.ok(
            name === "SyntaxError" || name === "RangeError",
            `${name}: ${message} for ${files[i]?.toBase64()}`,
          );
          refusals++;
        }
      });
    }
    assert.ok(refusals > count / 4 && images > 0, `${refusals} refusals, ${images} images`);
  });
}

Deno.test("decodeImage: still works afterwards", async () => {
  const [{ file, width } = { file: "", width: 0 }] = fixtures;
  assert.equal((await decodeImage(Uint8Array.fromBase64(file))).width, width);
  await closeDecoders();
});
