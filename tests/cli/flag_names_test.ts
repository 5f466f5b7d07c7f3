import assert from "node:assert/strict";
import { runInProcess } from "../support/run_task.ts";
import { command as bench } from "../../tasks/bench.ts";
import { command as evaluate } from "../../tasks/evaluate.ts";
import { command as inspect } from "../../tasks/inspect.ts";
import { command as predict } from "../../tasks/predict.ts";
import { command as split } from "../../tasks/split.ts";
import { command as train } from "../../tasks/train.ts";

Deno.test("peerFlagHint: a flag as peers call it is answered with the task's own, or why there is none", async () => {
  const cases = [
    [train, "--lr", "use --learning-rate"],
    [train, "--lr=1e-3", "use --learning-rate"],
    [train, "--batch", "use --batch-size"],
    [train, "--batch_size", "use --batch-size"],
    [train, "--learningRate", "use --learning-rate"],
    [train, "-b", "use --batch-size"],
    [bench, "--bs", "use --batch"],
    [train, "--imgsz", "use --size"],
    [train, "--img-size", "use --size"],
    [train, "--out", "use --run"],
    [predict, "--out", "use --output"],
    [train, "--ckpt", "use --resume"],
    [train, "--pretrained", "use --init"],
    [evaluate, "--weights", "use --model"],
    [predict, "--conf", "use --threshold"],
    [train, "--augmentation", "use --augment"],
    [predict, "--augment", "use --flips"],
    [train, "--device", "leave it out: the GPU is used if there is one; --software uses the CPU"],
    [train, "--workers", "leave it out: images are read by as many workers as there are cores"],
    [train, "--val", "deno task split DATA --valid SHARE divides a dataset into train, valid and test"],
    [train, "--test-size", "deno task split DATA --test SHARE divides a dataset into train, valid and test"],
    [split, "--val", "use --valid"],
    [train, "--num-classes", "use --classes"],
    [inspect, "--data", "give it without a flag: deno task inspect [data]"],
    [predict, "--source", "give it without a flag: deno task predict <path...>"],
  ] as const;
  for (const [make, flag, hint] of cases) {
    const command = make();
    const { code, stderr } = await runInProcess(command, [flag]);
    assert.deepEqual([code, stderr], [2, `error: unknown option '${flag}'\nhint: ${hint}\n`], command.name());
  }
});

Deno.test("peerFlagHint: other unknown flags get the nearest flag, or nothing", async () => {
  const near = await runInProcess(train(), ["--epocs"]);
  assert.equal(near.stderr, "error: unknown option '--epocs'\n(Did you mean --epochs?)\n");
  assert.equal((await runInProcess(train(), ["--xyz"])).stderr, "error: unknown option '--xyz'\n");
});
