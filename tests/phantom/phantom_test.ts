import assert from "node:assert/strict";
import { join } from "node:path";
import { unzip } from "../../src/archive/unzip.ts";
import { inspectDataset } from "../../src/dataset/inspect.ts";
import { makePhantom } from "../../src/phantom/phantom.ts";
import { drawPhantomSlice, type PhantomSlice } from "../../src/phantom/slice.ts";
import { fillPolygon } from "../../src/coco/polygon.ts";
import { decodeImage } from "../../src/image/decode.ts";
import { createMask, type Mask } from "../../src/image/mask.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";

const SMALL = { train: 3, valid: 2, test: 2, size: 64 };

async function contents(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const name of await filesUnder(folder)) {
    files.set(name, (await Deno.readFile(join(folder, name))).toBase64());
  }
  return files;
}

/** Outlines as a mask, each scaled about its center. */
function outlineMask({ image, outlines }: PhantomSlice, scale: number): Mask {
  const mask = createMask(image);
  for (const outline of outlines) {
    const corners = outline.length / 2;
    const middle = [0, 1].map((axis) =>
      outline.reduce((sum, value, i) => i % 2 === axis ? sum + value : sum, 0) / corners
    );
    fillPolygon(mask, outline.map((value, i) => (middle[i % 2] ?? 0) * (1 - scale) + value * scale));
  }
  return mask;
}

const SLICES = Array.from({ length: 60 }, (_, seed) => drawPhantomSlice(seed, 128));

Deno.test("drawPhantomSlice: the same seed gives the same image, another seed another image", () => {
  const [first, second] = SLICES as [PhantomSlice, PhantomSlice];
  assert.deepEqual(drawPhantomSlice(0, 128), first);
  assert.notDeepEqual(first.image.data, second.image.data);
});

Deno.test("drawPhantomSlice: the same pixels on every machine", async () => {
  const pixels = new Uint8Array(drawPhantomSlice(1, 64).image.data);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", pixels));
  assert.equal(hash.toHex(), "d8c12ff96c463438f902149a63cb3b42971e0924acbed1f2d21755417e237969");
});

Deno.test("drawPhantomSlice: draws up to three tumors, neither tiny nor huge, and some images without", () => {
  const counts = [0, 0, 0, 0];
  for (const slice of SLICES) {
    counts[slice.outlines.length] = (counts[slice.outlines.length] ?? 0) + 1;
    if (slice.outlines.length === 0) continue;
    const share = outlineMask(slice, 1).data.reduce((sum, value) => sum + value, 0) / 128 ** 2;
    assert.ok(share > 0.008 && share < 0.1, `${share}`);
  }
  assert.equal(counts.length, 4);
  const [none = 0, one = 0, two = 0, three = 0] = counts;
  assert.ok(none >= 2 && none <= 15 && one > two && two > 0 && three > 0, `${counts}`);
});

Deno.test("drawPhantomSlice: has a dark background, a head that fills most of the image, and contrast", () => {
  for (const { image: { data } } of SLICES) {
    const corner = [0, 1, 128, 129].map((at) => data[at] as number);
    assert.ok(Math.max(...corner) < 60, `${corner}`);
    const lit = data.reduce((count, value) => count + (value > 50 ? 1 : 0), 0) / data.length;
    assert.ok(lit > 0.2 && lit < 0.8, `${lit}`);
    assert.ok(data.reduce((most, value) => Math.max(most, value)) > 120);
  }
});

Deno.test("drawPhantomSlice: the outlines follow the edges of the image", () => {
  // The mean change between a ring just inside and one just outside, for outlines of 0.8 to 1.2 times the size.
  const changes = [0.8, 1, 1.2].map((scale) => {
    let sum = 0;
    for (const slice of SLICES) {
      if (slice.outlines.length === 0) continue;
      const [inner, middle, outer] = [scale * 0.9, scale, scale * 1.1].map((s) => outlineMask(slice, s).data);
      let [inside, insideCount, outside, outsideCount] = [0, 0, 0, 0];
      slice.image.data.forEach((value, i) => {
        if (middle?.[i] === 1 && inner?.[i] === 0) [inside, insideCount] = [inside + value, insideCount + 1];
        if (outer?.[i] === 1 && middle?.[i] === 0) {
          [outside, outsideCount] = [outside + value, outsideCount + 1];
        }
      });
      sum += Math.abs(inside / insideCount - outside / outsideCount);
    }
    return sum;
  });
  const [smaller = 0, fitting = 0, larger = 0] = changes;
  assert.ok(fitting > 1.5 * smaller && fitting > 1.5 * larger, `${changes}`);
});

Deno.test("drawPhantomSlice: a larger image shows the same head", () => {
  const small = drawPhantomSlice(5, 64);
  const large = drawPhantomSlice(5, 128);
  assert.equal(small.outlines.length, large.outlines.length);
  small.outlines.forEach((outline, i) =>
    outline.forEach((value, k) => assert.ok(Math.abs(2 * value - (large.outlines[i]?.[k] ?? NaN)) < 0.05))
  );
});

Deno.test("makePhantom: creates a dataset without problems", () =>
  inTempFolder(async (folder) => {
    const output = join(folder, "phantom");
    const report = await makePhantom(output, { ...SMALL, train: 12 });
    assert.deepEqual(report.splits.train.images, 12);
    assert.deepEqual(await filesUnder(join(output, "test")), [
      "_annotations.coco.json",
      "phantom_test_00000.jpg",
      "phantom_test_00001.jpg",
    ]);
    const image = await decodeImage(await Deno.readFile(join(output, "train/phantom_train_00011.jpg")));
    assert.deepEqual([image.width, image.height], [64, 64]);
    const inspected = await inspectDataset(output);
    assert.equal(inspected.splits.length, 3);
    for (const split of inspected.splits) {
      assert.deepEqual(split.problems, []);
      const made = report.splits[split.name as "train"];
      assert.deepEqual([split.images, split.annotations], [made.images, made.annotations]);
    }
    assert.deepEqual(inspected.nearDuplicates.pairs, []);
  }));

Deno.test("makePhantom: the same seed gives the same bytes in the folder and in the zip, on any day", () =>
  inTempFolder(async (folder) => {
    const one = join(folder, "one");
    const two = join(folder, "two");
    await makePhantom(one, { ...SMALL, zip: join(folder, "one.zip") });
    await makePhantom(`${two}/`, { ...SMALL, zip: join(folder, "two.zip") });
    assert.deepEqual(await contents(one), await contents(two));
    assert.deepEqual(
      await Deno.readFile(join(folder, "one.zip")),
      await Deno.readFile(join(folder, "two.zip")),
    );
    await makePhantom(two, { ...SMALL, seed: 1 });
    const first = await contents(one);
    const other = await contents(two);
    assert.deepEqual([...first.keys()], [...other.keys()]);
    for (const [name, bytes] of first) assert.notEqual(other.get(name), bytes, name);
    assert.deepEqual((await filesUnder(folder)).filter((name) => /\.(tmp|old)/.test(name)), []);
  }));

Deno.test("makePhantom: more images of a seed start with the same images", () =>
  inTempFolder(async (folder) => {
    await makePhantom(join(folder, "few"), { ...SMALL, train: 1, valid: 0, test: 0 });
    await makePhantom(join(folder, "more"), { ...SMALL, train: 2, valid: 0, test: 0 });
    const image = "train/phantom_train_00000.jpg";
    assert.deepEqual(
      await Deno.readFile(join(folder, "few", image)),
      await Deno.readFile(join(folder, "more", image)),
    );
  }));

Deno.test("makePhantom: unzip reads its zip", () =>
  inTempFolder(async (folder) => {
    const zip = join(folder, "phantom.zip");
    await makePhantom(join(folder, "phantom"), { ...SMALL, zip });
    await unzip(zip, join(folder, "unzipped"));
    const expected = await contents(join(folder, "phantom"));
    const found = await contents(join(folder, "unzipped"));
    for (const [name, bytes] of expected) assert.equal(found.get(name), bytes, name);
  }));

Deno.test("makePhantom: replaces a phantom and an empty folder, and nothing else", () =>
  inTempFolder(async (folder) => {
    const output = join(folder, "data");
    await Deno.mkdir(output);
    await makePhantom(output, SMALL);
    await makePhantom(output, { ...SMALL, train: 1 });
    assert.equal((await filesUnder(join(output, "train"))).length, 2);

    // What version 0.1.0 wrote: its folders are known by these words.
    const annotations = await Deno.readTextFile(join(output, "train", "_annotations.coco.json"));
    assert.ok(annotations.includes(`"description":"Phantom: synthetic brain slices, no patient's picture;`));

    const real = join(folder, "real");
    await Deno.mkdir(join(real, "train"), { recursive: true });
    await Deno.writeTextFile(join(real, "train", "_annotations.coco.json"), '{"images":[]}');
    await assert.rejects(makePhantom(real, SMALL), /it contains something else\nhint: choose another folder/);
    assert.deepEqual(await filesUnder(real), ["train/_annotations.coco.json"]);

    const file = join(folder, "file");
    await Deno.writeTextFile(file, "text");
    await assert.rejects(makePhantom(file, SMALL), /it contains something else/);
    assert.equal(await Deno.readTextFile(file), "text");
  }));

Deno.test("makePhantom: a failure halfway leaves the existing phantom", () =>
  inTempFolder(async (folder) => {
    const output = join(folder, "phantom");
    await makePhantom(output, SMALL);
    const before = await contents(folder);
    await assert.rejects(
      makePhantom(output, {
        ...SMALL,
        seed: 9,
        onProgress: (done) => {
          if (done === 4) throw new Error("stopped");
        },
      }),
      /stopped/,
    );
    assert.deepEqual(await contents(folder), before);
  }));

Deno.test("makePhantom: rejects invalid counts, sizes and seeds", async () => {
  for (
    const options of [{ train: -1 }, { test: 1.5 }, { size: 16 }, { size: 4096 }, { seed: -1 }, { seed: NaN }]
  ) {
    await assert.rejects(makePhantom("unused", options), RangeError);
  }
});
