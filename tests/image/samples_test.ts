/** Samples of more than 8 bits keep their values; fixtures by tifffile and hand-written PNGs. */
import assert from "node:assert/strict";
import { decodeLabelRaster, decodeRaster } from "../../src/image/decode_raster.ts";
import type { SampleData } from "../../src/image/image.ts";
import fixtures from "../fixtures/images/samples.json" with { type: "json" };

const TYPES = { uint8: Uint8Array, uint16: Uint16Array, float32: Float32Array };

const SOURCES = new Map(
  Object.entries(fixtures.sources).map(([name, { type, shape, data }]) => {
    const values = new TYPES[type as keyof typeof TYPES](Uint8Array.fromBase64(data).buffer) as SampleData;
    return [name, { values, channels: shape[2] ?? 1, height: shape[0]!, width: shape[1]! }];
  }),
);

/** The first `count` channels of a source. */
function channelsOf(stored: string, count: number): SampleData {
  const { values, channels } = SOURCES.get(stored)!;
  return values.filter((_, i) => i % channels < count) as SampleData;
}

for (const { name, stored, file } of fixtures.entries) {
  const bytes = Uint8Array.fromBase64(file);
  const { values, channels, width, height } = SOURCES.get(stored)!;

  Deno.test(`decodeLabelRaster: ${name}`, async () => {
    const label = await decodeLabelRaster(bytes);
    const kind = name.includes("palette") ? "index" : ({ 1: "grey", 3: "rgb", 4: "rgba" })[channels];
    assert.deepEqual([label.kind, label.width, label.height], [kind, width, height]);
    assert.deepEqual(label.data, values);
    assert.equal(label.whiteIsZero, name.includes("white is zero") ? true : undefined);
  });

  if (values instanceof Uint8Array) continue;
  Deno.test(`decodeRaster: ${name}`, async () => {
    const { raster, notes } = await decodeRaster(bytes);
    const white = name.includes("white is zero") ? 65535 : null;
    const expected = channelsOf(stored, Math.min(3, channels)).map((value) =>
      white === null ? value : white - value
    );
    assert.deepEqual([raster.channels, raster.width, raster.height], [Math.min(3, channels), width, height]);
    assert.deepEqual(raster.data, expected);
    assert.deepEqual(notes.filter(({ kind }) => kind !== "levels"), []);
  });
}

Deno.test("decodeRaster: refuses every fixture of more than 8 bits that is truncated", async () => {
  for (const { name, file } of fixtures.entries) {
    const whole = Uint8Array.fromBase64(file);
    for (let length = whole.length - 1; length > 8; length = Math.floor(length * 0.85)) {
      const cut = whole.slice(0, length);
      await assert.rejects(decodeLabelRaster(cut), SyntaxError, `${name}, ${length} of ${whole.length}`);
      if (/ 8 bits|1 bit/.test(name)) continue;
      await assert.rejects(decodeRaster(cut), SyntaxError, `${name}, ${length} of ${whole.length}`);
    }
  }
});

Deno.test("decodeRaster: bounds what strips and tiles of a TIFF claim before anything is allocated", async () => {
  const tiled = Uint8Array.fromBase64(
    fixtures.entries.find(({ name }) => name === "TIFF RGB 16 bits, packbits, tiles")!.file,
  );
  const claim = (bytes: Uint8Array, tag: number, value: number) => {
    const view = new DataView(bytes.slice().buffer);
    let at = view.getUint32(4, true) + 2;
    while (view.getUint16(at, true) !== tag) at += 12;
    view.setUint16(at + 2, 4, true);
    view.setUint32(at + 8, value, true);
    return new Uint8Array(view.buffer);
  };
  const wide = claim(claim(tiled, 322, 8192), 323, 3900);
  await assert.rejects(
    decodeRaster(wide),
    /^RangeError: Cannot decode the TIFF image of \d{9} bytes of samples/,
  );
  await assert.rejects(decodeRaster(claim(tiled, 322, 1)), /it has 4 of \d+ strips or tiles/);
  await assert.rejects(decodeRaster(claim(tiled, 324, 2 ** 31)), SyntaxError);
});
