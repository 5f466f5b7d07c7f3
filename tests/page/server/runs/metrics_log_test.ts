/** A run's log as it grows, is damaged, and is written again. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { MetricsLog, parseEpochLine } from "../../../../src/page/server/runs/metrics_log.ts";
import { inTempFolder } from "../../../support/temp_folder.ts";

const line = (epoch: number, loss = 1 / epoch) =>
  `${JSON.stringify({ epoch, time: "2026-01-02T03:04:05.000Z", "valid/loss": loss })}\n`;
const epochs = (log: MetricsLog) => log.lines.map(({ epoch }) => epoch);

Deno.test("MetricsLog: reads what is new, whole lines only, and leaves out what is damaged", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "metrics.jsonl");
    const append = (text: string) => Deno.writeTextFile(path, text, { append: true });
    const log = new MetricsLog(path);
    assert.equal(await log.refresh(), false);
    await append(line(1));
    assert.equal(await log.refresh(), true);
    assert.deepEqual(log.lines, [{
      epoch: 1,
      time: "2026-01-02T03:04:05.000Z",
      metrics: { "valid/loss": 1 },
    }]);
    assert.equal(await log.refresh(), false);
    const [first] = log.lines;

    await append(line(2).slice(0, 20));
    await log.refresh();
    assert.deepEqual([epochs(log), log.damaged], [[1], 0]);
    await append(line(2).slice(20));
    await log.refresh();
    assert.deepEqual([epochs(log), log.damaged], [[1, 2], 0]);
    assert.equal(log.lines[0], first);

    await append(`{"epoch": 3, "ti\n\n[]\n"3"\n{"epoch":1.5}\n\xff\xfe\n${line(4)}`);
    await log.refresh();
    assert.deepEqual([epochs(log), log.damaged, log.generation], [[1, 2, 4], 5, 0]);
  }));

Deno.test("MetricsLog: a log that was written again, cut, or is gone is read from its beginning", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "metrics.jsonl");
    const log = new MetricsLog(path);
    const expect = async (text: string | null, expected: number[], generation: number) => {
      text === null ? await Deno.remove(path) : await Deno.writeTextFile(path, text);
      await log.refresh();
      assert.deepEqual([epochs(log), log.generation], [expected, generation]);
    };
    await expect(line(1) + line(2), [1, 2], 0);
    // In place and longer, so that only its content tells.
    await expect(line(5) + line(6) + line(7), [5, 6, 7], 1);
    await expect(line(5), [5], 2);
    await expect(null, [], 3);
    await expect(line(1), [1], 3);
    // As an atomic write does it.
    await Deno.writeTextFile(`${path}.new`, line(1) + line(2));
    await Deno.rename(`${path}.new`, path);
    await log.refresh();
    assert.deepEqual([epochs(log), log.generation], [[1, 2], 4]);
  }));

Deno.test("MetricsLog: a long log is read in blocks, and a line longer than one is damaged", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "metrics.jsonl");
    const many = Array.from({ length: 20_000 }, (_, index) => line(index + 1)).join("");
    assert.ok(many.length > 2 ** 20);
    await Deno.writeTextFile(path, many + "x".repeat(2 ** 21) + "\n" + line(20_001));
    const log = new MetricsLog(path);
    await log.refresh();
    assert.equal(log.lines.length, 20_001);
    assert.ok(log.lines.every(({ epoch }, index) => epoch === index + 1));
    assert.ok(log.damaged >= 1);
  }));

Deno.test("parseEpochLine: numbers that JSON lacks are null, other values are left out", () => {
  assert.deepEqual(
    parseEpochLine('{"epoch":7,"time":3,"a":NaN,"b": -Infinity ,"c":null,"d":"NaN","e":[NaN],"__proto__":1}'),
    {
      epoch: 7,
      time: null,
      metrics: Object.fromEntries([["a", null], ["b", null], ["c", null], ["__proto__", 1]]),
    },
  );
  for (const text of ["", "null", "[1]", '{"epoch":"1"}', '{"epoch":-1}', "{epoch:1}"]) {
    assert.equal(parseEpochLine(text), null, text);
  }
});
