import assert from "node:assert/strict";
import { join } from "node:path";
import type { TrackingBackend } from "../../src/tracking/backend.ts";
import { readRunLog, RunLog } from "../../src/tracking/run_log.ts";
import { openTracker, Tracker, type TrackerOptions } from "../../src/tracking/tracker.ts";
import { startSwanLabServer } from "../support/swanlab_server.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";
import { type Message, readSwanLab, readTensorBoard } from "../support/tracking_files.ts";

const PNG = Uint8Array.of(1, 2, 3);
const START = new Date(2026, 0, 2, 3, 4, 5);
const SWANLOG = "swanlog/run-20260102_030405-abc12345";

const options = (runFolder: string, more: Partial<TrackerOptions> = {}): TrackerOptions => ({
  runFolder,
  runId: "abc12345",
  project: "tumors",
  config: { filters: 8 },
  startedAt: START,
  tensorboard: true,
  swanlab: "offline",
  ...more,
});

/** The epochs in the log and in both backends. */
async function epochs(
  runFolder: string,
): Promise<{ log: number[]; tensorboard: number[]; swanlab: number[] }> {
  const [events] = await filesUnder(join(runFolder, "tb"));
  const tensorboard = readTensorBoard(await Deno.readFile(join(runFolder, "tb", events!)));
  const isScalar = (event: Message) =>
    event.has(5) && event.message(5).messages(1).some((value) => value.has(2));
  const swanlab = readSwanLab(await Deno.readFile(join(runFolder, SWANLOG, "run-abc12345.swanlab"))).records;
  return {
    log: (await readRunLog(runFolder)).map(({ epoch }) => epoch),
    tensorboard: tensorboard.filter(isScalar).map((event) => event.int(2)),
    swanlab: swanlab.filter((record) => record.has(13)).map((record) => record.message(13).int(2)),
  };
}

/** The state in the last record of the offline run: 1 finished, 2 crashed, 3 aborted. */
async function endState(runFolder: string): Promise<number> {
  const { records } = readSwanLab(await Deno.readFile(join(runFolder, SWANLOG, "run-abc12345.swanlab")));
  return records.at(-1)!.message(11).int(1);
}

Deno.test("openTracker: writes the log, TensorBoard's files and the offline run", () =>
  inTempFolder(async (folder) => {
    const tracker = await openTracker(options(folder));
    await tracker.epoch(1, { loss: 0.5 });
    await tracker.image("figure", 1, PNG, 7, 5, "one");
    await tracker.text("note", 1, "hello");
    await tracker.epoch(2, { loss: 0.25 });
    await tracker.finish("finished");
    await tracker.finish("crashed", "too late");
    const files = await filesUnder(folder);
    assert.deepEqual(files.map((name) => name.replace(/[0-9a-f]{8}\.(png|__)/, "HASH.$1")), [
      "config.json",
      "metrics.jsonl",
      `${SWANLOG}/files/config.yaml`,
      `${SWANLOG}/files/swanlab-metadata.json`,
      `${SWANLOG}/media/image/001-HASH.png`,
      `${SWANLOG}/media/text/001-HASH.__swanlab__.txt`,
      `${SWANLOG}/run-abc12345.swanlab`,
      `tb/events.out.tfevents.${START.getTime() / 1000}.unet.0.0`,
    ]);
    assert.deepEqual(await epochs(folder), { log: [1, 2], tensorboard: [1, 2], swanlab: [1, 2] });
    assert.equal(await endState(folder), 1);
    assert.equal(tracker.syncCommand(), `swanlab sync ${join(folder, SWANLOG)} -i abc12345`);
  }));

Deno.test("openTracker: writes only the log if all backends are off", () =>
  inTempFolder(async (folder) => {
    const tracker = await openTracker(options(folder, { tensorboard: false, swanlab: "off" }));
    await tracker.epoch(1, { loss: 0.5 });
    await tracker.finish("finished");
    assert.deepEqual(await filesUnder(folder), ["config.json", "metrics.jsonl"]);
    assert.equal(tracker.syncCommand(), null);
  }));

Deno.test("openTracker: nothing written names this machine, its folders or its user", () =>
  inTempFolder(async (folder) => {
    const secret = join(folder, "patients", "Ann Lee.jpg");
    const tracker = await openTracker(
      options(folder, { config: { data: folder, notes: [`from ${folder}/x`], deep: { cwd: Deno.cwd() } } }),
    );
    await tracker.epoch(1, { loss: 0.5 });
    await tracker.image("figure", 1, PNG, 7, 5, `of "${secret}"`);
    await tracker.text("note", 1, `read ${folder}/a.png`);
    await tracker.finish("crashed", `Cannot decode "${secret}": truncated`);
    const hostname = (await Deno.readTextFile("/etc/hostname").catch(() => "")).trim();
    const forbidden = [
      Deno.cwd(),
      folder,
      "Ann Lee",
      "/home/",
      "/root",
      "/Users/",
      "C:\\",
      Deno.execPath(),
      "github.com",
    ];
    if (hostname.length > 3) forbidden.push(hostname);
    for (const name of await filesUnder(folder)) {
      const bytes = new TextDecoder("latin1").decode(await Deno.readFile(join(folder, name)));
      for (const word of forbidden) {
        assert.ok(!bytes.includes(word), `${name} holds "${word}"`);
        assert.ok(!name.includes(word), `${name} is named after "${word}"`);
      }
    }
    assert.deepEqual(JSON.parse(await Deno.readTextFile(join(folder, "config.json"))), {
      data: "<path>",
      notes: ["from <path>"],
      deep: { cwd: "<path>" },
    });
  }));

Deno.test("openTracker: resume leaves every epoch once in every backend, and refills a missing one", () =>
  inTempFolder(async (folder) => {
    const tracker = await openTracker(options(folder));
    for (const epoch of [1, 2, 3]) await tracker.epoch(epoch, { loss: 1 / epoch });
    await tracker.finish("aborted");
    assert.equal(await endState(folder), 3);

    await assert.rejects(openTracker(options(folder)), /already has 3 epochs/);
    const resumed = await openTracker(options(folder, { resume: 2 }));
    for (const epoch of [3, 4]) await resumed.epoch(epoch, { loss: 1 / epoch });
    await resumed.finish("finished");
    assert.deepEqual(await epochs(folder), {
      log: [1, 2, 3, 4],
      tensorboard: [1, 2, 3, 4],
      swanlab: [1, 2, 3, 4],
    });
    assert.equal(await endState(folder), 1);

    await Deno.remove(join(folder, "tb"), { recursive: true });
    await Deno.remove(join(folder, "swanlog"), { recursive: true });
    await (await openTracker(options(folder, { resume: 4 }))).finish("finished");
    assert.deepEqual(await epochs(folder), {
      log: [1, 2, 3, 4],
      tensorboard: [1, 2, 3, 4],
      swanlab: [1, 2, 3, 4],
    });
  }));

Deno.test("openTracker: refuses invalid options before anything is written", () =>
  inTempFolder(async (folder) => {
    const online = { apiKey: "", host: "http://127.0.0.1:1" };
    await assert.rejects(
      openTracker(options(folder, { swanlab: "online" })),
      /no API key\nhint: set SWANLAB_API_KEY/,
    );
    await assert.rejects(openTracker(options(folder, { swanlab: "online", online })), /no API key/);
    await assert.rejects(openTracker(options(folder, { project: "a b" })), RangeError);
    const badHost = { apiKey: "k", host: "ftp://x" };
    await assert.rejects(openTracker(options(folder, { swanlab: "online", online: badHost })), TypeError);
    assert.deepEqual(await filesUnder(folder), []);
  }));

Deno.test("Tracker: refuses names that SwanLab would not accept", () =>
  inTempFolder(async (folder) => {
    const tracker = await openTracker(options(folder));
    await assert.rejects(tracker.epoch(1, { "/loss": 1 }), RangeError);
    await assert.rejects(tracker.image("", 1, PNG, 1, 1), RangeError);
    await tracker.finish("finished");
    assert.deepEqual((await epochs(folder)).log, []);
  }));

Deno.test("Tracker: a failing backend is reported once, does not stop the others, and is caught up", () =>
  inTempFolder(async (folder) => {
    const taken: number[] = [], notes: string[] = [];
    let broken = false;
    const backend: TrackingBackend = {
      name: "Fragile",
      get lastStep() {
        return taken.at(-1) ?? -1;
      },
      scalars(step) {
        if (broken) return Promise.reject(new Error("No space left on device"));
        taken.push(step);
        return Promise.resolve();
      },
      image: () => Promise.resolve(),
      text: () => Promise.resolve(),
      finish: () => Promise.resolve(),
    };
    const tracker = new Tracker(await RunLog.open(folder, {}), [backend], (note) => notes.push(note));
    await tracker.epoch(1, { loss: 1 });
    broken = true;
    for (const epoch of [2, 3]) await tracker.epoch(epoch, { loss: 1 });
    assert.deepEqual(taken, [1]);
    broken = false;
    await tracker.epoch(4, { loss: 1 });
    await tracker.finish("finished");
    assert.deepEqual(taken, [1, 2, 3, 4]);
    assert.deepEqual(notes, ["Fragile is incomplete, training continues: No space left on device"]);
    assert.deepEqual((await readRunLog(folder)).map(({ epoch }) => epoch), [1, 2, 3, 4]);
  }));

Deno.test("Tracker: a disk that fails costs a note and no epoch, one that is full ends the training", () =>
  inTempFolder(async (folder) => {
    const notes: string[] = [];
    await Deno.writeTextFile(join(folder, "tb"), "a file in the place of a folder");
    const tracker = await openTracker(options(folder, { onNote: (note) => notes.push(note) }));
    assert.match(notes.join(), /^a tracking file cannot be opened, training continues without it: /);
    await tracker.epoch(1, { loss: 1 });
    const { syncData } = Deno.FsFile.prototype;
    const failing = (message: string) => {
      Deno.FsFile.prototype.syncData = () => Promise.reject(new Error(message));
    };
    try {
      failing("Input/output error (os error 5)");
      for (const epoch of [2, 3]) await tracker.epoch(epoch, { loss: 1 / epoch });
      failing("No space left on device (os error 28)");
      await assert.rejects(tracker.epoch(4, { loss: 1 }), /^Error: Cannot log epoch 4: No space left/);
    } finally {
      Deno.FsFile.prototype.syncData = syncData;
    }
    const told = notes.filter((note) =>
      /^metrics\.jsonl is incomplete, training continues: Input/.test(note)
    );
    assert.equal(told.length, 1);
    await tracker.epoch(4, { loss: 1 / 4 });
    await tracker.finish("finished");
    assert.deepEqual((await readRunLog(folder)).map(({ epoch }) => epoch), [1, 2, 3, 4]);
  }));

Deno.test("openTracker: online sends the run live and keeps the offline run", () =>
  inTempFolder(async (folder) => {
    await using server = startSwanLabServer();
    const notes: string[] = [];
    const online = { apiKey: "key-1", host: server.host, flushSeconds: 0.01 };
    const tracker = await openTracker(
      options(folder, { swanlab: "online", online, onNote: (note) => notes.push(note) }),
    );
    await tracker.epoch(1, { loss: 0.5 });
    await tracker.image("figure", 1, PNG, 7, 5);
    await server.until("PUT", "/store/media/image/001-039058c6.png");
    await tracker.finish("finished");
    assert.equal(server.seen("POST", "/house/metrics")[0]!.body.metrics[0].data, 0.5);
    assert.equal(server.requests.at(-1)!.body.state, "FINISHED");
    assert.deepEqual(await epochs(folder), { log: [1], tensorboard: [1], swanlab: [1] });
    assert.deepEqual(notes, [`SwanLab shows this run at ${server.host}/@ann/tumors/runs/abc12345`]);
  }));

Deno.test("openTracker: without network, training continues and the offline run is complete", () =>
  inTempFolder(async (folder) => {
    const notes: string[] = [];
    const online = { apiKey: "key-1", host: "http://127.0.0.1:9", finishSeconds: 0.2 };
    const tracker = await openTracker(
      options(folder, { swanlab: "online", online, onNote: (note) => notes.push(note) }),
    );
    for (const epoch of [1, 2, 3]) await tracker.epoch(epoch, { loss: 0.5 });
    await tracker.finish("finished");
    assert.deepEqual(await epochs(folder), { log: [1, 2, 3], tensorboard: [1, 2, 3], swanlab: [1, 2, 3] });
    assert.equal(await endState(folder), 1);
    assert.match(notes.at(-1)!, /lacks a part of this run: it could not be reached in time/);
  }));

Deno.test("openTracker: online stays live while training's thread is blocked, as by the GPU", () =>
  inTempFolder(async (folder) => {
    const server = new Worker(new URL("../support/swanlab_server_worker.ts", import.meta.url), {
      type: "module",
    });
    // deno-lint-ignore no-explicit-any
    const answer = () => new Promise<any>((resolve) => server.onmessage = ({ data }) => resolve(data));
    const host = await answer();
    const online = { apiKey: "key-1", host, flushSeconds: 0.01, timeoutSeconds: 0.5 };
    const tracker = await openTracker(options(folder, { swanlab: "online", online }));
    await tracker.epoch(1, { loss: 0.5 });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
    const woke = Date.now();
    server.postMessage("what has arrived?");
    const arrivals: { path: string; at: number }[] = await answer();
    await tracker.finish("finished");
    server.terminate();
    const sent = arrivals.find(({ path }) => path === "/house/metrics");
    assert.ok(sent && sent.at < woke, "the epoch was not sent while the thread was blocked");
  }));
