/** `tasks/run.sh` on machines that lack something. */
import assert from "node:assert/strict";
import { BROWSERS } from "../browser/driver.ts";
import { readConfiguration, ROOT } from "./files.ts";
import { type MachineOptions, onMachine, type Outcome } from "./fake_machine.ts";

const SCRIPT = `${ROOT}/tasks/run.sh`;
const READY: MachineOptions = { deno: "2.9.6", mesa: "25.0.7-2" };
const UPDATE = "apt-get update -qq";
const INSTALL = "apt-get install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends";

async function run(options: MachineOptions, args = ["train", "--epochs", "2"]): Promise<Outcome> {
  return await onMachine(options, SCRIPT, args);
}

Deno.test("run.sh: if nothing is missing, it changes nothing and passes the arguments on unchanged", async () => {
  for (const root of [true, false]) {
    const outcome = await run({ ...READY, root, npm: "writable" }, [
      "predict",
      "a b",
      "--json",
      "$HOME",
      "*",
    ]);
    assert.deepEqual(outcome.calls, ["deno task --quiet predict a b --json $HOME *"]);
    assert.equal(outcome.state, `${ROOT}, update check off: 1\n`);
    assert.equal(outcome.stderr, "");
    assert.equal(outcome.code, 0);
  }
});

Deno.test("run.sh: grants before the task go to Deno; one that it cannot pass on is refused", async () => {
  const grants = ["--allow-read=dataset,/data", "--allow-write=/out"];
  const { calls } = await run(READY, [...grants, "predict", "a b"]);
  assert.deepEqual(calls, [`deno run -q -P=predict ${grants.join(" ")} tasks/predict.ts a b`]);
  const { code, stderr } = await run(READY, ["--allow-read=/my data", "predict", "x"]);
  assert.equal(code, 2);
  assert.match(stderr, /has a blank: give the folder above it/);
});

Deno.test("run.sh: uses any Deno of the series, also from the home folder", async () => {
  assert.deepEqual((await run({ ...READY, deno: "2.9.0" })).calls, ["deno task --quiet train --epochs 2"]);
  const { calls } = await run({ mesa: "25.0.7", homeDeno: "2.9.4", npm: "writable" });
  assert.deepEqual(calls, ["deno task --quiet train --epochs 2"]);
});

Deno.test("run.sh: installs Deno with npm if there is none", async () => {
  const { code, calls, stderr } = await run({ mesa: "25.0.7", npm: "writable" });
  assert.equal(code, 0);
  assert.deepEqual(calls, [
    "npm prefix -g",
    "npm install -g --no-audit --no-fund --loglevel=error deno@2.9.6",
    "deno task --quiet train --epochs 2",
  ]);
  assert.match(stderr, /installing Deno 2\.9\.6/);
});

Deno.test("run.sh: runs Deno through npx if npm cannot install it", async () => {
  const fixed = await run({ mesa: "25.0.7", npm: "fixed" });
  assert.deepEqual(fixed.calls, ["npm prefix -g", "npx --yes deno@2.9.6 task --quiet train --epochs 2"]);
  const failed = await run({ mesa: "25.0.7", npm: "writable", npmFails: true });
  assert.equal(failed.calls.at(-1), "npx --yes deno@2.9.6 task --quiet train --epochs 2");
  assert.equal(failed.code, 0);
});

Deno.test("run.sh: keeps a Deno of another series", async () => {
  const { calls } = await run({ mesa: "25.0.7", deno: "2.10.1", npm: "writable" });
  assert.deepEqual(calls, ["npx --yes deno@2.9.6 task --quiet train --epochs 2"]);
});

Deno.test("run.sh: with neither Deno nor npm it fails and prints the command to run", async () => {
  const { code, stderr, calls } = await run({ mesa: "25.0.7", sudo: true });
  assert.equal(code, 1);
  assert.deepEqual(calls, []);
  assert.match(stderr, /\n {2}sudo sh -c "apt-get install -y npm"\n$/);
});

Deno.test("run.sh: installs Mesa's driver as root on Debian 13 and Ubuntu", async () => {
  for (const system of ["trixie", "noble"] as const) {
    for (const loader of [true, false]) {
      const { code, calls, backportsList } = await run({ deno: "2.9.6", root: true, system, loader });
      assert.equal(code, 0);
      assert.deepEqual(calls, [
        UPDATE,
        `${INSTALL} mesa-vulkan-drivers libvulkan1`,
        "deno task --quiet train --epochs 2",
      ]);
      assert.equal(backportsList, null);
    }
  }
});

Deno.test("run.sh: installs from the backports as root on Debian 12, from the same mirror", async () => {
  const { code, calls, backportsList } = await run({ deno: "2.9.6", root: true, system: "bookworm" });
  assert.equal(code, 0);
  assert.deepEqual(calls, [
    UPDATE,
    UPDATE,
    `${INSTALL} -t bookworm-backports mesa-vulkan-drivers libvulkan1`,
    "deno task --quiet train --epochs 2",
  ]);
  assert.equal(backportsList, "deb http://mirror.example/debian/ bookworm-backports main\n");
});

Deno.test("run.sh: keeps an existing backports source", async () => {
  const { calls, backportsList } = await run({
    deno: "2.9.6",
    root: true,
    system: "bookworm",
    backports: true,
  });
  assert.deepEqual(calls.slice(0, 2), [
    UPDATE,
    `${INSTALL} -t bookworm-backports mesa-vulkan-drivers libvulkan1`,
  ]);
  assert.equal(backportsList, "theirs\n");
});

Deno.test("run.sh: without backports it installs Debian 12's own Mesa, and says that it is slow", async () => {
  const { code, calls, stderr } = await run({
    deno: "2.9.6",
    root: true,
    system: "bookworm",
    aptFails: "backports",
  });
  assert.equal(code, 0);
  assert.deepEqual(calls.slice(-2), [
    `${INSTALL} mesa-vulkan-drivers libvulkan1`,
    "deno task --quiet train --epochs 2",
  ]);
  assert.match(stderr, /7 times slower/);
});

Deno.test("run.sh: fails if the driver cannot be installed", async () => {
  const { code, calls, stderr } = await run({ deno: "2.9.6", root: true, aptFails: "always" });
  assert.equal(code, 1);
  assert.ok(!calls.some((call) => call.startsWith("deno")));
  assert.match(stderr, /could not install mesa-vulkan-drivers/);
  const silent = await run({ deno: "2.9.6", root: true, aptFails: "silently" });
  assert.equal(silent.code, 1);
  assert.match(silent.stderr, /no Vulkan driver was found, although/);
});

Deno.test("run.sh: without root it installs nothing and prints the command to run", async () => {
  const apt = "apt-get update && apt-get install -y";
  const cases: [MachineOptions, string][] = [
    [{ system: "trixie", sudo: true }, `sudo sh -c "${apt} mesa-vulkan-drivers libvulkan1"`],
    [{ system: "noble" }, `su -c "${apt} mesa-vulkan-drivers libvulkan1"`],
    [
      { system: "bookworm", backports: true, sudo: true },
      `sudo sh -c "${apt} -t bookworm-backports mesa-vulkan-drivers libvulkan1"`,
    ],
    [{ system: "bookworm", sudo: true }, `sudo sh -c "sh '${SCRIPT}' --driver"`],
    [{ system: "fedora", sudo: true }, 'sudo sh -c "dnf install -y mesa-vulkan-drivers vulkan-loader"'],
  ];
  for (const [options, command] of cases) {
    const { code, stderr, calls } = await run({ deno: "2.9.6", ...options });
    assert.equal(code, 1);
    assert.deepEqual(calls, []);
    assert.ok(stderr.endsWith(`\n  ${command}\n`), `${stderr} does not end with ${command}`);
  }
});

Deno.test("run.sh: --driver installs only the driver", async () => {
  const { code, calls } = await run({ root: true, system: "bookworm", backports: true }, ["--driver"]);
  assert.equal(code, 0);
  assert.deepEqual(calls, [UPDATE, `${INSTALL} -t bookworm-backports mesa-vulkan-drivers libvulkan1`]);
  assert.deepEqual((await run({ ...READY, root: true }, ["--driver"])).calls, []);
});

Deno.test("run.sh: upgrades Mesa 22 on Debian 12 as root, and prints the command otherwise", async () => {
  const slow: MachineOptions = { deno: "2.9.6", mesa: "22.3.6-1+deb12u1", system: "bookworm" };
  const root = await run({ ...slow, root: true });
  assert.equal(root.code, 0);
  assert.deepEqual(root.calls.slice(2), [
    `${INSTALL} -t bookworm-backports mesa-vulkan-drivers libvulkan1`,
    "deno task --quiet train --epochs 2",
  ]);
  const offline = await run({ ...slow, root: true, aptFails: "always" });
  assert.equal(offline.code, 0);
  assert.match(offline.stderr, /keeping the slow driver/);
  const user = await run({ ...slow, sudo: true });
  assert.equal(user.code, 0);
  assert.deepEqual(user.calls, ["deno task --quiet train --epochs 2"]);
  assert.match(
    user.stderr,
    /Mesa 22\.3\.6-1\+deb12u1 is about 7 times slower .*\n {2}sudo sh -c "sh '.*' --driver"\n/,
  );
});

Deno.test("run.sh: keeps an old Mesa if there is a GPU, and a new one in any case", async () => {
  const bookworm: MachineOptions = { deno: "2.9.6", root: true, system: "bookworm" };
  for (
    const options of [
      { ...bookworm, mesa: "22.3.6", hardware: true },
      { ...bookworm, mesa: "25.0.7-2~bpo12+1" },
      { ...bookworm, mesa: "24.0.0" },
      { ...bookworm, mesa: "23.2.1", system: "noble" as const },
    ]
  ) {
    const { calls, stderr } = await run(options);
    assert.deepEqual(calls, ["deno task --quiet train --epochs 2"]);
    assert.equal(stderr, "");
  }
});

Deno.test("run.sh: needs no driver on macOS, or for tasks without a GPU", async () => {
  assert.equal((await run({ deno: "2.9.6", system: "Darwin" })).code, 0);
  for (const task of ["download", "unzip", "inspect", "masks", "phantom", "convert", "compile"]) {
    const { code, calls } = await run({ deno: "2.9.6" }, [task]);
    assert.equal(code, 0);
    assert.deepEqual(calls, [`deno task --quiet ${task}`]);
  }
});

Deno.test("run.sh: test:browser starts with any browser it can drive, and installs one as root on Debian", async () => {
  for (const browser of BROWSERS) {
    const { code, calls } = await run({ ...READY, browser }, ["test:browser"]);
    assert.equal(code, 0);
    assert.deepEqual(calls, ["deno task --quiet test:browser"]);
  }
  const { code, calls } = await run({ ...READY, root: true }, ["test:browser"]);
  assert.equal(code, 0);
  assert.deepEqual(calls, [UPDATE, `${INSTALL} chromium`, "deno task --quiet test:browser"]);
});

Deno.test("run.sh: test:browser fails without a browser, and prints the command that installs it", async () => {
  const cases: [MachineOptions, string][] = [
    [{ sudo: true }, 'sudo sh -c "apt-get update && apt-get install -y chromium"'],
    [{ system: "fedora" }, 'su -c "dnf install -y chromium"'],
  ];
  for (const [options, command] of cases) {
    const { code, stderr, calls } = await run({ ...READY, ...options }, ["test:browser"]);
    assert.equal(code, 1);
    assert.deepEqual(calls, []);
    assert.ok(stderr.endsWith(`\n  ${command}\n`), stderr);
  }
  for (
    const [aptFails, message] of [["always", /could not install chromium/], [
      "silently",
      /no browser was found/,
    ]] as const
  ) {
    const { code, stderr, calls } = await run({ ...READY, root: true, aptFails }, ["test:browser"]);
    assert.equal(code, 1);
    assert.ok(!calls.some((call) => call.startsWith("deno")));
    assert.match(stderr, message);
  }
});

Deno.test("run.sh: prints its usage, and rejects unknown tasks before it installs anything", async () => {
  const { tasks } = readConfiguration();
  const listed = `Tasks: ${Object.keys(tasks).join(" ")} \n`;
  const help = await run({}, ["--help"]);
  assert.equal(help.code, 0);
  assert.ok(help.stdout.includes(listed), help.stdout);
  const none = await run({}, []);
  assert.equal(none.code, 2);
  assert.ok(none.stderr.includes(listed));
  const unknown = await run({ npm: "writable", root: true }, ["trian"]);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /unknown task 'trian'; tasks are: doctor .*train/);
  assert.deepEqual(unknown.calls, []);
  assert.equal((await run(READY, ["tes"])).code, 2);
});
