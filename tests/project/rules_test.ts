/** Rules that all files of the project obey. */
import assert from "node:assert/strict";
import { projectFiles, readConfiguration, readProject } from "./files.ts";

const TEXT = [".ts", ".js", ".json", ".md", ".wgsl", ".sh", ".ci/run", ".py", ".gitignore", "LICENSE"];

/** Every matching line of the given files, as `path:line: text`. */
function lines(files: string[], pattern: RegExp): string[] {
  return files.flatMap((path) =>
    readProject(path).split("\n").flatMap((text, index) =>
      pattern.test(text) ? [`${path}:${index + 1}: ${text.trim().slice(0, 120)}`] : []
    )
  );
}

Deno.test("rules: no file names a home folder or a package registry", () => {
  // Brackets keep the patterns from matching themselves. Tests may name a home folder as an example.
  const machines = /(^|[^\w.-])\/(roo[t]|wor[k])\/\w/;
  const people = /(^|[^\w.-])\/(hom[e]|User[s])\/\w/;
  const hosts =
    /registr[y]\.npmjs|registr[y]\.yarnpkg|deb\.debia[n]|archive\.ubunt[u]|npm[.]jsr\.io|npmmirro[r]/;
  const files = projectFiles(...TEXT);
  assert.deepEqual(lines(files, machines), []);
  assert.deepEqual(lines(files.filter((path) => !path.startsWith("tests/")), people), []);
  assert.deepEqual(lines(files, hosts), []);
});

Deno.test("rules: nothing runs with all permissions", () => {
  assert.deepEqual(lines(projectFiles(...TEXT), /(^|[\s"'`])(-[A]|--allow-al[l])\b/), []);
  const { permissions } = readConfiguration();
  for (const [set, { all, ffi, ...rest }] of Object.entries(permissions)) {
    assert.ok(all === undefined && ffi === undefined, `set "${set}" is too wide`);
    for (const name of ["run", "net", "env", "sys", "write"]) {
      // Only tests may write anywhere: they need temporary folders.
      if (set === "test" && name === "write") continue;
      assert.notEqual(rest[name], true, `set "${set}" allows every "${name}"`);
    }
  }
});

Deno.test("rules: SECURITY.md names the tasks that may start programs", () => {
  const { tasks, checks, permissions } = readConfiguration();
  const starting = Object.entries({ ...tasks, ...checks })
    .filter(([, command]) => "run" in permissions[/-P=([\w-]+)/.exec(command)![1]!]!)
    .map(([name]) => name);
  const sentence = /only ([^.]*?)\s+start other programs\./.exec(readProject("SECURITY.md"))![1]!;
  assert.deepEqual([...sentence.matchAll(/`(.*?)`/g)].map(([, name]) => name).sort(), starting.sort());
});

Deno.test("rules: each task has its own permission set and its file", () => {
  const { tasks, checks, permissions } = readConfiguration();
  const files = projectFiles(".ts");
  for (const [name, command] of Object.entries(checks)) {
    const [, set, file] = /^deno run -q -P=([\w-]+) (tests\/\S+)$/.exec(command) ?? [];
    assert.equal(set, name.replace(":", "-"));
    assert.ok(set! in permissions && files.includes(file!), command);
  }
  for (const [name, command] of Object.entries(tasks)) {
    // The set "test" is that of the tests, which the task starts.
    const set = name === "test" ? "run-tests" : name;
    assert.equal(command, `deno run -q -P=${set} tasks/${name}.ts`);
    assert.ok(set in permissions, `no permission set "${set}"`);
    assert.ok(files.includes(`tasks/${name}.ts`), `task "${name}" has no file`);
  }
});

Deno.test("rules: packages have exact versions, and the lock is frozen", () => {
  const { imports, ...rest } = readConfiguration();
  for (const [name, target] of Object.entries(imports)) {
    assert.match(target, /^npm:\/?[@\w./-]+@\d+\.\d+\.\d+\/?$/, `"${name}" has no exact version`);
  }
  assert.deepEqual((rest as unknown as { lock: unknown }).lock, { path: "./deno.lock", frozen: true });
});

Deno.test("rules: kernels and the network do not use Deno, and the device is named only where it is opened, diagnosed or timed", () => {
  const within = (...folders: string[]) =>
    projectFiles(".ts").filter((path) => folders.some((folder) => path.startsWith(folder)));
  assert.deepEqual(lines(within("kernels/", "src/unet/"), /\bDeno\./), []);
  const device = /\bGPU(Device|Adapter|Queue|ShaderModule)\b|navigator\.gpu/;
  const others = within("kernels/", "src/", "tasks/").filter((path) =>
    !path.startsWith("src/gpu/") &&
    !["src/host/diagnose.ts", "src/benchmark/opening_process.ts"].includes(path)
  );
  assert.deepEqual(lines(others, device), []);
  // Commands go through `Gpu`, which throws what the device reported; several timed passes in one submission are the
  // exception.
  const direct = within("kernels/", "src/", "tasks/").filter((path) =>
    !path.startsWith("src/gpu/") &&
    /gpu\.device\b|\bdevice\.queue\b|\bcreateCommandEncoder\b/.test(readProject(path))
  );
  assert.deepEqual(direct, ["src/benchmark/gaps.ts"]);
});

Deno.test("rules: text reaches the terminal in one place, which escapes it", () => {
  const files = projectFiles(".ts").filter((path) =>
    (path.startsWith("src/") || path.startsWith("tasks/")) && path !== "src/cli/terminal.ts"
  );
  const ways =
    /(?<!\* )console\.|process\.(stdout|stderr)|Deno\.(stdout|stderr)(?!\.isTerminal\(\))|Deno\[|\bstd(out|err)\.write|(alert|prompt|confirm)\(/;
  // A process whose parent reads one line of JSON.
  const found = lines(files, ways).filter((line) => !line.startsWith("src/benchmark/opening_process.ts:"));
  assert.deepEqual(found, []);
  // A line that quotes a message or a name has no further line in it; errors are cut by `errorLines`.
  const quoting = /writeStd(err|out)\(\s*`[^`]*\$\{(note|message|reason|name|image|file|target)\}/;
  const ownWords = /^(src\/cli\/(interrupt_worker|test_run)|tasks\/ok)\.ts:/;
  assert.deepEqual(lines(files, quoting).filter((line) => !ownWords.test(line)), []);
  assert.deepEqual(
    lines(files, /`error: \$\{(?!errorLines\(|plural\()/).filter((line) => !ownWords.test(line)),
    [],
  );
  // What is not escaped is named: the product's own control sequences, and the output of its own programs.
  const raw = files.filter((path) => /\b(moveCursor|passThrough)\(/.test(readProject(path)));
  assert.deepEqual(raw, [
    "src/cli/deno_command.ts",
    "src/cli/interrupt_worker.ts",
    "src/cli/progress.ts",
    "src/cli/train_view.ts",
  ]);
  assert.deepEqual(lines(raw, /moveCursor\((?!CONTROL\.)/), []);
});

Deno.test("rules: files are read whole only by src/fs, which checks kind and size first", () => {
  const files = projectFiles(".ts").filter((path) =>
    path.startsWith("src/") && !path.startsWith("src/benchmark/") && !path.startsWith("src/fs/")
  );
  // The project's own tests, its own phantoms, and two places of the system's and of its own cache.
  const own = [
    "src/cli/test_groups.ts",
    "src/phantom/phantom.ts",
    "src/host/driver.ts",
    "src/host/kernel_memory.ts",
  ];
  assert.deepEqual(
    lines(files.filter((path) => !own.includes(path)), /Deno\.read(Text)?File(Sync)?\(|\.readable\b/),
    [],
  );
});

Deno.test("rules: no worker copies the environment", () => {
  // Without `env` a Node worker reads all of it, and Deno prompts for permission on a terminal.
  const threads = projectFiles(".ts").filter((path) =>
    path.startsWith("src/") && readProject(path).includes("node:worker_threads")
  );
  const started = lines(threads, /new Worker\(/);
  assert.ok(started.length > 0);
  assert.deepEqual(started.filter((line) => !line.includes("{ env: {} }")), []);
});

Deno.test("rules: file names are in snake case, and each test file has tests", () => {
  const odd = projectFiles(".ts", ".wgsl").filter((path) =>
    !/^([a-z0-9_]+\/)*[a-z0-9_]+(\.d)?\.\w+$/.test(path)
  );
  assert.deepEqual(odd, []);
  const tests = projectFiles("_test.ts").filter((path) => path.startsWith("tests/"));
  assert.ok(tests.length > 0);
  assert.deepEqual(
    tests.filter((path) => !/\b(Deno\.test|softwareTest|it|test)\(/.test(readProject(path))),
    [],
  );
  // As options of a test; a dataset may well have `ignore`.
  const off = /Deno\.test\.(ignor[e]|onl[y])|(Deno\.test\([^"`]*|^\s*|name: .*)\b(ignore|only): tru[e]/;
  assert.deepEqual(lines(projectFiles("_test.ts"), off), []);
});
