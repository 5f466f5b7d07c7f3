/** Evaluations by several ranks, or in several runs, write what one writes. */
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  runEvaluation,
  runEvaluationOnRanks,
  type RunEvaluationOptions,
} from "../../src/evaluation/run_evaluation.ts";
import type { Predictor } from "../../src/prediction/predictor.ts";
import { ALONE } from "../../src/ranks/share.ts";
import { ranksOf } from "../../src/training/collective.ts";
import { writeClassDataset } from "../support/class_dataset.ts";
import { grayPredictor } from "../support/gray_predictor.ts";
import { memoryCollectives } from "../support/memory_collective.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";

/** Every file of a folder, by name. */
async function contents(folder: string): Promise<Record<string, string>> {
  const names = await filesUnder(folder);
  const entries = names.map(async (name) => [name, (await Deno.readFile(join(folder, name))).toBase64()]);
  return Object.fromEntries(await Promise.all(entries));
}

/** A predictor whose rank is lost at its first batch. */
function lostPredictor(): Predictor {
  const logits = () => Promise.reject(new Error("lost"));
  return new Proxy(grayPredictor(), {
    get: (target, name) => name === "logits" ? logits : Reflect.get(target, name),
  });
}

function withSplit(body: (options: RunEvaluationOptions, folder: string) => Promise<void>): Promise<void> {
  return inTempFolder(async (folder) => {
    const dataFolder = join(folder, "data");
    await writeClassDataset(dataFolder, { splits: { train: 7 } });
    const cacheFolder = join(folder, "cache");
    const common = { dataFolder, cacheFolder, split: "train", audit: true, maps: true };
    await body({ ...common, output: join(folder, "one") }, folder);
  });
}

Deno.test("runEvaluationOnRanks: ranks write the bytes of one, maps and audit included, and leave nothing else", () =>
  withSplit(async (options, folder) => {
    const expected = await runEvaluation(grayPredictor(), options);
    for (const size of [2, 3]) {
      const output = join(folder, `${size}`);
      const ledgers: string[] = [];
      const reports = await Promise.all(
        memoryCollectives(size).map((collective) =>
          runEvaluationOnRanks(grayPredictor(), { ...options, output }, {
            ranks: ranksOf(collective),
            missing: false,
            onLedger: (ledger) => ledgers.push(ledger),
          })
        ),
      );
      assert.equal(ledgers.length, size);
      assert.deepEqual(reports.slice(1), new Array(size - 1).fill(null));
      assert.deepEqual(reports[0]!.summary, expected.summary);
      const [own, other] = [await contents(output), await contents(options.output)];
      assert.deepEqual(Object.keys(own), Object.keys(other));
      // The JSON file names the paths of the others.
      for (const name of Object.keys(own)) {
        if (name !== "train.json") assert.ok(own[name] === other[name], `${size} ranks: ${name} differs`);
      }
      assert.deepEqual(reports[0]!.loss, expected.loss);
    }
  }));

Deno.test("runEvaluationOnRanks: a second run evaluates only what is missing", () =>
  withSplit(async (options, folder) => {
    const expected = await runEvaluation(grayPredictor(), options);
    const output = join(folder, "parts");
    const began = memoryCollectives(2).map(async (collective, rank) => {
      const work = { ranks: ranksOf(collective), missing: true };
      // The first rank then waits for the lost one, until mpirun would end it.
      const done = Promise.withResolvers<void>();
      const onProgress = (count: number, total: number) => count === total && done.resolve();
      const predictor = rank === 0 ? grayPredictor() : lostPredictor();
      const run = runEvaluationOnRanks(predictor, { ...options, output, onProgress }, work);
      await Promise.race([done.promise, run]);
    });
    await Promise.allSettled(began);
    // One map of what is done has gone, as after a kill while maps were put in place.
    const maps = join(output, ".evaluate-train/maps");
    const stored = await filesUnder(maps);
    await Deno.remove(join(maps, stored[0]!));
    const counts: number[][] = [];
    const onProgress = (...count: number[]) => void counts.push(count);
    const shared = { ranks: ALONE, missing: true };
    const report = await runEvaluationOnRanks(grayPredictor(), { ...options, output, onProgress }, shared);
    const all = expected.scores.length;
    assert.ok(counts.length > 1 && counts.length < all, `${counts.length} of ${all}`);
    assert.equal(counts.length, all - stored.length + 1);
    assert.deepEqual(counts.at(-1), [counts.length, counts.length]);
    assert.deepEqual(report!.scores, expected.scores);
    assert.deepEqual(report!.loss, expected.loss);
    assert.deepEqual(report!.audit, expected.audit);
  }));
