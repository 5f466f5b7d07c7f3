/** Runs over HTTP: their table, one run as its log grows, and its samples. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { RunDetail, RunList } from "../../../../src/page/api/runs.ts";
import { eventStream } from "../../../../src/page/server/event_stream.ts";
import { startBoard } from "../../../../src/page/server/serve.ts";
import { readEvents } from "../../../support/event_source.ts";
import { inTempFolder } from "../../../support/temp_folder.ts";
import { writeFiles } from "../../../support/coco.ts";

const line = (epoch: number, dice: number | null = epoch / 10) =>
  `${JSON.stringify({ epoch, time: new Date(1e9 + epoch).toISOString(), "valid/dice": dice, seconds: 2 })}\n`;

const CONFIG = JSON.stringify({ recipe: "strong", epochs: 4, patience: 8, memory_bytes: 12345 });

/** Calls `body` with the folder of runs and the address of a board that shows it. */
function withRuns(body: (runs: string, api: string) => Promise<void>): Promise<void> {
  return inTempFolder(async (runs) => {
    await using board = await startBoard({ runs, port: 0 });
    await body(runs, `${board.address}api/`);
  });
}

const getJson = async <T>(url: string): Promise<T> => (await fetch(url)).json();

/** A valid name on this system, with everything that HTML, URLs and paths could trip over. */
const ODD = `<img src=x onerror=alert(1)> & "q" 'a' %2e%2e?#\\ ünï-`;

Deno.test("api/runs: every run, whatever its files and its name look like, and nothing that is none", () =>
  withRuns(async (runs, api) => {
    await writeFiles(runs, {
      "done/config.json": CONFIG,
      "done/metrics.jsonl": [1, 2, 3, 4].map((epoch) => line(epoch)).join(""),
      "torn/config.json": CONFIG.slice(0, 20),
      "torn/metrics.jsonl": `${line(1)}nonsense\n${line(2, null)}{"epoch": 3, "ti`,
      "empty/config.json": "",
      "empty/metrics.jsonl": "",
      "list/config.json": "[]",
      "checkpoint/checkpoint.safetensors": "nonsense",
      "odd/metrics.jsonl/inner": "",
      "odd/config.json/inner": "",
      "no-run/notes.txt": "",
      ".hidden/metrics.jsonl": line(1),
      "file": "",
      [`${ODD}/metrics.jsonl`]: line(1),
    });
    const list = await getJson<RunList>(`${api}runs`);
    assert.equal(list.folder, runs);
    assert.deepEqual(
      list.runs.map(({ name, state, epoch, bestDice }) => [name, state, epoch, bestDice]),
      [
        [ODD, "crashed", 1, 0.1],
        ["checkpoint", "crashed", 0, null],
        ["done", "finished", 4, 0.4],
        ["empty", "crashed", 0, null],
        ["list", "crashed", 0, null],
        ["odd", "unknown", 0, null],
        ["torn", "crashed", 2, 0.1],
      ],
    );
    const problems = Object.fromEntries(list.runs.map(({ name, problems }) => [name, problems]));
    assert.deepEqual(problems.done, []);
    assert.deepEqual(problems.torn!.map((problem) => problem.split(":")[0]), [
      "metrics.jsonl",
      "config.json",
    ]);
    assert.match(problems.torn![0]!, /1 line cannot be read$/);
    assert.match(problems.list![0]!, /^config\.json: it is not an object$/);
    assert.match(problems.odd![0]!, /metrics\.jsonl": it is a folder/);
    assert.match(problems.checkpoint![0]!, /^checkpoint\.safetensors: /);

    const odd = await getJson<RunDetail>(`${api}runs/${encodeURIComponent(ODD)}`);
    assert.deepEqual(odd.lines.map(({ epoch }) => epoch), [1]);
    const done = await getJson<RunDetail>(`${api}runs/done`);
    assert.deepEqual(done.config, JSON.parse(CONFIG));
    assert.equal(done.summary.memoryBytes, 12345);
    assert.deepEqual(
      done.lines.map(({ metrics }) => metrics["valid/dice"]),
      [0.1, 0.2, 0.3, 0.4],
    );
    for (const name of ["no-run", ".hidden", "file", "..", "done/..", "missing"]) {
      const response = await fetch(`${api}runs/${encodeURIComponent(name)}`);
      assert.equal(response.status, 404, name);
      await response.body?.cancel();
    }
  }));

Deno.test("api/runs: no folder is no run, and a hundred runs are all there", () =>
  inTempFolder(async (folder) => {
    const runs = join(folder, "runs");
    await using board = await startBoard({ runs, port: 0 });
    const get = () => getJson<RunList>(`${board.address}api/runs`);
    assert.deepEqual((await get()).runs, []);
    const text = Array.from({ length: 50 }, (_, index) => line(index + 1)).join("");
    for (let run = 0; run < 100; run++) {
      await Deno.mkdir(join(runs, `run-${run}`), { recursive: true });
      await Deno.writeTextFile(join(runs, `run-${run}`, "metrics.jsonl"), text);
    }
    await new Promise((resolve) => setTimeout(resolve, 450));
    const list = await get();
    assert.equal(list.runs.length, 100);
    assert.ok(list.runs.every(({ bestDice, epoch }) => bestDice === 5 && epoch === 50));
  }));

Deno.test("api/runs/:run/events: the whole run, then each line within a second; again when it is written again", () =>
  withRuns(async (runs, api) => {
    const metrics = join(runs, "live/metrics.jsonl");
    await writeFiles(runs, { "live/config.json": CONFIG, "live/metrics.jsonl": line(1) });
    await using events = await readEvents(`${api}runs/live/events`);
    const first: RunDetail = await events.next("run");
    assert.deepEqual([first.lines.length, first.summary.epoch, first.summary.epochs], [1, 1, 4]);

    const append = (text: string) => Deno.writeTextFile(metrics, text, { append: true });
    const started = performance.now();
    await append(line(2));
    assert.deepEqual(await events.next("lines"), [{
      epoch: 2,
      time: new Date(1e9 + 2).toISOString(),
      metrics: { "valid/dice": 0.2, seconds: 2 },
    }]);
    assert.ok(performance.now() - started < 1000);
    assert.equal((await events.next("summary")).bestDice, 0.2);

    // Half a line is none; it is sent when it is whole.
    await append(line(3).slice(0, 10));
    await new Promise((resolve) => setTimeout(resolve, 300));
    await append(line(3).slice(10) + line(4));
    assert.deepEqual((await events.next("lines")).map(({ epoch }: { epoch: number }) => epoch), [3, 4]);
    assert.equal((await events.next("summary")).state, "finished");

    await writeFiles(runs, { "live/samples/epoch-0004-1.png": "four" });
    const [sample] = await events.next("samples");
    assert.deepEqual([sample.sample, sample.epoch, sample.file], [1, 4, "epoch-0004-1.png"]);
    const image = await fetch(`${api}runs/live/samples/${sample.file}`);
    assert.deepEqual([image.status, image.headers.get("content-type")], [200, "image/png"]);
    assert.equal(await image.text(), "four");
    for (const name of ["epoch-0003-1.png", "..%2Fconfig.json", "config.json"]) {
      const response = await fetch(`${api}runs/live/samples/${name}`);
      assert.equal(response.status, 404, name);
      await response.body?.cancel();
    }

    await Deno.writeTextFile(metrics, line(1, 0.9));
    const again: RunDetail = await events.next("run");
    assert.deepEqual([again.lines.length, again.summary.bestDice], [1, 0.9]);
    await Deno.remove(join(runs, "live"), { recursive: true });
    await events.next("gone");
    await writeFiles(runs, { "live/metrics.jsonl": line(1) });
    assert.equal((await events.next("run")).lines.length, 1);
  }));

Deno.test("eventStream: a turn that fails is told once, and so is the next that does not", async () => {
  const failures = ["a", "a", "b", null, null];
  const closing = new AbortController();
  const response = eventStream({
    signal: closing.signal,
    everyMs: 5,
    poll(send) {
      const failure = failures.shift();
      if (failure) return Promise.reject(new Error(`${failure}\nat`));
      if (failures.length === 0) closing.abort();
      send("fine", 1);
      return Promise.resolve();
    },
  });
  const events = (await response.text()).split("\n\n").filter((text) => text.startsWith("event"));
  assert.deepEqual(events, [
    'event: problem\ndata: {"error":"a"}',
    'event: problem\ndata: {"error":"b"}',
    "event: fine\ndata: 1",
    'event: problem\ndata: {"error":null}',
  ]);
});

Deno.test("api/events/runs: runs that appear, change and vanish", () =>
  withRuns(async (runs, api) => {
    await using events = await readEvents(`${api}events/runs`);
    const names = async () => (await events.next("runs")).runs.map(({ name }: { name: string }) => name);
    assert.deepEqual(await names(), []);
    await writeFiles(runs, { "a/metrics.jsonl": line(1) });
    assert.deepEqual(await names(), ["a"]);
    await Deno.writeTextFile(join(runs, "a/metrics.jsonl"), line(2), { append: true });
    assert.equal((await events.next("runs")).runs[0].epoch, 2);
    await Deno.remove(join(runs, "a"), { recursive: true });
    assert.deepEqual(await names(), []);
  }));
