import assert from "node:assert/strict";
import { SwanLabOnline, type SwanLabOnlineOptions } from "../../src/tracking/swanlab_online.ts";
import { type SeenRequest, startSwanLabServer, type SwanLabServer } from "../support/swanlab_server.ts";

const RUN = {
  runId: "abc12345",
  project: "tumors",
  workspace: "",
  name: "first",
  description: "",
  config: { filters: 8 },
  startedAt: new Date("2026-01-02T03:04:05.000Z"),
};
const TIME = new Date("2026-01-02T03:05:00.500Z");
const IMAGE = { name: "figure", step: 2, png: Uint8Array.of(1, 2, 3), width: 7, height: 5, caption: "one" };
const FAST = { apiKey: "key-1", flushSeconds: 0.01, retrySeconds: 0.01, finishSeconds: 5, timeoutSeconds: 2 };

const end = (state: "finished" | "crashed" | "aborted" = "finished", message = "") => {
  return { state, message, time: TIME, step: 2, metrics: {} } as const;
};

function open(server: { host: string }, options: Partial<SwanLabOnlineOptions> = {}) {
  const notes: string[] = [];
  const online = new SwanLabOnline(
    RUN,
    { ...FAST, host: server.host, ...options },
    (note) => notes.push(note),
  );
  return { online, notes };
}

/** Key, step and value of every number that the server received, in order. */
function received(server: SwanLabServer, type = "scalar"): unknown[][] {
  return server.seen("POST", "/house/metrics").filter(({ body }) => body.type === type)
    // deno-lint-ignore no-explicit-any
    .flatMap(({ body }) => body.metrics.map((metric: any) => [metric.key, metric.index, metric.data]));
}

Deno.test("SwanLabOnline: a run from login to its end, request by request", async () => {
  await using server = startSwanLabServer();
  const { online, notes } = open(server);
  await online.scalars(1, { "train/loss": 0.5, dice: NaN }, TIME);
  await server.until("POST", "/house/metrics");
  await online.scalars(2, { "train/loss": 0.25 }, TIME);
  await online.image(IMAGE, TIME);
  await online.text({ name: "note", step: 2, text: "**ö**" }, TIME);
  await online.finish(end());

  const steps = server.requests.map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(steps.slice(0, 10), [
    "POST /login/api_key",
    "POST /projects/ann",
    "GET /project/ann/tumors",
    "POST /project/ann/tumors/experiment",
    "PUT /project/ann/tumors/runs/e1/profile",
    "PUT /project/ann/tumors/runs/e1/profile",
    "POST /resources/presigned/put",
    "POST /house/experiments/e1/heartbeat",
    "POST /projects/ann/tumors/series",
    "POST /house/metrics",
  ]);
  assert.equal(steps.at(-1), "PUT /project/ann/tumors/runs/e1/state");
  for (const { headers, path } of server.requests) {
    assert.equal(headers.get("x-swanlab-sdk-version"), "0.9.7", path);
  }
  const [login, project, , experiment, metadata, config, , heartbeat] = server.requests;
  assert.deepEqual([login!.headers.get("authorization"), login!.bytes.length], ["key-1", 0]);
  assert.deepEqual(project!.body, { name: "tumors", visibility: "PRIVATE" });
  assert.deepEqual(experiment!.body, {
    name: "first",
    createdAt: "2026-01-02T03:04:05.000Z",
    colors: ["#528d59", "#528d59"],
    cuid: "abc12345",
  });
  assert.deepEqual(metadata!.body, {
    metadata: { _version: 2, hardware: null, runtime: null, git: null, swanlab: null },
  });
  assert.deepEqual(config!.body, { config: { filters: { value: 8, desc: "", sort: 0 } } });
  assert.deepEqual(heartbeat!.body, { flagId: "123456" });

  const series = server.seen("POST", "/projects/ann/tumors/series").flatMap(({ body }) => body.series);
  assert.deepEqual(series, [
    { key: "train/loss", type: "FLOAT", sectionName: "train" },
    { key: "dice", type: "FLOAT" },
    { key: "figure", type: "IMAGE" },
    { key: "note", type: "TEXT" },
  ]);
  assert.deepEqual(server.seen("POST", "/house/metrics")[0]!.body, {
    type: "scalar",
    projectId: "p1",
    experimentId: "e1",
    metrics: [
      { key: "train/loss", index: 1, data: 0.5, create_time: TIME.toISOString() },
      { key: "dice", index: 1, data: "nan", create_time: TIME.toISOString() },
    ],
  });
  assert.deepEqual(received(server).at(-1), ["train/loss", 2, 0.25]);

  const image = "media/image/002-039058c6.png", text = "media/text/002-";
  const [, presigned] = server.seen("POST", "/resources/presigned/put");
  assert.equal(presigned!.body.experimentId, "e1");
  assert.equal(presigned!.body.paths[0], image);
  assert.ok(presigned!.body.paths[1].startsWith(text));
  const [stored] = server.seen("PUT", `/store/${image}?signed=1`);
  assert.deepEqual([stored!.headers.get("content-type"), [...stored!.bytes]], ["image/png", [1, 2, 3]]);
  assert.equal(stored!.headers.get("cookie"), null, "the session stays with SwanLab");
  const [storedText] = server.seen("PUT", `/store/${text}`);
  assert.equal(new TextDecoder().decode(storedText!.bytes), "**ö**");
  const media = server.seen("POST", "/house/metrics").find(({ body }) => body.type === "media")!.body.metrics;
  assert.deepEqual(media[0], {
    key: "figure",
    index: 2,
    data: [image],
    more: [{ caption: "one" }],
    create_time: TIME.toISOString(),
  });
  assert.deepEqual(media[1].more, []);
  assert.deepEqual(server.requests.at(-1)!.body, {
    state: "FINISHED",
    finishedAt: TIME.toISOString(),
    from: "sdk",
  });
  assert.deepEqual(notes, [`SwanLab shows this run at ${server.host}/@ann/tumors/runs/abc12345`]);
});

Deno.test("SwanLabOnline: a crash sends one error line, then the state; Ctrl-C only the state", async () => {
  await using crashed = startSwanLabServer({ summaries: { log: [{ key: "LOG", step: 4 }] } });
  await open(crashed).online.finish(end("crashed", "NaN at step 7"));
  const [log] = crashed.seen("POST", "/house/metrics");
  assert.deepEqual([log!.body.type, log!.body.metrics], [
    "log",
    [{ level: "ERROR", epoch: 5, message: "NaN at step 7", create_time: TIME.toISOString() }],
  ]);
  assert.equal(crashed.requests.at(-1)!.body.state, "CRASHED");

  await using aborted = startSwanLabServer();
  await open(aborted).online.finish(end("aborted"));
  assert.equal(aborted.seen("POST", "/house/metrics").length, 0);
  assert.equal(aborted.requests.at(-1)!.body.state, "ABORTED");
});

Deno.test("SwanLabOnline: sends a known run's missing steps only", async () => {
  await using server = startSwanLabServer({
    summaries: { scalar: [{ key: "a", step: 2 }], media: [{ key: "figure", step: 2 }], log: [] },
  });
  const { online } = open(server);
  for (const step of [1, 2, 3]) await online.scalars(step, { a: step, b: step }, TIME);
  await online.image(IMAGE, TIME);
  await online.finish(end());
  assert.deepEqual(received(server), [["b", 1, 1], ["b", 2, 2], ["a", 3, 3], ["b", 3, 3]]);
  assert.equal(server.seen("PUT", "/store").length, 0);
  const [summaries] = server.seen("GET", "/house/metrics/summaries");
  assert.equal(summaries!.path, "/house/metrics/summaries/p1/e1?all=True&createdAt=1767323045");
  assert.deepEqual(server.seen("POST", "/projects/ann/tumors/series")[0]!.body.series, [{
    key: "b",
    type: "FLOAT",
  }]);
});

Deno.test("SwanLabOnline: uses the project path of old servers", async () => {
  await using server = startSwanLabServer({
    fail: ({ method, path }) =>
      method === "POST" ? path === "/projects/ann" ? 404 : path === "/project" ? 409 : undefined : undefined,
  });
  await open(server).online.finish(end());
  assert.deepEqual(server.seen("POST", "/project").find(({ path }) => path === "/project")!.body, {
    name: "tumors",
    visibility: "PRIVATE",
    username: "ann",
  });
  assert.equal(server.requests.at(-1)!.body.state, "FINISHED");
});

Deno.test("SwanLabOnline: retries after 500 and 429 until everything has arrived once", async () => {
  const failures = new Map([["/login", 2], ["/projects/ann/tumors/series", 1], ["/house/metrics", 3], [
    "/store",
    1,
  ]]);
  const fail = ({ path }: SeenRequest) => {
    for (const [prefix, left] of failures) {
      if (!path.startsWith(prefix) || left === 0) continue;
      failures.set(prefix, left - 1);
      return left % 2 ? 500 : 429;
    }
    return undefined;
  };
  await using server = startSwanLabServer({ fail });
  const { online, notes } = open(server);
  await online.scalars(1, { a: 1 }, TIME);
  await server.until("POST", "/house/metrics");
  await online.scalars(2, { a: 2 }, TIME);
  await online.image(IMAGE, TIME);
  await online.finish(end());
  assert.deepEqual([...failures.values()], [0, 0, 0, 0]);
  assert.deepEqual(
    received(server).slice(3),
    [["a", 1, 1], ["a", 2, 2]],
    "three failed tries, then each once",
  );
  assert.equal(received(server, "media").length, 1);
  assert.equal(server.requests.at(-1)!.body.state, "FINISHED");
  assert.match(
    notes[0]!,
    /cannot be reached, training continues and retries: POST \/api\/login\/api_key was answered/,
  );
  assert.ok(notes.includes("SwanLab is reachable again"));
});

Deno.test("SwanLabOnline: drops what the server rejects with one note, the rest arrives", async () => {
  await using server = startSwanLabServer({
    fail: ({ path, body }) => path === "/house/metrics" && body.metrics[0].index < 3 ? 422 : undefined,
  });
  const { online, notes } = open(server);
  for (const step of [1, 2, 3]) {
    await online.scalars(step, { a: step }, TIME);
    await server.until("POST", "/projects/ann/tumors/series");
    while (server.seen("POST", "/house/metrics").length < step) {
      await new Promise((done) => setTimeout(done, 5));
    }
  }
  await online.finish(end());
  assert.equal(server.seen("POST", "/house/metrics").length, 3, "a refused batch is not sent again");
  assert.equal(server.requests.at(-1)!.body.state, "FINISHED");
  assert.deepEqual(notes.slice(1), [
    "SwanLab rejected 1 values (scalar): POST /api/house/metrics was answered 422",
    "SwanLab's server lacks a part of this run: POST /api/house/metrics was answered 422",
  ]);
});

Deno.test("SwanLabOnline: a wrong key and a legacy project end it with a note that does not contain the key", async () => {
  await using server = startSwanLabServer();
  const wrong = open(server, { apiKey: "key-2" });
  await wrong.online.scalars(1, { a: 1 }, TIME);
  await wrong.online.finish(end());
  assert.match(wrong.notes[0]!, /training continues: the API key was not accepted \(401\)/);
  assert.ok(!wrong.notes.join().includes("key-2"));
  assert.equal(server.requests.length, 1);

  await using legacy = startSwanLabServer({ version: 0 });
  const old = open(legacy);
  await old.online.finish(end());
  assert.match(old.notes[0]!, /legacy/);
  assert.equal(legacy.seen("POST", "/project/ann/tumors/experiment").length, 0);
});

Deno.test("SwanLabOnline: renews an expired session", async () => {
  let refused = 0;
  await using server = startSwanLabServer({
    fail: ({ path }) => path === "/house/metrics" && refused++ === 0 ? 401 : undefined,
  });
  const { online, notes } = open(server);
  await online.scalars(1, { a: 1 }, TIME);
  await online.finish(end());
  assert.equal(server.seen("POST", "/login").length, 2);
  assert.equal(server.seen("POST", "/house/metrics").length, 2);
  assert.equal(notes.length, 1);
});

Deno.test("SwanLabOnline: a server that never answers delays only the end, for a bounded time", async () => {
  await using server = startSwanLabServer({ fail: () => "hang" });
  const { online, notes } = open(server, { finishSeconds: 0.3, timeoutSeconds: 60 });
  const begin = performance.now();
  for (let step = 1; step <= 100; step++) await online.scalars(step, { a: step }, TIME);
  const queued = performance.now() - begin;
  assert.ok(queued < 100, `100 epochs took ${queued} ms to hand over`);
  await online.finish(end());
  const waited = performance.now() - begin;
  assert.ok(waited < 1500, `the end took ${waited} ms`);
  assert.deepEqual(notes, ["SwanLab's server lacks a part of this run: it could not be reached in time"]);
});

Deno.test("SwanLabOnline: retries a request that hangs", async () => {
  let hung = 0;
  await using server = startSwanLabServer({
    fail: ({ path }) => path === "/house/metrics" && hung++ === 0 ? "hang" : undefined,
  });
  const { online, notes } = open(server, { timeoutSeconds: 0.1 });
  await online.scalars(1, { a: 1 }, TIME);
  await online.finish(end());
  assert.deepEqual(received(server), [["a", 1, 1], ["a", 1, 1]]);
  assert.equal(server.requests.at(-1)!.body.state, "FINISHED");
  assert.equal(notes.filter((note) => note.includes("cannot be reached")).length, 1);
});

Deno.test("SwanLabOnline: waits for a server that starts late and sends everything", async () => {
  const port = freePort();
  const { online, notes } = open({ host: `http://127.0.0.1:${port}` }, { retrySeconds: 0.05 });
  await online.scalars(1, { a: 1 }, TIME);
  while (notes.length === 0) await new Promise((done) => setTimeout(done, 5));
  await using server = startSwanLabServer({ port });
  await online.scalars(2, { a: 2 }, TIME);
  await server.until("POST", "/house/metrics");
  await online.finish(end());
  assert.deepEqual(received(server), [["a", 1, 1], ["a", 2, 2]]);
});

Deno.test("SwanLabOnline: a full queue accepts nothing more, so that the server has no gaps", async () => {
  const port = freePort();
  const { online, notes } = open({ host: `http://127.0.0.1:${port}` }, { queueBytes: 500 });
  for (let step = 1; step <= 50; step++) await online.scalars(step, { a: step }, TIME);
  await using server = startSwanLabServer({ port });
  await server.until("POST", "/house/metrics");
  await online.scalars(51, { a: 51 }, TIME);
  await online.finish(end());
  assert.deepEqual(received(server), [["a", 1, 1], ["a", 2, 2]]);
  assert.equal(
    notes.filter((note) => note.includes("queue of unsent items is full")).length,
    2,
    notes.join("\n"),
  );
});

Deno.test("SwanLabOnline: refuses an invalid host at once", () => {
  assert.throws(() => open({ host: "ftp://x" }), { name: "TypeError", message: /"ftp:\/\/x"/ });
});

Deno.test("SwanLabOnline: names a host that the permissions do not allow, without a prompt", async () => {
  const { online, notes } = open({ host: "https://swanlab.example.com/some/path" });
  await online.finish(end());
  assert.match(notes[0]!, /do not allow swanlab\.example\.com; add --allow-net=swanlab\.example\.com/);
});

Deno.test("SwanLabOnline: names the host that stores images before there is one; numbers arrive", async () => {
  await using server = startSwanLabServer({ storage: "https://bucket.example.com" });
  const { online, notes } = open(server);
  await server.until("POST", "/house/experiments/e1/heartbeat");
  const flag = "--allow-net=127.0.0.1,bucket.example.com";
  assert.match(notes[1]!, new RegExp(`lack the images, .* do not allow bucket.example.com; add ${flag}$`));
  await online.scalars(1, { loss: 0.5 }, TIME);
  await online.image(IMAGE, TIME);
  await online.finish(end());
  assert.deepEqual(received(server), [["loss", 1, 0.5]]);
  assert.equal(
    notes.filter((note) => note.includes(flag)).length,
    2,
    "once, and at the end: " + notes.join("\n"),
  );
});

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
