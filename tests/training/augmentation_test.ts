import assert from "node:assert/strict";
import { formatAugmentation, LIGHT, parseAugmentation } from "../../src/training/augmentation.ts";

Deno.test("parseAugmentation: none, light, a list, and light with overrides", () => {
  assert.equal(parseAugmentation("none"), null);
  assert.deepEqual(parseAugmentation("light"), LIGHT);
  assert.deepEqual(parseAugmentation("light, noise=0.2,rotation=0"), { ...LIGHT, noise: 0.2, rotation: 0 });
  assert.deepEqual(parseAugmentation("vertical,shift=0.25"), {
    flipHorizontal: false,
    flipVertical: true,
    rotation: 0,
    scale: 0,
    shift: 0.25,
    contrast: 0,
    brightness: 0,
    noise: 0,
  });
});

Deno.test("parseAugmentation: rejects what is unknown or out of range, by name", () => {
  for (const text of ["", "heavy", "none,rotation=3", "rotation", "rotation=1=2", "toString=1", "light=1"]) {
    assert.throws(() => parseAugmentation(text), /^RangeError: Cannot augment with "/, text);
  }
  assert.throws(() => parseAugmentation("light,share=0.5"), /share of 0.5 .* gamma, tone, bias, invert/);
  assert.throws(() => parseAugmentation("tone=1"), /tone "1": expected a number from 0 to 0.95/);
  assert.throws(() => parseAugmentation("scale=1"), /scale "1": expected a number from 0 to 0.9/);
  assert.throws(() => parseAugmentation("noise="), /noise "": expected a number/);
  assert.throws(() => parseAugmentation("noise=-1"), /noise "-1"/);
  assert.throws(() => parseAugmentation("noise=x"), /noise "x"/);
});

Deno.test("formatAugmentation: parses back to the same augmentation", () => {
  const texts = ["none", "light", "horizontal,rotation=12.5,noise=0.01", "vertical", "rotation=0"];
  for (
    const text of [...texts, "vertical,gamma=0.5,tone=0.3,bias=0.2,invert=0.1,share=0.5", "bias=1,share=0"]
  ) {
    assert.equal(formatAugmentation(parseAugmentation(text)), text);
  }
  assert.equal(
    formatAugmentation(parseAugmentation("light,shift=0")),
    "horizontal,vertical,rotation=10,scale=0.1,contrast=0.1,brightness=0.1",
  );
});
