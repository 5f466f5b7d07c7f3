import assert from "node:assert/strict";
import { join } from "node:path";
import { measureDataPipeline } from "../../src/benchmark/data_pipeline.ts";
import { inTempFolder } from "../support/temp_folder.ts";

Deno.test("measureDataPipeline: prepares and batches synthetic images, and removes them", () =>
  inTempFolder(async (folder) => {
    const pipeline = await measureDataPipeline(join(folder, "synthetic"), 2, { seconds: 0, least: 1 });
    assert.deepEqual([pipeline.images, pipeline.fileSize, pipeline.size], [2, 640, 256]);
    for (const rate of [pipeline.preparing, pipeline.serving]) {
      assert.ok(rate.runs === 1 && rate.best > 0 && rate.best === rate.median);
    }
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  }));
