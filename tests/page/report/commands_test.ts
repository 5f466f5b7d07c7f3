import assert from "node:assert/strict";
import { givenConfig } from "../../../src/cli/train_options.ts";
import { trainCommand } from "../../../src/page/report/commands.ts";
import type { RunRecords } from "../../../src/page/report/records.ts";
import { LIGHT } from "../../../src/training/augmentation.ts";
import { completeTrainConfig } from "../../../src/training/recipe.ts";
import type { TrainConfig } from "../../../src/training/train_config.ts";
import { command } from "../../../tasks/train.ts";

const recordsOf = (config: Partial<TrainConfig>): RunRecords => ({
  name: "a b",
  folder: "runs/a b",
  epochs: [],
  damagedLines: 0,
  config: { ...completeTrainConfig(config), parameters: 5 },
  progress: null,
  evaluations: [],
  notes: [],
});

/** What `train` would train with. */
async function parsed(line: string) {
  const args = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
  assert.deepEqual(args.slice(0, 3), ["deno", "task", "train"]);
  const train = command();
  let given: Partial<TrainConfig> & Record<string, unknown> = {};
  train.action((options) => {
    given = {
      ...givenConfig(options, (name) => train.getOptionValueSource(name) === "cli"),
      run: options.run,
      classes: options.classes,
      merge: options.merge,
    };
  });
  await train.parseAsync(args.slice(3), { from: "user" });
  return given;
}

Deno.test("trainCommand: gives the settings that it was made from", async () => {
  for (
    const config of [
      {},
      { epochs: 3, batchSize: 7, learningRate: 3e-4, seed: 9, norm: "instance", memory: "low" },
      { recipe: "strong", augment: null, average: 0, warmup: 0.5 },
      { optimizer: "adamw", augment: { ...LIGHT, rotation: 5 }, loss: "focal", precision: "f16" },
      { size: 320, height: 64, depth: 4, fit: "pad" },
      { patch: 128, scale: 0.5, depth: 6 },
    ] as Partial<TrainConfig>[]
  ) {
    const { run, classes: _, merge: __, ...given } = await parsed(trainCommand(recordsOf(config))!);
    assert.equal(run, "runs/a b");
    assert.deepEqual(completeTrainConfig(given), completeTrainConfig(config));
  }
  // What auto chose, wherever the command is typed.
  const chosen = { recipe: "auto", budget: 600, size: 96, depth: 4, filters: 8, warmup: 2 };
  const typed = await parsed(trainCommand(recordsOf(chosen))!);
  const { budget: _, ...kept } = chosen;
  const { run: __, classes: ___, merge: ____, ...settings } = typed;
  assert.deepEqual(completeTrainConfig(settings), completeTrainConfig({ ...kept, recipe: "strong" }));
  const several = { classes: ["a,b", "whole tumor"], merge: ["whole tumor=x+y"], head: "softmax" } as const;
  const { classes, merge, head } = await parsed(trainCommand(recordsOf(several))!);
  assert.deepEqual({ classes, merge, head }, several);
  const begun = {
    init: { model: "runs/a/best.safetensors", sha256: "0a" },
    oversample: 4,
    learningRate: 1e-4,
  };
  const line = trainCommand(recordsOf(begun))!;
  assert.match(line, / --init runs\/a\/best\.safetensors /);
  assert.match(line, / --corrections FILE --oversample 4$/);
  assert.equal((await parsed(line)).learningRate, 1e-4);
  assert.equal(trainCommand({ ...recordsOf({}), config: { recipe: "of another version" } }), null);
});
