/** The compiled binary: its embedded files and permissions, with a stand-in for Deno's runtime instead of a download. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { compileArguments, describeFailure, shippedFiles, withEntry } from "../../tasks/compile.ts";
import { PAGE_ENTRIES, pageScripts } from "../../src/page/bundle.ts";
import { command } from "../../tasks/main.ts";
import { projectFiles, ROOT } from "../project/files.ts";
import { inTempFolder } from "../support/temp_folder.ts";

const decoder = new TextDecoder("latin1");

async function standIn(): Promise<string> {
  for (const path of ["/bin/true", "/usr/bin/true"]) {
    if (await Deno.stat(path).then(() => true, () => false)) return path;
  }
  throw new Error("Cannot find a program `true` to stand in for denort");
}

Deno.test("compile: the binary contains every kernel, the decoder's wasm, the font and the page's scripts", () =>
  inTempFolder(async (folder) => {
    const output = join(folder, "unet");
    const scripts = await withEntry(async (entry) => {
      const { code, stderr } = await new Deno.Command("deno", {
        args: compileArguments(output, entry),
        cwd: ROOT,
        env: { DENORT_BIN: await standIn() },
        stderr: "piped",
      }).output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      return await pageOf(entry);
    });
    const binary = decoder.decode(await Deno.readFile(output));
    const files = projectFiles();
    const kernels = files.filter((path) => path.endsWith(".wgsl"));
    assert.ok(kernels.length > 30);
    for (const path of kernels) {
      // The first line suffices: texts are embedded unchanged.
      const [first] = (await Deno.readTextFile(join(ROOT, path))).split("\n");
      assert.ok(
        binary.includes(decoder.decode(new TextEncoder().encode(first))),
        `${path} is not in the binary`,
      );
    }
    for (const [name, script] of Object.entries(scripts)) {
      assert.ok(script.length > 10_000, name);
      // What a binary serves is what the board bundles.
      assert.equal(script, new TextDecoder().decode((await pageScripts()).get(name)), name);
      assert.ok(
        binary.includes(decoder.decode(new TextEncoder().encode(script))),
        `${name} is not in the binary`,
      );
    }
    assert.ok(binary.includes("magick.wasm"), "the decoder's wasm is not in the binary");
    assert.ok(binary.includes("dejavu"), "the font is not in the binary");
  }));

/** Starts the program of an entry with the permissions of a binary, and gets the scripts of its board. */
async function pageOf(entry: string): Promise<Record<string, string>> {
  const flags = compileArguments("", entry).filter((arg) => /^--(allow-|no-prompt)/.test(arg));
  await using program = new Deno.Command("deno", {
    args: ["run", "-q", ...flags, entry, "board", "--port", "0"],
    // No sources lie here, as next to a binary.
    cwd: join(ROOT, "docs"),
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = program.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value: address = "" } = await reader.read();
  const scripts: Record<string, string> = {};
  for (const name of Object.keys(PAGE_ENTRIES)) {
    scripts[name] = await (await fetch(`${address.trim()}${name}`)).text();
  }
  await reader.cancel();
  return scripts;
}

Deno.test("compileArguments: the union of the commands' permissions, without running programs", () => {
  const args = compileArguments("dist/unet", "tasks/main.ts");
  const flags = args.filter((arg) => arg.startsWith("--allow-"));
  assert.ok(args.includes("--no-prompt"));
  const kinds = flags.map((flag) => flag.replace("--allow-", "").replace(/=.*/, ""));
  assert.deepEqual(kinds, ["read", "write", "net", "env", "sys"]);
  assert.match(flags.find((flag) => flag.startsWith("--allow-net"))!, /=.*github\.com/);
  assert.ok(flags.some((flag) => flag.startsWith("--allow-write=")), "writing is not limited");
});

Deno.test("compileArguments: includes every Worker by name, since no import leads to it", () => {
  const args = compileArguments("dist/unet", "tasks/main.ts");
  // Those of the page are scripts of its own.
  const workers = projectFiles("_worker.ts").filter((path) =>
    path.startsWith("src/") && !path.startsWith("src/page/app/")
  );
  assert.ok(workers.length >= 4);
  for (const worker of workers) assert.equal(args[args.indexOf(worker) - 1], "--include", worker);
});

Deno.test("command: every command is a subcommand of the binary", () => {
  const names = command().commands.map((subcommand) => subcommand.name());
  for (
    const name of [
      "train",
      "evaluate",
      "predict",
      "download",
      "unzip",
      "inspect",
      "split",
      "masks",
      "phantom",
      "demo",
    ]
  ) {
    assert.ok(names.includes(name), name);
  }
});

Deno.test("describeFailure: two lines if Deno's runtime cannot be downloaded, otherwise after Deno's output", () => {
  const stderr =
    "error: Writing deno compile executable\n\nCaused by:\n    1: error sending request for url " +
    "(https://host.example/release/v2.9.6/denort-x86_64-unknown-linux-gnu.zip): client error (Connect)\n";
  assert.equal(
    describeFailure("dist/unet", 1, stderr),
    "error: Cannot compile dist/unet: Deno's runtime (denort) cannot be downloaded from " +
      "https://host.example/release/v2.9.6/denort-x86_64-unknown-linux-gnu.zip\n" +
      "hint: set DENORT_BIN to a denort of the same version, or put its zip into Deno's cache\n",
  );
  assert.equal(
    describeFailure("dist/unet", 1, "error: Module not found\n"),
    "error: Module not found\nerror: Cannot compile dist/unet: deno compile ended with code 1\n",
  );
});

Deno.test("compile: embeds the model that comes with the program, and its card, if they are there", () =>
  inTempFolder(async (folder) => {
    assert.deepEqual(shippedFiles(folder), []);
    await Deno.mkdir(join(folder, "models"));
    await Deno.writeTextFile(join(folder, "models/brain-tumor.safetensors"), "");
    assert.deepEqual(shippedFiles(folder), ["models/brain-tumor.safetensors"]);
    await Deno.writeTextFile(join(folder, "models/brain-tumor.card.json"), "");
    assert.equal(shippedFiles(folder).length, 2);
  }));
