/** Which model files a choice stands for; none of them is read. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ENSEMBLE_FORMAT } from "../../src/prediction/ensemble_file.ts";
import { findModels } from "../../src/prediction/find_models.ts";
import { findModelFile } from "../../src/prediction/load_model.ts";
import { inTempFolder } from "../support/temp_folder.ts";

const FILE = {
  format: ENSEMBLE_FORMAT,
  members: "folds",
  count: 2,
  dataFolder: "dataset",
  config: {},
  asked: {},
  data: { train: "a", valid: "b" },
  images: [{ split: "train", name: "1.png", sha256: "c", group: 0, fold: 1 }],
};

/** Runs of one model and of two folds, the latter being the newest. */
function withRuns(body: (runs: string, at: (...parts: string[]) => string) => Promise<void>): Promise<void> {
  return inTempFolder(async (runs) => {
    const at = (...parts: string[]) => join(runs, ...parts);
    for (const [index, run] of ["single", "both/folds/0", "both/folds/1"].entries()) {
      await Deno.mkdir(at(run), { recursive: true });
      await Deno.writeTextFile(at(run, "best.safetensors"), "");
      await Deno.utime(at(run, "best.safetensors"), 1000 + index, 1000 + index);
    }
    await Deno.writeTextFile(at("both/ensemble.json"), JSON.stringify(FILE));
    await body(runs, at);
  });
}

const best = "best.safetensors";

Deno.test("findModels: files, runs, and the run of folds, which is all of its models", () =>
  withRuns(async (runs, at) => {
    const folds = [at("both/folds/0", best), at("both/folds/1", best)];
    assert.deepEqual(await findModels({ model: [at("single", best), at("single")] }), {
      paths: [at("single", best), at("single", best)],
      ensemble: null,
    });
    const both = await findModels({ run: [at("both")] });
    assert.deepEqual(both.paths, folds);
    assert.deepEqual(both.ensemble, { folder: at("both"), file: FILE });
    assert.deepEqual((await findModels({ run: [at("both/folds/1")] })).paths, [folds[1]]);
    assert.deepEqual((await findModels({ run: [at("single"), at("both")] })).ensemble, null);
    assert.deepEqual(await findModels({ runs }), both, "the newest run");
    await Deno.utime(at("single", best), 2000, 2000);
    assert.deepEqual((await findModels({ runs })).paths, [at("single", best)]);
  }));

Deno.test("findModels: says which models are missing, and what is no such file", () =>
  withRuns(async (_, at) => {
    await Deno.remove(at("both/folds/1", best));
    await assert.rejects(findModels({ run: [at("both")] }), (error: Error) => {
      assert.match(
        error.message,
        /1 of 2 folds has no best\.safetensors\nhint: deno task train --resume --run /,
      );
      return true;
    });
    await assert.rejects(findModels({ run: [at("none")] }), /Cannot find a model in .*none.*\nhint: /);
    for (
      const broken of [
        "{",
        JSON.stringify({ ...FILE, count: 1 }),
        JSON.stringify({ ...FILE, members: "../x" }),
      ]
    ) {
      await Deno.writeTextFile(at("both/ensemble.json"), broken);
      await assert.rejects(findModels({ run: [at("both")] }), { name: "SyntaxError", message: /\nhint: / });
    }
  }));

Deno.test("findModelFile: of several models one must be named", () =>
  withRuns(async (_, at) => {
    const message = /it holds 2 models, not one\nhint: name one of them, such as .*both.folds.0/;
    await assert.rejects(findModelFile({ model: at("both") }), message);
    await assert.rejects(findModelFile({ run: at("both") }), message);
  }));
