/**
 * What each task can and cannot do, whatever its code tries: a script that runs under the task's permission set tries
 * everything. And what each task does without permissions: it names the missing one, and leaves nothing behind.
 *
 * A symbolic link in the dataset is followed, because Deno checks the path that it is given. Only `convert` can create
 * one, and `unzip` rejects archives that contain one. The tests in tests/tasks/ prove that each task works with its own
 * set.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { cocoText, spots, writeFiles } from "../support/coco.ts";
import { inProjectCopy, outcome, scriptIn } from "../support/project_copy.ts";
import { spotModel } from "../support/spot_model.ts";
import { serveFile } from "../support/zip_server.ts";
import { readConfiguration, ROOT } from "./files.ts";

/** What the script tries; `OUTSIDE` is a folder next to the project, `PORT` that of a server. */
const DEEDS = {
  "read the dataset": `Deno.readTextFileSync("dataset/inside.txt")`,
  "write the dataset": `Deno.writeTextFileSync("dataset/new.txt", "")`,
  "remove from the dataset": `Deno.removeSync("dataset/old.txt")`,
  "write prepared images": `Deno.writeTextFileSync("dataset/.cache/new.txt", "")`,
  "write the folder of bench": `Deno.writeTextFileSync("dataset/.bench/new.txt", "")`,
  "read runs": `Deno.readTextFileSync("runs/inside.txt")`,
  "write runs": `Deno.writeTextFileSync("runs/new.txt", "")`,
  "read predictions": `Deno.readTextFileSync("predictions/inside.txt")`,
  "write predictions": `Deno.writeTextFileSync("predictions/new.txt", "")`,
  "read the code": `Deno.readTextFileSync("src/inside.txt")`,
  "write the code": `Deno.writeTextFileSync("src/new.txt", "")`,
  "connect to the loopback server": `await (await fetch("http://127.0.0.1:PORT/")).arrayBuffer()`,
  "read the project": `Deno.readTextFileSync("deno.json")`,
  "read outside": `Deno.readTextFileSync("OUTSIDE/secret.txt")`,
  "read outside through ..": `Deno.readTextFileSync("dataset/../../secret.txt")`,
  "write the project": `Deno.writeTextFileSync("deno.json", "{}")`,
  "write outside": `Deno.writeTextFileSync("OUTSIDE/new.txt", "")`,
  "write outside through ..": `Deno.writeTextFileSync("dataset/../../new.txt", "")`,
  "write a name with the same prefix": `Deno.writeTextFileSync("dataset.txt", "")`,
  "link to outside": `Deno.symlinkSync("OUTSIDE", "dataset/way-out")`,
  "remove outside": `Deno.removeSync("OUTSIDE/old.txt")`,
  "write temporary files": `Deno.removeSync(Deno.makeTempFileSync())`,
  "connect to another name of this machine": `await fetch("http://localhost:PORT/")`,
  "connect to another host": `await fetch("http://192.0.2.1:PORT/")`,
  "open a connection": `await Deno.connect({ hostname: "192.0.2.1", port: 9 })`,
  "listen": `Deno.listen({ hostname: "0.0.0.0", port: 0 }).close()`,
  "read SwanLab's key": `Deno.env.get("SWANLAB_API_KEY")`,
  "read an environment variable": `Deno.env.get("SECRET")`,
  "read the environment": `Deno.env.toObject()`,
  "run deno": `new Deno.Command("deno", { args: ["--version"] }).outputSync()`,
  "run another program": `new Deno.Command("sh", { args: ["-c", "true"] }).outputSync()`,
  "load a library": `Deno.dlopen("libc.so.6", {})`,
  "query the user": `Deno.uid()`,
  "query the load": `Deno.loadavg()`,
  "query the machine's name": `Deno.hostname()`,
} as const;

type Deed = keyof typeof DEEDS;

const DATASET: Deed[] = ["read the dataset"];
const WRITE_DATASET: Deed[] = [
  ...DATASET,
  "write the dataset",
  "remove from the dataset",
  "write prepared images",
  "write the folder of bench",
];
const READ_ALL: Deed[] = [
  ...DATASET,
  "read runs",
  "read predictions",
  "read the code",
  "read the project",
  "read outside",
  "read outside through ..",
];

/** Of tasks that write a file to where the user says, but never into the code. */
const WRITE_DOCUMENTS: Deed[] = [
  ...READ_ALL,
  ...WRITE_DATASET,
  "write runs",
  "write predictions",
  "write outside",
  "write outside through ..",
  "write a name with the same prefix",
  "remove outside",
  "link to outside",
  "write temporary files",
];

/** What each task may do; everything else must fail. */
const ALLOWED: Record<string, Deed[]> = {
  doctor: ["read the code", "query the user", "write prepared images"],
  download: [...WRITE_DATASET, "connect to the loopback server"],
  unzip: WRITE_DATASET,
  import: [...READ_ALL, ...WRITE_DATASET],
  // For the contact sheet of --figure.
  inspect: [...WRITE_DATASET, "read the code"],
  split: [...WRITE_DATASET, "read the code"],
  masks: WRITE_DATASET,
  phantom: [...WRITE_DATASET, "read the code"],
  train: [
    ...DATASET,
    "read the code",
    "write prepared images",
    "read runs",
    "write runs",
    "read SwanLab's key",
  ],
  evaluate: [...DATASET, "read the code", "write prepared images", "read runs", "write runs"],
  predict: [...READ_ALL, "write predictions", "write prepared images"],
  convert: WRITE_DOCUMENTS,
  report: WRITE_DOCUMENTS,
  card: [...DATASET, "read runs", "write runs"],
  board: [
    ...DATASET,
    "read runs",
    "read the code",
    "write prepared images",
    "connect to the loopback server",
  ],
  // What it writes is the folder `site`.
  page: [...DATASET, "read runs", "read the code"],
  // Timed kernel choices are kept next to prepared images.
  bench: [
    "read the code",
    "write the folder of bench",
    "write prepared images",
    "run deno",
    "query the load",
  ],
  demo: [
    ...WRITE_DATASET,
    "read runs",
    "write runs",
    "read predictions",
    "write predictions",
    "read the code",
  ],
  compile: ["read the code", "run deno"],
  test: [...READ_ALL, "run deno"],
  ok: ["run deno"],
};

/** The permission set of a task; "test" is the set of the tests, which the task starts. */
const setOf = (task: string) => task === "test" ? "run-tests" : task;

Deno.test("permissions: every task is covered", () => {
  assert.deepEqual(Object.keys(ALLOWED), Object.keys(readConfiguration().tasks));
});

for (const [task, allowed] of Object.entries(ALLOWED)) {
  Deno.test(`permissions: ${task} may ${[...new Set(allowed)].join(", ")}, and nothing else`, () =>
    inProjectCopy(async (project, dataset) => {
      await using server = serveFile(new Uint8Array(1));
      const outside = join(project, "..");
      const inside = ["dataset", "runs", "predictions", "src"].map((name) => `project/${name}/inside.txt`);
      await writeFiles(
        outside,
        Object.fromEntries(
          [...inside, "project/dataset/old.txt", "secret.txt", "old.txt"].map((path) => [path, "content"]),
        ),
      );
      for (const name of [".cache", ".bench"]) await Deno.mkdir(join(dataset, name));
      const configuration = await Deno.readTextFile(join(project, "deno.json"));

      const tries = Object.entries(DEEDS).map(([deed, code]) =>
        `await attempt(${JSON.stringify(deed)}, async () => { ${code}; });`
      ).join("\n").replaceAll("OUTSIDE", outside).replaceAll("PORT", new URL(server.url).port);
      const script = join(project, "script.ts");
      await Deno.writeTextFile(
        script,
        `const outcomes = {};
        async function attempt(deed, act) {
          try { await act(); outcomes[deed] = "done"; } catch (error) { outcomes[deed] = error.name; }
        }
        ${tries}
        console.log(JSON.stringify(outcomes));`,
      );
      const { code, stdout, stderr } = await outcome(scriptIn(project, setOf(task), script));
      assert.equal(code, 0, stderr);
      const expected = Object.keys(DEEDS).map((deed) => [
        deed,
        allowed.includes(deed as Deed) ? "done" : "NotCapable",
      ]);
      assert.deepEqual(JSON.parse(stdout), Object.fromEntries(expected));

      const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
      const may = (deed: Deed, name: string) => allowed.includes(deed) ? [name] : [];
      const old = allowed.includes("remove outside") ? [] : ["old.txt"];
      assert.deepEqual(names(outside), [...may("write outside", "new.txt"), ...old, "project", "secret.txt"]);
      assert.deepEqual(
        names(project).filter((name) => name !== "dataset.txt"),
        ["dataset", "deno.json", "deno.lock", "predictions", "runs", "script.ts", "src"],
      );
      assert.equal(await Deno.readTextFile(join(project, "deno.json")), configuration);
      assert.equal(server.requests.length, allowed.includes("connect to the loopback server") ? 1 : 0);
    }));
}

Deno.test("permissions: only download connects to other hosts, those of its default address; board listens on this machine", () => {
  const { tasks, permissions } = readConfiguration();
  for (const task of Object.keys(tasks)) {
    const { net } = permissions[setOf(task)]!;
    const hosts = [
      "github.com",
      "release-assets.githubusercontent.com",
      "objects.githubusercontent.com",
      "127.0.0.1",
    ];
    const own = task === "board" ? ["127.0.0.1"] : undefined;
    assert.deepEqual(net, task === "download" ? hosts : own, task);
  }
});

/** Arguments for which each task has something to do in the folder of the next test. */
const WORK: Record<string, string[]> = {
  doctor: [],
  download: ["--url", "http://127.0.0.1:9/a.zip"],
  unzip: ["dataset/a.zip"],
  import: ["dataset/train"],
  inspect: [],
  split: [],
  masks: [],
  phantom: ["--train", "1", "--size", "32"],
  train: ["--filters", "1", "--size", "32"],
  evaluate: ["--run", "runs/a", "--split", "train"],
  predict: ["dataset/train", "--run", "runs/a"],
  convert: ["runs/a/best.safetensors", "a.pth"],
  report: ["runs/a"],
  card: ["runs/a"],
  board: [],
  page: ["--run", "runs/a"],
  bench: ["--quick", "--only", "calibration"],
  demo: [],
  compile: [],
  test: [],
  ok: ["--no-tests"],
};

Deno.test("permissions: without any, each task names the missing one, and writes nothing", () =>
  inProjectCopy(async (project, dataset) => {
    assert.deepEqual(Object.keys(WORK), Object.keys(readConfiguration().tasks));
    await writeFiles(project, {
      "dataset/train/_annotations.coco.json": cocoText({ width: 64, height: 64 }, []),
      "dataset/train/1.png": spots(1),
      "dataset/a.zip": "",
      "runs/a/best.safetensors": spotModel(),
    });
    const list = () => [...Deno.readDirSync(project), ...Deno.readDirSync(dataset)].map(({ name }) => name);
    const before = list();
    for (const [task, args] of Object.entries(WORK)) {
      const { code, stderr } = await outcome(
        new Deno.Command("deno", {
          args: [
            ...["run", "-q", "--no-prompt", "--config", join(project, "deno.json")],
            ...[join(ROOT, `tasks/${task}.ts`), ...args],
          ],
          cwd: project,
          env: { NO_COLOR: "1" },
          stdin: "null",
          stdout: "piped",
          stderr: "piped",
        }),
      );
      assert.deepEqual(list(), before, task);
      // The doctor reports what it can: an adapter needs no permission.
      if (task === "doctor") assert.equal(code, 0, stderr);
      else {
        assert.equal(code, 1, `${task}: ${stderr}`);
        assert.match(
          stderr,
          /^error: this task's permission set does not allow \w+ access to \S+\nhint: (if you trust it with that, run: deno run -q -P=[-a-z]+ .*tasks\/[a-z]+\.ts|no task may write).*\n$/,
          `${task}: ${stderr}`,
        );
      }
    }
  }));
