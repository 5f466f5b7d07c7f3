import assert from "node:assert/strict";
import { join } from "node:path";
import type { ModelList } from "../../../src/page/api/model.ts";
import { startBoard } from "../../../src/page/server/serve.ts";
import { spotModel } from "../../support/spot_model.ts";
import { inTempFolder } from "../../support/temp_folder.ts";

Deno.test("api/models: the given model, then those of runs from the newest on, each with its file", () =>
  inTempFolder(async (folder) => {
    const runs = join(folder, "runs");
    const metrics = { "valid/dice": 0.75 };
    const files = {
      "old #1": spotModel({ metrics, classes: [{ name: "<b>lung</b>", color: "#ff0080" }] }),
      new: spotModel({ epoch: 9 }),
      damaged: new Uint8Array(30),
      short: new Uint8Array(3),
    };
    for (const [index, [name, bytes]] of Object.entries(files).entries()) {
      await Deno.mkdir(join(runs, name), { recursive: true });
      const path = join(runs, name, "best.safetensors");
      await Deno.writeFile(path, bytes);
      await Deno.utime(path, 100 + index, 100 + index);
    }
    await Deno.mkdir(join(runs, "begun"));
    const given = join(folder, "mine.safetensors");
    await Deno.writeFile(given, spotModel({ size: 64 }));

    await using board = await startBoard({ runs, data: folder, model: given, port: 0 });
    const list = await (await fetch(`${board.address}api/models`)).json() as ModelList;
    assert.deepEqual(
      list.models.map(({ name, size, epoch, dice, classes }) => ({ name, size, epoch, dice, classes })),
      [
        { name: "mine", size: 64, epoch: 7, dice: null, classes: [{ name: "foreground", color: "#e69f00" }] },
        { name: "new", size: 32, epoch: 9, dice: null, classes: [{ name: "foreground", color: "#e69f00" }] },
        {
          name: "old #1",
          size: 32,
          epoch: 7,
          dice: 0.75,
          classes: [{ name: "<b>lung</b>", color: "#ff0080" }],
        },
      ],
    );
    assert.equal(list.models[2]!.trained, "1970-01-01T00:01:40.000Z");
    assert.ok(list.models[0]!.parameters > 1000);
    assert.deepEqual(list.problems.length, 2);
    assert.match(list.problems.map(({ message }) => message).join(), /Cannot read safetensors/);
    for (const [index, expected] of [spotModel({ size: 64 }), files.new, files["old #1"]].entries()) {
      const { url, byteLength } = list.models[index]!;
      const response = await fetch(new URL(url, board.address));
      assert.equal(response.headers.get("content-length"), `${byteLength}`);
      assert.deepEqual(new Uint8Array(await response.arrayBuffer()), expected);
    }
    for (const id of ["run ..", "run begun", "run ", "given2", "run new/../old #1"]) {
      const response = await fetch(`${board.address}api/models/${encodeURIComponent(id)}`);
      assert.equal(response.status, 404, id);
      assert.match((await response.json()).error, /Cannot find the model/);
    }
  }));
