/** Folds and seeds of a tiny network: stopped and resumed they are what they would have been. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { askedEnsemble } from "../../src/cli/ensemble_options.ts";
import { type EnsembleOptions, trainEnsemble } from "../../src/ensembles/train_ensemble.ts";
import { makePhantom } from "../../src/phantom/phantom.ts";
import { readEnsembleFile } from "../../src/prediction/ensemble_file.ts";
import { findModels } from "../../src/prediction/find_models.ts";
import { loadModel } from "../../src/prediction/load_model.ts";
import { hashUncalibrated, withCalibration } from "../../src/training/calibrated_model.ts";
import { readProgress } from "../../src/training/checkpoint.ts";
import { trainRun } from "../../src/training/train_run.ts";
import { joinBytes } from "../../src/bytes.ts";
import { spotModel } from "../support/spot_model.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";
import "../support/test_gpu.ts";
import { TINY } from "../support/tiny_data.ts";
import { withRuns } from "../support/tiny_run.ts";

const FOLDS: Partial<EnsembleOptions> = {
  config: { ...TINY, epochs: 2 },
  ensemble: { members: "folds", count: 2 },
};

const CALIBRATION = { temperature: [1.5], images: 4, error: { before: [0.2], after: [0.1] } };

const read = (...path: string[]) => Deno.readFile(join(...path));
const readJson = async (...path: string[]) => JSON.parse(await Deno.readTextFile(join(...path)));

/** Compares everything that folds leave, but for the times in checkpoints and logs. */
async function assertSame(one: string, other: string): Promise<void> {
  const files = (await filesUnder(one)).filter((name) =>
    /ensemble|best\.safetensors|probabilities|reliability/.test(name)
  );
  assert.ok(files.length > 20, files.join());
  for (const name of files) {
    assert.ok(Buffer.from(await read(one, name)).equals(await read(other, name)), `${name} differs`);
  }
}

Deno.test("trainEnsemble: folds hold out every image once, and stopped anywhere they are resumed to the same bytes", () =>
  withRuns(async (run, folder) => {
    const whole = join(folder, "whole");
    const result = await trainEnsemble({ ...run("whole"), ...FOLDS } as EnsembleOptions);
    assert.equal(result.outcome, "finished");
    const { images } = (await readEnsembleFile(whole))!;
    assert.equal(images!.length, 19);
    assert.deepEqual(result.members.map((member) => member.images).sort(), [10, 9].sort());
    assert.equal(new Set(images!.map(({ split, name }) => `${split}/${name}`)).size, 19);
    for (const [fold, { folder: own, best }] of result.members.entries()) {
      const { data } = await readProgress(join(own, "checkpoint.safetensors"));
      const held = images!.filter((image) => image.fold === fold).length;
      assert.deepEqual([data.valid.samples, data.train.samples], [held, 19 - held]);
      assert.equal(hashUncalibrated(await read(own, "best.safetensors")), best!.sha256);
    }
    const losses = result.members.map(({ best }) => best!.metrics["valid/loss"]!);
    const { mean, deviation } = result.spread!["valid/loss"]!;
    assert.ok(Math.abs(mean! - (losses[0]! + losses[1]!) / 2) < 1e-12);
    assert.ok(Math.abs(deviation! - Math.abs(losses[0]! - losses[1]!) / Math.SQRT2) < 1e-12);

    // Every image is predicted by the model that has not seen it, and evaluated.
    const { splits, calibration } = result.outOfFold!;
    assert.deepEqual([splits.train!.images, splits.valid!.images, calibration.images], [10, 9, 19]);
    assert.equal((await readJson(whole, "train.json")).data.heldOut, 10);
    const { paths, ensemble } = await findModels({ run: [whole] });
    assert.equal(paths.length, 2);
    assert.equal(ensemble!.file.members, "folds");
    for (const path of paths) assert.deepEqual((await loadModel(path)).description.calibration, calibration);
    assert.ok(calibration.missed!.images > 0 && calibration.missed!.images <= 19);

    // Stopped within the first fold, and while the images are predicted.
    const torn = join(folder, "torn");
    const stopAt = async (wanted: string, options: Partial<EnsembleOptions>) => {
      const stop = new AbortController();
      const meet = (place: string) => place === wanted && stop.abort(new Error("stopped"));
      const { outcome } = await trainEnsemble(
        { ...run("torn"), ...FOLDS, ...options, signal: stop.signal } as EnsembleOptions,
        {
          onMember: (index) => ({ onEpoch: ({ epoch }) => meet(`fold ${index}, epoch ${epoch}`) }),
          onImages: (what) => meet(what),
        },
      );
      return outcome;
    };
    const again = { resume: true, ensemble: undefined, config: undefined };
    assert.equal(await stopAt("fold 0, epoch 1", {}), "interrupted");
    await assert.rejects(
      findModels({ run: [torn] }),
      /1 of 2 folds has no best.*\nhint: .*--resume --run .*torn/,
    );
    // The rest of the first fold and all of the second.
    assert.equal(await stopAt("measuring what is missed", again), "interrupted");
    assert.equal(await stopAt("nowhere", again), "finished");
    await assertSame(whole, torn);

    // Other settings, another number of folds, a single run, other data.
    const resume = (options: Partial<EnsembleOptions>) =>
      trainEnsemble({ ...run("torn"), config: undefined, resume: true, ...options } as EnsembleOptions);
    await assert.rejects(resume({ config: { epochs: 3 } }), /other settings: epochs was 2, is 3\nhint: /);
    await assert.rejects(resume({ ensemble: { members: "seeds", count: 2 } }), /it has 2 folds, not 2 seeds/);
    await assert.rejects(trainRun({ ...run("torn"), resume: true }), /it holds a run, but no checkpoint/);
    const dataFolder = join(folder, "data");
    await makePhantom(dataFolder, { train: 10, valid: 8, test: 0, size: 32 });
    await assert.rejects(resume({ dataFolder }), /with other data: the valid split has other images/);
  }));

Deno.test("trainEnsemble: seeds differ in nothing else, and the first is the single run", () =>
  withRuns(async (run, folder) => {
    const config = { ...TINY, epochs: 1, seed: 4 };
    const ensemble = { members: "seeds", count: 2 } as const;
    const result = await trainEnsemble({ ...run("seeds"), config, ensemble });
    const seeds = await Promise.all(
      result.members.map(async (member) =>
        (await readProgress(join(member.folder, "checkpoint.safetensors"))).config.seed
      ),
    );
    assert.deepEqual(seeds, [4, 5]);
    assert.equal(result.outOfFold, null);
    await trainRun(run("single", { config }));
    const best = (name: string) => read(folder, name, "best.safetensors");
    assert.ok(Buffer.from(await best("single")).equals(await best("seeds/seeds/0")));
    assert.ok(!Buffer.from(await best("single")).equals(await best("seeds/seeds/1")));
    assert.match(
      await Deno.readTextFile(join(folder, "seeds/ensemble-summary.csv")),
      /^seed,images,epoch,valid\/loss/,
    );
    const other = await trainEnsemble({ ...run("seeds"), config, ensemble, resume: true });
    assert.deepEqual(other.spread, result.spread, "nothing is left to do");

    // A finished run that was calibrated is still itself.
    const calibrated = joinBytes(withCalibration(await best("single"), CALIBRATION)!);
    await Deno.writeFile(join(folder, "single", "best.safetensors"), calibrated);
    assert.equal((await trainRun({ ...run("single"), resume: true, config: {} })).outcome, "finished");
    assert.deepEqual(await best("single"), calibrated);
  }));

Deno.test("withCalibration: adds and removes it, and the rest stays byte for byte", () => {
  const plain = spotModel();
  const added = joinBytes(withCalibration(plain, CALIBRATION)!);
  assert.notDeepEqual(added, plain);
  assert.equal(withCalibration(added, CALIBRATION), null, "it is there already");
  assert.deepEqual(joinBytes(withCalibration(added, null)!), plain);
  const hash = hashUncalibrated(plain);
  assert.equal(hashUncalibrated(added), hash);
  assert.notEqual(hashUncalibrated(added.with(added.length - 1, added.at(-1)! ^ 1)), hash);
});

Deno.test("askedEnsemble: what a command line asks for, and what it may not", async () => {
  await inTempFolder(async (folder) => {
    assert.equal(await askedEnsemble(folder, {}), null);
    assert.equal(await askedEnsemble(folder, { resume: true }), null);
    assert.deepEqual(await askedEnsemble(folder, { folds: 5, group: "none" }), {
      choice: { members: "folds", count: 5, group: "none" },
    });
    assert.deepEqual(await askedEnsemble(folder, { seeds: 3 }), { choice: { members: "seeds", count: 3 } });
    await Deno.writeTextFile(join(folder, "ensemble.json"), "{}");
    assert.deepEqual(await askedEnsemble(folder, { resume: true }), { choice: undefined });
    await assert.rejects(readEnsembleFile(folder), { name: "SyntaxError", message: /\nhint: / });
    const refused = [
      [{ group: "x" }, /--group without --folds/],
      [{ folds: 2, distributed: true }, /several ranks/],
      [{ seeds: 2, corrections: ["a.json"] }, /--corrections/],
      [{ folds: 2, budget: 60 }, /--budget/],
    ] as const;
    for (const [flags, message] of refused) {
      await assert.rejects(
        askedEnsemble(join(folder, "none"), flags),
        (error: Error) =>
          error instanceof RangeError && message.test(error.message) && error.message.includes("\nhint: "),
      );
    }
  });
});
