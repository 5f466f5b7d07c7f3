import assert from "node:assert/strict";
import { join } from "node:path";
import { measureDataRoad } from "../../src/benchmark/data_pipeline.ts";
import { inTempFolder } from "../support/temp_folder.ts";

Deno.test("measureDataRoad prepares and serves made-up images, and leaves none behind", () =>
  inTempFolder(async (folder) => {
    const road = await measureDataRoad(join(folder, "made-up"), 2, { seconds: 0, least: 1 });
    assert.deepEqual([road.images, road.fileSize, road.size], [2, 640, 256]);
    for (const rate of [road.preparing, road.serving]) {
      assert.ok(rate.runs === 1 && rate.best > 0 && rate.best === rate.median);
    }
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  }));
