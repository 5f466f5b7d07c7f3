import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import type { TrainRunOptions } from "../../src/training/run_job.ts";
import { trainRun } from "../../src/training/train_run.ts";
import { readModel } from "../../src/unet/model_format.ts";
import { writeClassDataset } from "../support/class_dataset.ts";
import { openTestGpu } from "../support/test_gpu.ts";
import { inTempFolder } from "../support/temp_folder.ts";
import { TINY } from "../support/tiny_data.ts";

// Shares the adapter of the test process.
await openTestGpu();

Deno.test("trainRun: classes and head are those of the annotations; what is annotated under ignored pixels has no effect", () =>
  inTempFolder(async (folder) => {
    const options = (name: string): TrainRunOptions => ({
      folder: join(folder, "runs", name),
      dataFolder: join(folder, name),
      cacheFolder: join(folder, "cache"),
      config: { ...TINY, epochs: 1 },
      classes: { merge: ["eye=disc+cup"] },
      tracking: { swanlab: "off", tensorboard: false },
      samples: 0,
    });
    for (const name of ["a", "b"]) {
      await writeClassDataset(join(folder, name), { ignored: true, splits: { train: 5, valid: 2 } });
      if (name === "b") {
        const path = join(folder, name, "train", "_annotations.coco.json");
        const coco = JSON.parse(await Deno.readTextFile(path));
        const corner = [[48, 48, 64, 48, 64, 64, 48, 64]];
        coco.annotations.push({ id: 99, image_id: 1, category_id: 3, segmentation: corner });
        await Deno.writeTextFile(path, JSON.stringify(coco));
      }
      const { outcome } = await trainRun(options(name));
      strictEqual(outcome, "finished");
    }
    const best = (name: string) => Deno.readFile(join(options(name).folder, "best.safetensors"));
    const [a, b] = await Promise.all([readModel(await best("a")), readModel(await best("b"))]);
    deepStrictEqual(a.state, b.state);
    deepStrictEqual(a.description.metrics, { ...b.description.metrics, ...timesOf(a.description.metrics) });
    deepStrictEqual(a.description.classes, [
      { name: "eye", color: "#e69f00", categories: ["disc", "cup"] },
      { name: "vessel", color: "#56b4e9" },
    ]);
    strictEqual(a.description.network.head, "softmax");
    deepStrictEqual(a.description.data!.classes, ["eye", "vessel"]);
    const config = JSON.parse(await Deno.readTextFile(join(options("a").folder, "config.json")));
    deepStrictEqual([config.classes, config.merge, config.head], [
      ["eye", "vessel"],
      ["eye=disc+cup"],
      "softmax",
    ]);
    // The checkpoint keeps what was chosen: nothing is left to do, and nothing is refused.
    const { classes: _, config: __, ...rest } = options("a");
    const resumed = await trainRun({ ...rest, resume: true });
    strictEqual(resumed.epochs, 1);
  }));

/** What no two runs have in common. */
function timesOf(metrics: Readonly<Record<string, number | null>> = {}): Record<string, number | null> {
  const names = ["seconds", "samples_per_second"];
  return Object.fromEntries(Object.entries(metrics).filter(([name]) => names.includes(name)));
}
