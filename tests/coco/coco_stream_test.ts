import assert from "node:assert/strict";
import { join } from "node:path";
import { type CocoDataset, encodeRle, readCoco } from "../../mod.ts";
import { readCocoFile } from "../../src/coco/coco_file.ts";
import { readCocoStream } from "../../src/coco/coco_stream.ts";
import { SegmentationStore } from "../../src/coco/segmentation_store.ts";
import { cocoText, inDatasetFolder } from "../support/coco.ts";
import { randomMask } from "../support/masks.ts";
import { Random } from "../support/random.ts";

const MIB = 2 ** 20;

/** Pieces of a text's bytes, cut at random places. */
function* pieces(text: string, random: Random): Generator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + 1 + random.integer(random.pick([2, 9, 300])));
    yield bytes.subarray(at, end);
    at = end;
  }
}

function readPieces(text: string, seed = 0): Promise<CocoDataset> {
  const random = new Random(seed);
  return readCocoStream(() => pieces(text, random), { name: "a.json", byteLength: text.length });
}

/** Everything that a dataset says. */
function contents(dataset: CocoDataset): unknown {
  const { images, fileNames, annotations, categories, problems, uncertainty } = dataset;
  return {
    ...{ images, fileNames: [...fileNames], categories, problems, uncertainty },
    annotations: annotations.map(({ id, imageId, categoryId, crowd, segmentation }) => ({
      ...{ id, imageId, categoryId, crowd, segmentation },
    })),
    states: images.map(({ id }) => dataset.state(id)),
    masks: images.map(({ id }) => [...dataset.mask(id).data]),
  };
}

const TEXTS: Record<string, string> = {
  "all forms": cocoText({ width: 16, height: 12, images: 4 }, [
    { segmentation: [[1, 1, 9, 1.5, 8, 9], [3.25, 3, 15, 3, 15, 11.125, 3, 11]] },
    { segmentation: { size: [12, 16], counts: [20, 30, 142] }, image_id: 2, iscrowd: 1 },
    { segmentation: { size: [12, 16], counts: "d0n0f3" }, image_id: 2 },
    { segmentation: [[1 / 3, 0.1, 9, 1.5, 8, 9e0]], image_id: 3, category_id: 9 },
    { segmentation: [[1, 1, 9, 1, 8, 9], [1, 2]], image_id: 3 },
    { segmentation: [[1, 1, 9, null, 8, 9], [1, 1, 9, 1, 8, 9]], image_id: 4 },
    { segmentation: [], image_id: 4 },
  ]),
  "lists in any order, indented, with text that looks like structure": JSON.stringify(
    {
      'anno"tations': ["]}"],
      annotations: [
        { id: 1, image_id: 1, category_id: 1, segmentation: [[0, 0, 4, 0, 4, 4]], x: '{"[,\\' },
        5,
      ],
      info: { year: 2017, text: '\\"}, "images": [' },
      categories: [{ id: 1, name: "Ödem \u{1F600}" }],
      images: [{ id: 1, file_name: "a, b].png", width: 8, height: 8, license: null }, "x"],
      licenses: [],
    },
    null,
    2,
  ),
  "bare NaN, and ids beyond 2^53":
    '\u{feff}{"images":[{"id":9007199254740993,"file_name":"a.png","width":8,"height":8}],' +
    '"categories":[{"id":1,"name":"a"}],"annotations":[{"id":9007199254740995,"image_id":9007199254740993,' +
    '"category_id":1,"area":NaN,"segmentation":[[0,0,4,0,4,4]]},{"id":9007199254740997,"image_id":9007199254740993,' +
    '"category_id":1,"segmentation":[[0,0,4,0,4,NaN]]}]}',
  "no annotations": '{"images":[{"id":1,"file_name":"a.png","width":8,"height":8}]}',
};

Deno.test("readCocoStream: reads what readCoco reads, however the bytes are cut", async () => {
  for (const [name, text] of Object.entries(TEXTS)) {
    const expected = contents(readCoco(text));
    for (let seed = 0; seed < 20; seed++) {
      assert.deepEqual(contents(await readPieces(text, seed)), expected, `${name}, seed ${seed}`);
    }
  }
});

Deno.test("readCocoStream: refuses every text that readCoco refuses", async () => {
  const text = TEXTS["all forms"]!;
  const random = new Random(5);
  let refused = 0;
  for (let i = 0; i < 400; i++) {
    const at = random.integer(text.length);
    const damaged = random.pick([
      text.slice(0, at),
      text.slice(0, at) + text.slice(at + 1 + random.integer(3)),
      text.slice(0, at) + random.pick([...'{}[]",:-x']) + text.slice(at + random.integer(2)),
    ]);
    let expected: unknown;
    try {
      expected = contents(readCoco(damaged));
    } catch {
      refused++;
      await assert.rejects(readPieces(damaged, i), damaged);
      continue;
    }
    // A key that occurs twice is left to readCoco, which takes the last.
    const read = await readPieces(damaged, i).then(contents, (error) => {
      assert.match(error.message, /each key once/);
      return expected;
    });
    assert.deepEqual(read, expected, damaged);
  }
  assert.ok(refused > 100);
});

Deno.test("SegmentationStore: returns every number as it was, in pages and beyond", () => {
  const store = new SegmentationStore();
  const random = new Random(3);
  const cases = Array.from({ length: 300 }, (_, i) => {
    const length = i % 50 === 0 ? 120_000 : 6 + random.integer(60);
    const scale = random.pick([1, 10, 100, 1000, 1e4, 1e5, 3]);
    const numbers = Array.from({ length }, () => (random.integer(2 ** 24) - 2 ** 20) / scale);
    return random.pick([
      [numbers],
      [numbers, numbers.slice(0, 7)],
      [numbers.map((value) => value * 1e12)],
      { size: [5, 9] as const, counts: numbers.map((value) => Math.abs(Math.round(value))) },
      { size: [5, 9] as const, counts: [2 ** 31, 1] },
      { size: [5, 9] as const, counts: encodeRle(randomMask(random)).counts },
    ]);
  });
  const stored = cases.map((segmentation) => store.add(segmentation));
  for (const [i, segmentation] of cases.entries()) assert.deepEqual(store.get(stored[i]!), segmentation);
});

/** An annotation file of `count` annotations with 20 points each, ten per image; written in pieces. */
async function writeLarge(path: string, count: number): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  const write = async (text: string) => {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
  };
  const lines = (length: number, line: (i: number) => string) =>
    Array.from({ length }, (_, i) => line(i)).join(",\n");
  await write(
    `{"images": [${
      lines(count / 10, (i) => `{"id": ${i}, "file_name": "${i}.jpg", "width": 640, "height": 480}`)
    }],\n"categories": [{"id": 1, "name": "a"}],\n"annotations": [`,
  );
  for (let first = 0; first < count; first += 10_000) {
    await write(
      (first === 0 ? "" : ",\n") + lines(Math.min(10_000, count - first), (k) => {
        const i = first + k;
        const points = Array.from(
          { length: 20 },
          (_, p) =>
            `${(99.25 + (i % 400) + 20 * Math.cos(p / 3.2)).toFixed(2)}, ${
              (99.5 + 20 * Math.sin(p / 3.2)).toFixed(2)
            }`,
        );
        return `{"id": ${i}, "image_id": ${
          Math.floor(i / 10)
        }, "category_id": 1, "iscrowd": 0, "area": 1200.0, ` +
          `"bbox": [${79.25 + (i % 400)}, 79.5, 40, 40], "segmentation": [[${points.join(", ")}]]}`;
      }),
    );
  }
  await write("]}");
}

Deno.test("readCocoFile: streams 50,000 annotations into a store, and faults still have lines", async () => {
  await inDatasetFolder(async (folder) => {
    const path = join(folder, "large.json");
    await writeLarge(path, 20_000);
    const { size } = await Deno.stat(path);
    assert.ok(size > 8 * MIB);
    const dataset = await readCocoFile(path);
    assert.deepEqual([dataset.annotations.length, dataset.problems.length], [20_000, 0]);
    // Lists that are kept would take three times the memory: these are made from the store on every access.
    const [annotation] = dataset.annotations;
    assert.notEqual(annotation!.segmentation, annotation!.segmentation);
    assert.deepEqual(annotation!.segmentation, annotation!.segmentation);
    assert.equal(dataset.annotationsOf(1999).length, 10);

    await Deno.truncate(path, size - 1);
    await assert.rejects(
      readCocoFile(path),
      /^SyntaxError: Cannot read ".*large.json": found the end where "," or "}" was expected at line 22001, column/,
    );
  });
});
