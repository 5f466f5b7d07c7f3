import assert from "node:assert/strict";
import { join } from "node:path";
import { makeZip } from "../support/archives.ts";
import { inProjectCopy, outcome, statesUnder, taskIn } from "../support/project_copy.ts";
import { filesUnder } from "../support/temp_folder.ts";
import { serveFile } from "../support/zip_server.ts";

const ZIP = makeZip({ "train/a.bin": "x".repeat(5000) }, 0);

Deno.test("download: writes the zip to dataset/ despite a dropped connection; a second run reports it as present", async () => {
  await inProjectCopy(async (project, dataset) => {
    await using server = serveFile(ZIP, [{ cutAfter: 2000 }, {}]);
    const first = await outcome(taskIn(project, "download", ["--url", server.url]));
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, /^dataset\/file\.zip downloaded: 5\.\d+ KiB, SHA-256 [0-9a-f]{64}\n$/);
    assert.match(first.stderr, /the connection broke off .*; retrying in \d\.\d s\n/);
    assert.match(first.stderr, /^downloading dataset\/file\.zip 5\.\d+ KiB\/5\.\d+ KiB/m);
    assert.deepEqual(await Deno.readFile(join(dataset, "file.zip")), ZIP);
    assert.deepEqual(await filesUnder(dataset), ["file.zip", "file.zip.sha256"]);
    assert.equal(server.requests.length, 2);

    const second = await outcome(taskIn(project, "download", ["--url", server.url, "--json"]));
    assert.equal(second.code, 0, second.stderr);
    const result = JSON.parse(second.stdout);
    assert.equal(result.status, "present");
    assert.equal(result.path, "dataset/file.zip");
    assert.equal(result.byteLength, ZIP.length);
    assert.equal(server.requests.length, 2);
  });
});

Deno.test("download: a killed run is resumed", async () => {
  await inProjectCopy(async (project, dataset) => {
    await using server = serveFile(ZIP, [{ cutAfter: 2000, stall: 60_000 }, {}]);
    const run = taskIn(project, "download", ["--url", server.url]).spawn();
    const drained = Promise.all([run.stdout.cancel(), run.stderr.cancel()]);
    const part = join(dataset, "file.zip.part");
    for (let waits = 0; waits < 500 && (await Deno.stat(part).catch(() => null))?.size !== 2000; waits++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    run.kill("SIGKILL");
    await run.status;
    await drained;
    assert.deepEqual(await filesUnder(dataset), ["file.zip.part", "file.zip.part.json"]);

    const { code, stderr } = await outcome(taskIn(project, "download", ["--url", server.url]));
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^resuming dataset\/file\.zip\.part \(2000 bytes\)/);
    assert.equal(server.requests[1]?.headers.get("range"), "bytes=2000-");
    assert.deepEqual(await Deno.readFile(join(dataset, "file.zip")), ZIP);
  });
});

Deno.test("download: --output chooses the file; a failure gives error, hint and exit code 1", async () => {
  await inProjectCopy(async (project, dataset) => {
    await using server = serveFile(ZIP, [{}, { status: "404 Not Found" }]);
    const args = ["--url", server.url, "--output", "dataset/mine.zip"];
    assert.equal((await outcome(taskIn(project, "download", args))).code, 0);
    assert.deepEqual(await filesUnder(dataset), ["mine.zip", "mine.zip.sha256"]);

    const missing = await outcome(taskIn(project, "download", ["--url", server.url]));
    assert.equal(missing.code, 1);
    assert.equal(missing.stdout, "");
    assert.match(missing.stderr, /^error: Cannot download .* the server answers 404 Not Found\nhint: .*\n$/);
  });
});

Deno.test("download: its permission set allows no other host and no other folder", async () => {
  await inProjectCopy(async (project, dataset) => {
    await using server = serveFile(ZIP);
    const elsewhere = server.url.replace("127.0.0.1", "localhost");
    const host = await outcome(taskIn(project, "download", ["--url", elsewhere]));
    assert.equal(host.code, 1);
    assert.match(
      host.stderr,
      /the permission set does not name the host localhost\nhint: .*--allow-net=localhost/,
    );
    const place = await outcome(taskIn(project, "download", ["--url", server.url, "--output", "../outside"]));
    assert.equal(place.code, 1);
    assert.match(place.stderr, /^error: this task's permission set does not allow /);
    assert.equal(server.requests.length, 0);
    assert.deepEqual(await filesUnder(dataset), []);
    assert.deepEqual([...Deno.readDirSync(join(project, ".."))].map((entry) => entry.name), ["project"]);

    const states = await statesUnder(project, "download", [
      { name: "write", path: "dataset/a.zip" },
      { name: "net", host: "github.com:443" },
      { name: "write", path: "." },
      { name: "read", path: "." },
      { name: "net", host: "example.org" },
      { name: "net" },
      { name: "env" },
      { name: "run" },
      { name: "ffi" },
      { name: "sys" },
    ]);
    assert.deepEqual(states.map((state) => state === "granted"), [true, true, ...Array(8).fill(false)]);
  });
});

Deno.test("download: prints its flags and refuses others", async () => {
  await inProjectCopy(async (project) => {
    const help = await outcome(taskIn(project, "download", ["--help"]));
    assert.equal(help.code, 0, help.stderr);
    for (const flag of ["--url", "--sha256", "--output", "--retries", "--json"]) {
      assert.ok(help.stdout.includes(flag), flag);
    }
    const wrong = await outcome(taskIn(project, "download", ["--sha25"]));
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /Did you mean --sha256/);
  });
});
