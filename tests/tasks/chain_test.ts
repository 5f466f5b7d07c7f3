/** The whole chain as a user types it, each task in a process of its own: from a URL to masks of images. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { makePhantom } from "../../mod.ts";
import { encodeRgbPng } from "../../src/image/encode.ts";
import { makeZip } from "../support/archives.ts";
import { inDatasetFolder, inProjectFolder, spots } from "../support/coco.ts";
import { labelPng } from "../support/source_files.ts";
import { runTaskProcess } from "../support/run_task.ts";
import { inTempFolder } from "../support/temp_folder.ts";
import { serveFile } from "../support/zip_server.ts";

/** Runs a task that must succeed; returns its JSON document. */
async function run(name: string, ...args: string[]) {
  const { code, stdout, stderr } = await runTaskProcess(name, [...args, "--json"]);
  assert.equal(code, 0, `${name}: ${stderr}`);
  return JSON.parse(stdout);
}

Deno.test("all tasks in a chain: download, unzip, inspect, split, train, evaluate, audit, predict, convert", () =>
  inTempFolder((elsewhere) =>
    inDatasetFolder((folder, data) =>
      inProjectFolder("runs", (_, runs) =>
        inProjectFolder("predictions", async (_, predictions) => {
          const { zip } = await makePhantom(join(elsewhere, "phantom"), {
            ...{ train: 24, valid: 4, test: 4, size: 64, seed: 2 },
            zip: join(elsewhere, "phantom.zip"),
          });
          await using server = serveFile(await Deno.readFile(zip!));
          await run("download", "--url", server.url, "--output", `${data}/phantom.zip`);
          await run("unzip", `${data}/phantom.zip`, "--output", `${data}/all`);
          const { splits, nearDuplicates } = await run("inspect", `${data}/all`);
          assert.deepEqual(splits.map(({ images }: { images: number }) => images), [24, 4, 4]);
          assert.deepEqual(nearDuplicates.pairs, []);

          const resplit = await run("split", `${data}/all`, "--output", `${data}/new`, "--test", "0.25");
          assert.deepEqual([resplit.splits.train.images, resplit.splits.test.images], [19, 8]);

          const where = ["--data", `${data}/new`, "--cache", `${data}/.cache`];
          const settings = ["--recipe", "strong", "--filters", "2", "--size", "64", "--batch-size", "4"];
          const trained = await run("train", ...where, "--run", `${runs}/a`, ...settings, "--epochs", "6");
          assert.deepEqual([trained.outcome, trained.epochs], ["finished", 6]);

          const evaluated = await run("evaluate", "--run", `${runs}/a`, ...where, "--audit");
          assert.deepEqual([evaluated.data.pictures, evaluated.summary.pictures], [8, 8]);
          assert.equal(evaluated.model.epoch, trained.best.epoch);
          assert.ok(evaluated.audit.length > 0);

          const predict = (model: string, output: string) =>
            run("predict", `${folder}/new/test`, "--model", model, "--output", `${predictions}/${output}`);
          const { images } = await predict(`${runs}/a/best.safetensors`, "a");
          assert.equal(images.length, 8);
          for (const { files } of images) {
            for (const path of Object.values(files as Record<string, string>)) await Deno.stat(path);
          }

          // A PyTorch file has no description of the model.
          const { code, stderr } = await runTaskProcess("convert", [
            `${runs}/a/best.safetensors`,
            `${runs}/a/best.pth`,
          ]);
          assert.equal(code, 0, stderr);
          const again = await predict(`${runs}/a/best.pth`, "b");
          assert.equal(again.images.length, 8);
        }))
    )
  ));

Deno.test("tasks in a chain: import of a zip of images and masks, train with its classes, predict", () =>
  inTempFolder((elsewhere) =>
    inDatasetFolder((_, data) =>
      inProjectFolder("runs", (_, runs) =>
        inProjectFolder("predictions", async (_, predictions) => {
          const files: Record<string, Uint8Array> = {};
          for (let i = 1; i <= 10; i++) {
            const image = spots(i);
            // The brightest pixels are one class, the darkest another.
            const labels = Uint8Array.from(
              { length: 64 * 64 },
              (_, at) => image.data[3 * at]! > 150 ? 200 : image.data[3 * at]! < 10 ? 100 : 0,
            );
            files[`set/Images/case-${i}.png`] = await encodeRgbPng(image);
            files[`set/Ground Truth/case_${i}_GT.png`] = labelPng({ width: 64, height: 64 }, labels);
          }
          const zip = join(elsewhere, "masks.zip");
          await Deno.writeFile(zip, makeZip(files));
          const report = await run("import", zip, "--output", `${data}/set`);
          assert.deepEqual(report.classes.map(({ name }: { name: string }) => name), ["100", "200"]);
          const counts = report.splits.map(({ images }: { images: number }) => images);
          assert.deepEqual(counts, [6, 2, 2]);
          await Deno.stat(report.overview);

          const where = ["--data", `${data}/set`, "--cache", `${data}/.cache`, "--run", `${runs}/a`];
          const settings = ["--filters", "2", "--size", "64", "--batch-size", "4", "--epochs", "2"];
          const trained = await run("train", ...where, ...settings);
          assert.equal(trained.outcome, "finished");

          const from = ["--run", `${runs}/a`, "--output", `${predictions}/a`];
          const { images } = await run("predict", `${data}/set/test`, ...from);
          assert.equal(images.length, 2);
          for (const name of ["100", "200"]) assert.ok(JSON.stringify(images[0]).includes(`"${name}"`), name);
        }))
    )
  ));
