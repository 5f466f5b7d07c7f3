/**
 * The data pipeline end to end, as a user runs it: an address, a zip, folders, masks, and batches that equal freshly
 * decoded images.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  batches,
  closeDecoders,
  decodeImage,
  findSplits,
  makePhantom,
  normalizeImage,
  prepareSplit,
  readSplit,
  resizeImage,
  resizeMask,
  splitOf,
} from "../../mod.ts";
import { canonicalTree, readTree } from "../support/archives.ts";
import { inDatasetFolder } from "../support/coco.ts";
import { runTaskProcess } from "../support/run_task.ts";
import { inTempFolder } from "../support/temp_folder.ts";
import { serveFile } from "../support/zip_server.ts";

const SIZE = 64;
const COUNTS = { train: 9, valid: 3, test: 2 };

/** Runs a task that must succeed; returns its JSON document. */
async function run(name: string, ...args: string[]) {
  const { code, stdout, stderr } = await runTaskProcess(name, [...args, "--json"]);
  assert.equal(code, 0, `${name}: ${stderr}`);
  return JSON.parse(stdout);
}

Deno.test("data pipeline: download over a dropped connection, unzip, inspect, masks, batches", () =>
  inTempFolder((elsewhere) =>
    inDatasetFolder(async (folder, typed) => {
      const phantom = await makePhantom(join(elsewhere, "phantom"), {
        ...COUNTS,
        size: 96,
        seed: 3,
        zip: join(elsewhere, "phantom.zip"),
      });
      const zip = await Deno.readFile(phantom.zip!);
      const half = zip.length >> 1;
      await using server = serveFile(zip, [{ cutAfter: half }, {}]);

      const file = `${typed}/phantom.zip`;
      const downloaded = await run("download", "--url", server.url, "--output", file);
      assert.deepEqual([downloaded.status, downloaded.byteLength], ["downloaded", zip.length]);
      assert.deepEqual(server.requests.map(({ headers }) => headers.get("range")), [
        undefined,
        `bytes=${half}-`,
      ]);
      assert.deepEqual(await Deno.readFile(join(folder, "phantom.zip")), zip);

      const data = `${typed}/data`;
      await run("unzip", file, "--output", data);
      const unpacked = canonicalTree(await readTree(join(folder, "data"), [".unzip"]));
      assert.deepEqual(unpacked, canonicalTree(await readTree(phantom.output)));

      const report = await run("inspect", data);
      assert.equal(report.problems, 0);
      assert.deepEqual(report.nearDuplicates.pairs, []);
      for (const split of report.splits) {
        const { images, annotations, empty } = phantom.splits[split.name as keyof typeof COUNTS];
        assert.deepEqual([split.images, split.annotations, split.unannotated], [images, annotations, empty]);
        assert.deepEqual(split.sizes, [{ width: 96, height: 96, images }]);
      }

      const masks = `${typed}/masks`;
      assert.equal((await run("masks", "--data", data, "--output", masks)).written, 14);

      const splits = await findSplits(join(folder, "data"));
      for (const role of ["train", "valid", "test"] as const) {
        const { samples, problems } = await readSplit(splitOf(splits, role));
        assert.deepEqual([samples.length, problems], [COUNTS[role], []]);
        const cacheFolder = join(folder, "data", ".cache");
        await using prepared = await prepareSplit(samples, { size: SIZE, cacheFolder });
        const seen: number[] = [];
        for await (const batch of batches(prepared, { batchSize: 4, seed: 8, epoch: 1 })) {
          for (const [i, index] of batch.indices.entries()) {
            seen.push(index);
            const { imagePath, fileName } = samples[index]!;
            const mask = await samples[index]!.mask();
            const size = { width: SIZE, height: SIZE };
            const image = resizeImage(await decodeImage(await Deno.readFile(imagePath)), size);
            const pixels = SIZE * SIZE;
            assert.deepEqual(
              batch.images.data.subarray(3 * pixels * i, 3 * pixels * (i + 1)),
              normalizeImage(image).data,
            );
            assert.deepEqual(
              batch.masks.data.subarray(pixels * i, pixels * (i + 1)),
              Float32Array.from(resizeMask(mask, size).data),
            );
            const written = join(folder, "masks", role, fileName.replace(".jpg", ".png"));
            const drawn = await decodeImage(await Deno.readFile(written));
            assert.deepEqual(
              drawn.data.filter((_, at) => at % 3 === 0),
              mask.data.map((value) => 255 * value),
            );
          }
        }
        assert.deepEqual(seen.sort((a, b) => a - b), samples.map((_, index) => index));
      }
      await closeDecoders();
    })
  ));
