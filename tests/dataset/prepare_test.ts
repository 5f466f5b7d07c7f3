/** Prepared splits: equal to freshly decoded images, cached by content, rebuilt if stale or damaged, never partial. */
import assert from "node:assert/strict";
import { basename, dirname, join } from "node:path";
import { isProvenByBytes } from "../../src/image/decode_failure.ts";
import {
  decodeImage,
  encodeJpeg,
  findSplits,
  normalizeImage,
  type PreparedSplit,
  type PrepareOptions,
  prepareSplit,
  readSplit,
  resizeImage,
  resizeMask,
  type Sample,
} from "../../mod.ts";
import { resizeLabelMap } from "../../src/image/resize.ts";
import { TemporaryName } from "../../src/fs/temporary_name.ts";
import { cocoText, paint, spots, writeFiles } from "../support/coco.ts";
import { ROOT } from "../project/files.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";

const FILE = "_annotations.coco.json";
const SIZE = 32;
const square = (from: number, to: number) => [[from, from, to, from, to, to, from, to]];
const ANNOTATIONS = [
  { segmentation: square(5, 40) },
  { image_id: 2, segmentation: square(20, 61) },
  { image_id: 3, segmentation: square(3, 9) },
];

/** A split of four images: gray, color, a JPEG named .png, and one without annotations. */
async function writeSplit(folder: string): Promise<void> {
  const color = paint(64, 64, () => 0);
  color.data.forEach((_, i) => color.data[i] = (i * 37) % 256);
  await writeFiles(folder, {
    [`train/${FILE}`]: cocoText({ width: 64, height: 64, images: 4 }, ANNOTATIONS),
    "train/1.png": spots(1),
    "train/2.png": color,
    "train/3.png": await encodeJpeg(spots(3), 90),
    "train/4.png": spots(4),
  });
}

async function readSamples(folder: string): Promise<readonly Sample[]> {
  const { samples } = await readSplit((await findSplits(folder))[0]!);
  return samples;
}

/** Runs `body` with a dataset, its cache folder, and a function that prepares it and collects notes. */
function inSplit(
  body: (parts: {
    folder: string;
    cache: string;
    notes: string[];
    prepare: (options?: Partial<PrepareOptions>) => Promise<PreparedSplit>;
  }) => Promise<void>,
): Promise<void> {
  return inTempFolder(async (folder) => {
    await writeSplit(folder);
    const cache = join(folder, ".cache");
    const notes: string[] = [];
    await body({
      folder,
      cache,
      notes,
      prepare: async (options) =>
        await prepareSplit(await readSamples(folder), {
          size: SIZE,
          cacheFolder: cache,
          workers: 1,
          onNote: (note) => notes.push(note),
          ...options,
        }),
    });
  });
}

/** Prepares and closes; returns the file. */
async function prepareAndClose(prepare: () => Promise<PreparedSplit>): Promise<string> {
  await using prepared = await prepare();
  return prepared.store.path!;
}

/** Asserts that every prepared sample equals the freshly decoded and resized one bit for bit. */
async function assertFresh(prepared: PreparedSplit): Promise<void> {
  const size = { width: prepared.size, height: prepared.size };
  let foreground = 0;
  for (const [i, sample] of prepared.samples.entries()) {
    const decoded = await decodeImage(await Deno.readFile(sample.imagePath));
    assert.deepEqual(prepared.image(i), normalizeImage(resizeImage(decoded, size), prepared.normalize));
    const mask = resizeMask(await sample.mask(), size);
    assert.deepEqual(prepared.labelMap(i), mask);
    foreground += mask.data.filter((value) => value === 1).length;
  }
  assert.equal(prepared.foregroundShare, foreground / (prepared.count * prepared.size ** 2));
}

Deno.test("prepareSplit: serves what a fresh reading gives, and the second run decodes nothing", () =>
  inSplit(async ({ cache, notes, prepare }) => {
    const seen: string[] = [];
    const onProgress = (done: number, total: number) => seen.push(`${done}/${total}`);
    await using first = await prepare({ onProgress });
    assert.deepEqual(seen, ["1/4", "2/4", "3/4", "4/4"]);
    assert.deepEqual([first.count, first.size, first.problems], [4, SIZE, []]);
    assert.equal(first.store.status, "written");
    assert.match(first.store.path!, /[/\\]\.cache[/\\]train-32-[0-9a-f]{8}\.samples$/);
    // Three gray images of one plane and one of three planes, each with a mask of one bit per pixel.
    assert.equal(first.store.byteLength, 6 * 4 * SIZE ** 2 + 4 * SIZE ** 2 / 8);
    await assertFresh(first);
    for (const normalize of ["imagenet", "picture"] as const) {
      await using second = await prepare({ normalize, onProgress: () => assert.fail("decoded again") });
      assert.equal(second.store.status, "kept");
      assert.equal(second.fingerprint, first.fingerprint);
      await assertFresh(second);
    }
    await using other = await prepare({ size: 48 });
    assert.equal(other.store.status, "written");
    await assertFresh(other);
    assert.deepEqual(await filesUnder(cache), [first, other].map(({ store }) => basename(store.path!)));
    assert.deepEqual(notes, []);
  }));

Deno.test("prepareSplit: detects changed content, even with the same length and time", () =>
  inSplit(async ({ folder, notes, prepare }) => {
    await using before = await prepare();
    const path = join(folder, "train", "3.png");
    const [{ mtime, size }, bytes] = [await Deno.stat(path), await Deno.readFile(path)];
    // Another quantization step: the same length, other pixels.
    const table = bytes.findIndex((byte, at) => byte === 0xff && bytes[at + 1] === 0xdb);
    bytes[table + 5] = bytes[table + 5]! + 9;
    await Deno.writeFile(path, bytes);
    await Deno.utime(path, mtime!, mtime!);
    assert.equal((await Deno.stat(path)).size, size);
    await using image = await prepare();
    assert.equal(image.store.status, "written");
    assert.match(notes.join(), /^\S+ images or annotations changed; all are prepared again$/);
    assert.notEqual(image.fingerprint, before.fingerprint);
    await assertFresh(image);

    const annotations = ANNOTATIONS.map((entry, i) =>
      i === 1 ? { ...entry, segmentation: square(2, 50) } : entry
    );
    await writeFiles(folder, {
      [`train/${FILE}`]: cocoText({ width: 64, height: 64, images: 4 }, annotations),
    });
    await using annotation = await prepare();
    assert.equal(annotation.store.status, "written");
    await assertFresh(annotation);
  }));

Deno.test("prepareSplit: a subset of the samples in another order needs no new file", () =>
  inSplit(async ({ folder, cache, prepare }) => {
    await (await prepare()).close();
    const samples = (await readSamples(folder)).toReversed().slice(1);
    await using part = await prepareSplit(samples, { size: SIZE, cacheFolder: cache });
    assert.equal(part.store.status, "kept");
    assert.deepEqual(part.samples.map(({ imageId }) => imageId), [3, 2, 1]);
    await assertFresh(part);
  }));

Deno.test("prepareSplit: rebuilds a damaged cache file, with a note", () =>
  inSplit(async ({ cache, notes, prepare }) => {
    const path = await prepareAndClose(prepare);
    const whole = await Deno.readFile(path);
    // sample_cache_test.ts damages every part of the file.
    for (const bytes of [whole.slice(0, 5000), whole.with(5000, whole[5000]! ^ 0x10)]) {
      await Deno.writeFile(path, bytes);
      notes.length = 0;
      await using prepared = await prepare();
      assert.equal(prepared.store.status, "written");
      assert.match(notes.join(), /^\S+ .*(trailer is missing|does not match); .* prepared again$/);
      await assertFresh(prepared);
    }
    assert.deepEqual(await filesUnder(cache), [basename(path)]);
  }));

Deno.test("prepareSplit: label maps of several classes keep their labels", () =>
  inSplit(async ({ folder, prepare }) => {
    const [sample] = await readSamples(folder);
    const labels = { width: 64, height: 64, data: Uint8Array.from({ length: 64 * 64 }, (_, i) => i % 5) };
    labels.data.fill(255, 64 * 60);
    const several = {
      ...sample!,
      labelMap: () => Promise.resolve(labels),
      labelKey: () => Promise.resolve("several"),
    };
    const expected = resizeLabelMap(labels, { width: SIZE, height: SIZE });
    for (const status of ["written", "kept"]) {
      await using prepared = await prepareSplit([several], {
        size: SIZE,
        cacheFolder: join(folder, ".labels"),
        workers: 1,
        targets: { classCount: 4, head: "softmax" },
      });
      assert.equal(prepared.store.status, status);
      assert.deepEqual(prepared.labelMap(0), expected);
      const { masks } = await prepared.batch([0]);
      assert.deepEqual(masks.data, Float32Array.from(expected.data, (label) => label === 255 ? -1 : label));
      const foreground = expected.data.filter((label) => label !== 0 && label !== 255).length;
      const counted = expected.data.filter((label) => label !== 255).length;
      assert.equal(prepared.foregroundShare, foreground / counted, "ignored pixels do not count");
    }
    await using binary = await prepare();
    assert.deepEqual(binary.labelMap(0), resizeMask(await sample!.mask(), { width: SIZE, height: SIZE }));
  }));

Deno.test("prepareSplit: lists and skips bad images, also in the second run", () =>
  inSplit(async ({ folder, prepare }) => {
    const samples = await readSamples(folder);
    const damaged = await Deno.readFile(join(folder, "train", "1.png"));
    damaged[damaged.length >> 1]! ^= 0x55;
    await Deno.writeFile(join(folder, "train", "1.png"), damaged);
    await Deno.remove(join(folder, "train", "2.png"));
    await writeFiles(folder, { "train/4.png": spots(4, 50) });
    for (const status of ["written", "kept"]) {
      await using prepared = await prepareSplit(samples, { size: SIZE, cacheFolder: join(folder, ".cache") });
      assert.deepEqual([prepared.store.status, prepared.count], [status, 1]);
      await assertFresh(prepared);
      assert.deepEqual(prepared.problems.map(({ kind, id, effect }) => [kind, id, effect]), [
        ["unreadable-image", 1, "skipped"],
        ["missing-image", 2, "skipped"],
        ["size-mismatch", 4, "skipped"],
      ]);
      assert.match(prepared.problems[0]!.message, /^image 1 \(train\/1\.png\): Cannot decode the PNG image/);
      assert.match(prepared.problems[2]!.message, /its file is 50 x 50, the annotations say 64 x 64$/);
    }
    // Once the images are fixed, they are prepared.
    await writeFiles(folder, { "train/1.png": spots(1), "train/2.png": spots(2), "train/4.png": spots(4) });
    await using fixed = await prepare();
    assert.deepEqual([fixed.store.status, fixed.count, fixed.problems], ["written", 4, []]);
  }));

Deno.test("prepareSplit: what the machine could not do is no fault of the image, and the next run tries again", () =>
  inSplit(async ({ folder }) => {
    const samples = await readSamples(folder);
    const path = join(folder, "train", "1.png");
    const sound = await Deno.readFile(path);
    // Reading a folder fails as a disk does: with an error that says nothing about the image.
    await Deno.remove(path);
    await Deno.mkdir(path);
    const prepare = () => prepareSplit(samples, { size: SIZE, cacheFolder: join(folder, ".cache") });
    for (const _ of ["first", "second"]) {
      await using without = await prepare();
      assert.deepEqual([without.store.status, without.count], ["written", 3]);
      assert.match(without.problems[0]!.message, /; the next run tries it again$/);
    }
    await Deno.remove(path);
    await Deno.writeFile(path, sound);
    await using whole = await prepare();
    assert.deepEqual([whole.store.status, whole.count, whole.problems], ["written", 4, []]);
  }));

Deno.test("isProvenByBytes: the decoders' own refusals, and neither memory nor engine errors", () => {
  const magick = "Cannot decode the PNG image: Memory allocation failed";
  for (const message of [magick, "Array buffer allocation failed", "Invalid typed array length: -1"]) {
    assert.equal(isProvenByBytes(new RangeError(message)), false, message);
  }
  assert.equal(isProvenByBytes(new Error("Cannot read: Input/output error (os error 5)")), false);
  assert.ok(isProvenByBytes(new SyntaxError("Cannot decode the PNG image: its data are cut off")));
  assert.ok(isProvenByBytes(new RangeError("Cannot decode an image of 9000 x 9000 pixels")));
});

Deno.test("prepareSplit: uses memory without write permission, with a note; the next split finds its Workers, and the program ends when it is done", () =>
  inSplit(async ({ folder, prepare }) => {
    await using here = await prepare({ cacheFolder: null });
    assert.deepEqual([here.store.status, here.store.path], ["memory", null]);
    await assertFresh(here);
    const script = join(folder, "script.ts");
    const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
    await Deno.writeTextFile(
      script,
      `import { Worker } from "node:worker_threads";
      import { batches, findSplits, prepareSplit, readSplit } from ${module("../../mod.ts")};
      // Whatever waits for a time would wait long.
      const { setTimeout: wait } = globalThis;
      globalThis.setTimeout = (work, time) => wait(work, 1000 * time);
      // Threads are numbered as they are started.
      const nextThread = () => {
        const probe = new Worker("", { eval: true });
        probe.terminate();
        return probe.threadId;
      };
      const { samples } = await readSplit((await findSplits(${JSON.stringify(folder)}))[0]!);
      const prepared = await prepareSplit(samples, {
        size: ${SIZE}, cacheFolder: ${JSON.stringify(join(folder, ".cache"))},
        onNote: (note) => console.error(note),
      });
      const first = nextThread();
      await prepareSplit(samples, { size: 64, cacheFolder: null });
      console.log("threads started:", nextThread() - first - 1);
      for await (const { images } of batches(prepared, { batchSize: 3 })) {
        console.log(prepared.store.status, prepared.fingerprint, images.shape.join());
      }`,
    );
    const { code, stdout, stderr } = await new Deno.Command("deno", {
      args: ["run", "-q", "--no-prompt", "--config", join(ROOT, "deno.json"), "--allow-read", script],
      signal: AbortSignal.timeout(100_000),
    }).output();
    const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    const line = `memory ${here.fingerprint}`;
    assert.equal(code, 0, "it ended by itself");
    assert.equal(
      out,
      `threads started: 0\n${line} 3,3,${SIZE},${SIZE}\n${line} 1,3,${SIZE},${SIZE}\n`,
      error,
    );
    assert.match(
      error!,
      /\.cache cannot be written \(no write permission\): .* memory, for this run only\n$/,
    );
    assert.ok(!(await filesUnder(folder)).some((name) => name.startsWith(".cache")));
  }));

Deno.test("prepareSplit: an aborted run leaves nothing, and leftovers of a killed run are removed", () =>
  inSplit(async ({ cache, prepare }) => {
    const stop = new AbortController();
    const stopped = prepare({
      workers: 1,
      signal: stop.signal,
      onProgress: () => stop.abort(new Error("enough")),
    });
    await assert.rejects(stopped, /^Error: enough$/);
    assert.deepEqual(await filesUnder(cache), []);

    const path = await prepareAndClose(prepare);
    await Deno.remove(path);
    await using alive = await TemporaryName.claim(path);
    const dead = `${path}.0123abcd`;
    for (const file of [alive.path, `${dead}.tmp`, `${dead}.lock`]) await Deno.writeTextFile(file, "half");
    await (await prepare()).close();
    const lock = alive.path.replace(/tmp$/, "lock");
    assert.deepEqual(await filesUnder(cache), [path, lock, alive.path].map((file) => basename(file)));
  }));

Deno.test("prepareSplit: two datasets can share a cache folder", () =>
  inSplit(({ cache, prepare }) =>
    inSplit(async (other) => {
      const files = [
        await prepareAndClose(prepare),
        await prepareAndClose(() => other.prepare({ cacheFolder: cache })),
      ];
      assert.deepEqual(await filesUnder(cache), files.map((file) => basename(file)).sort());
      await using again = await prepare();
      assert.equal(again.store.status, "kept");
    })
  ));

Deno.test("prepareSplit: concurrent runs do not interfere", () =>
  inSplit(async ({ cache, prepare }) => {
    const both = await Promise.all([prepare({ workers: 3 }), prepare({ workers: 1 })]);
    for (const prepared of both) {
      await assertFresh(prepared);
      await prepared.close();
    }
    assert.deepEqual(await filesUnder(cache), [basename(both[0].store.path!)]);
  }));

Deno.test("prepareSplit: detects that the cache file changes while it is in use", () =>
  inSplit(async ({ prepare }) => {
    await using prepared = await prepare();
    const path = prepared.store.path!;
    const bytes = await Deno.readFile(path);
    await Deno.writeFile(path, bytes.fill(0));
    assert.throws(() => prepared.image(0), /the file changed since it was opened\nhint: run again/);
    await assert.rejects(prepared.batch([1, 0]), /the file changed since it was opened/);
  }));

Deno.test("prepareSplit: a folder that cannot be created is an error with the path", () =>
  inSplit(async ({ folder, prepare }) => {
    await Deno.writeTextFile(join(folder, "file"), "");
    await assert.rejects(
      prepare({ cacheFolder: join(folder, "file", "inside") }),
      /^Error: Cannot write prepared images to .*inside.*: .*\nhint: /,
    );
  }));

Deno.test("prepareSplit: rejects invalid settings and accepts an empty list of samples", () =>
  inSplit(async ({ cache, prepare }) => {
    const wrong: Partial<PrepareOptions>[] = [
      { size: 0 },
      { size: 4097 },
      { size: 1.5 },
      { workers: 0 },
      { normalize: "none" as "picture" },
    ];
    for (const options of wrong) await assert.rejects(prepare(options), RangeError);
    await assert.rejects(Deno.stat(cache), Deno.errors.NotFound);
    await using none = await prepareSplit([], { size: SIZE, cacheFolder: cache });
    assert.deepEqual([none.count, none.foregroundShare, none.store.byteLength], [0, 0, 0]);
    assert.throws(() => none.image(0), RangeError);
    assert.equal(dirname(none.store.path!), cache);
  }));
