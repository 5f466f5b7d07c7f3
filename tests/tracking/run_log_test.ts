import assert from "node:assert/strict";
import { join } from "node:path";
import { readRunLog, RunLog } from "../../src/tracking/run_log.ts";
import { inTempFolder } from "../support/temp_folder.ts";

const TIME = new Date("2026-01-02T03:04:05.678Z");

Deno.test("RunLog: one line per epoch, written at once, read back unchanged", () =>
  inTempFolder(async (folder) => {
    const log = await RunLog.open(join(folder, "run"), { filters: 8 });
    await log.append(1, { trainLoss: 0.5, "valid/dice": NaN }, TIME);
    assert.deepEqual(await readRunLog(join(folder, "run")), [
      { epoch: 1, time: TIME, metrics: { trainLoss: 0.5, "valid/dice": NaN } },
    ]);
    await log.append(2, { trainLoss: 0.25 }, TIME);
    log.close();
    assert.equal(
      await Deno.readTextFile(join(folder, "run", "metrics.jsonl")),
      '{"epoch":1,"time":"2026-01-02T03:04:05.678Z","trainLoss":0.5,"valid/dice":null}\n' +
        '{"epoch":2,"time":"2026-01-02T03:04:05.678Z","trainLoss":0.25}\n',
    );
    assert.deepEqual(JSON.parse(await Deno.readTextFile(join(folder, "run", "config.json"))), { filters: 8 });
  }));

Deno.test("RunLog: refuses repeated, earlier and non-integer epochs, and reserved names", () =>
  inTempFolder(async (folder) => {
    const log = await RunLog.open(folder, {});
    await log.append(3, { a: 1 }, TIME);
    for (const epoch of [3, 2, 3.5, NaN]) {
      await assert.rejects(log.append(epoch, { a: 1 }, TIME), RangeError);
    }
    await assert.rejects(log.append(4, { time: 1 }, TIME), /called "time"/);
    log.close();
    assert.equal((await readRunLog(folder)).length, 1);
  }));

Deno.test("readRunLog: ignores a last line torn anywhere, and refuses a damaged earlier one", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "metrics.jsonl");
    const first = '{"epoch":1,"time":"2026-01-02T03:04:05.678Z","a":1}\n';
    const last = '{"epoch":2,"time":"2026-01-02T03:04:05.678Z","a":2}';
    for (let cut = 0; cut < last.length; cut++) {
      await Deno.writeTextFile(path, first + last.slice(0, cut));
      assert.deepEqual((await readRunLog(folder)).map(({ epoch }) => epoch), [1], `cut at ${cut}`);
    }
    await Deno.writeTextFile(path, first + last);
    assert.deepEqual((await readRunLog(folder)).map(({ epoch }) => epoch), [1, 2]);
    await Deno.writeTextFile(path, last.slice(0, 20) + "\n" + first);
    await assert.rejects(readRunLog(folder), { name: "SyntaxError", message: /line 1 is damaged/ });
    assert.deepEqual(await readRunLog(join(folder, "none")), []);
  }));

Deno.test("RunLog: resume keeps the epochs up to the checkpoint, each once", () =>
  inTempFolder(async (folder) => {
    const log = await RunLog.open(folder, { a: 1 });
    for (const epoch of [1, 2, 3]) await log.append(epoch, { loss: 1 / epoch }, TIME);
    log.close();
    await Deno.writeTextFile(join(folder, "metrics.jsonl"), '{"epoch":4,"ti', { append: true });

    await assert.rejects(RunLog.open(folder, {}), /already has 3 epochs\nhint: .*--resume/);
    const resumed = await RunLog.open(folder, { a: 2 }, 2);
    assert.deepEqual(resumed.epochs.map(({ epoch }) => epoch), [1, 2]);
    await resumed.append(3, { loss: 9 }, TIME);
    resumed.close();
    const lines = await readRunLog(folder);
    assert.deepEqual(lines.map(({ epoch, metrics }) => [epoch, metrics["loss"]]), [[1, 1], [2, 0.5], [3, 9]]);
    assert.deepEqual(JSON.parse(await Deno.readTextFile(join(folder, "config.json"))), { a: 2 });
  }));

Deno.test("RunLog: a run that stopped before its first epoch can be started again", () =>
  inTempFolder(async (folder) => {
    (await RunLog.open(folder, {})).close();
    (await RunLog.open(folder, {})).close();
    assert.deepEqual(await readRunLog(folder), []);
  }));

Deno.test("RunLog: a full disk gives a hint and leaves complete lines only", () =>
  inTempFolder(async (folder) => {
    const script = join(folder, "script.ts");
    const module = JSON.stringify(new URL("../../src/tracking/run_log.ts", import.meta.url).href);
    await Deno.writeTextFile(
      script,
      `import { RunLog } from ${module};
      const log = await RunLog.open(${JSON.stringify(join(folder, "run"))}, {});
      const metrics = Object.fromEntries(Array.from({ length: 40 }, (_, i) => ["metric" + i, 1 / (i + 3)]));
      try {
        for (let epoch = 1;; epoch++) await log.append(epoch, metrics, new Date());
      } catch (error) {
        console.log(error.message);
      }`,
    );
    const config = new URL("../../deno.json", import.meta.url).pathname;
    // The shell's limit on the file size stops a write halfway, like a full disk.
    const run =
      `trap '' XFSZ; ulimit -f 8; exec deno run -q --no-lock --no-check --config ${config} -P=test ${script}`;
    const { stdout } = await new Deno.Command("sh", { args: ["-c", run] }).output();
    const message = new TextDecoder().decode(stdout);
    assert.match(
      message,
      /^Cannot log epoch \d+: File too large.*\nhint: the last checkpoint is intact; .*--resume\n$/,
    );
    const failed = Number(/\d+/.exec(message)![0]);
    const text = await Deno.readTextFile(join(folder, "run", "metrics.jsonl"));
    assert.equal(text.trimEnd().split("\n").length, failed - 1);
    assert.ok(failed > 2 && text.endsWith("}\n"));
  }));
