/**
 * What the data road's tasks cannot do, whatever their code tries: a script runs under each one's permission set and
 * tries it. (A link that a person laid in the dataset is followed: Deno looks at the name. None of the tasks can lay
 * one, and `unzip` refuses archives that hold one.)
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { readConfiguration } from "../project/files.ts";
import { inProjectCopy, outcome, scriptIn } from "../support/project_copy.ts";
import { serveFile } from "../support/zip_server.ts";

/** What is tried, as statements of the script; `OUTSIDE` is a folder beside the project, `PORT` a server's. */
const DEEDS = {
  "read the dataset": `Deno.readTextFileSync("dataset/inside.txt")`,
  "write the dataset": `Deno.writeTextFileSync("dataset/new.txt", "")`,
  "remove from the dataset": `Deno.removeSync("dataset/old.txt")`,
  "ask the loopback server": `await (await fetch("http://127.0.0.1:PORT/")).arrayBuffer()`,
  "read the project": `Deno.readTextFileSync("deno.json")`,
  "read outside": `Deno.readTextFileSync("OUTSIDE/secret.txt")`,
  "read outside by a way around": `Deno.readTextFileSync("dataset/../../secret.txt")`,
  "write the project": `Deno.writeTextFileSync("deno.json", "{}")`,
  "write outside": `Deno.writeTextFileSync("OUTSIDE/new.txt", "")`,
  "write outside by a way around": `Deno.writeTextFileSync("dataset/../../new.txt", "")`,
  "write a name that begins alike": `Deno.writeTextFileSync("dataset.txt", "")`,
  "link to outside": `Deno.symlinkSync("OUTSIDE", "dataset/way-out")`,
  "remove outside": `Deno.removeSync("OUTSIDE/secret.txt")`,
  "write temporary files": `Deno.makeTempFileSync()`,
  "ask another name of this machine": `await fetch("http://localhost:PORT/")`,
  "ask another host": `await fetch("http://192.0.2.1:PORT/")`,
  "open a connection": `await Deno.connect({ hostname: "192.0.2.1", port: 9 })`,
  "listen": `Deno.listen({ hostname: "0.0.0.0", port: 0 }).close()`,
  "read a variable of the environment": `Deno.env.get("SECRET")`,
  "read the environment": `Deno.env.toObject()`,
  "run a program": `new Deno.Command("deno", { args: ["--version"] }).outputSync()`,
  "load a library": `Deno.dlopen("libc.so.6", {})`,
  "ask for the machine's name": `Deno.hostname()`,
} as const;

type Deed = keyof typeof DEEDS;

/** What each task may do of that; nothing else. */
const ALLOWED: Record<string, Deed[]> = {
  download: ["read the dataset", "write the dataset", "remove from the dataset", "ask the loopback server"],
  unzip: ["read the dataset", "write the dataset", "remove from the dataset"],
  inspect: ["read the dataset"],
  split: ["read the dataset", "write the dataset", "remove from the dataset"],
  masks: ["read the dataset", "write the dataset", "remove from the dataset"],
  phantom: ["read the dataset", "write the dataset", "remove from the dataset"],
};

for (const [task, allowed] of Object.entries(ALLOWED)) {
  Deno.test(`permissions: ${task} may ${allowed.join(", ")}, and nothing else`, () =>
    inProjectCopy(async (project, dataset) => {
      await using server = serveFile(new Uint8Array(1));
      const outside = join(project, "..");
      for (
        const file of [join(dataset, "inside.txt"), join(dataset, "old.txt"), join(outside, "secret.txt")]
      ) {
        await Deno.writeTextFile(file, "content");
      }
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
      const { code, stdout, stderr } = await outcome(scriptIn(project, task, script));
      assert.equal(code, 0, stderr);
      const expected = Object.keys(DEEDS).map((deed) => [
        deed,
        allowed.includes(deed as Deed) ? "done" : "NotCapable",
      ]);
      assert.deepEqual(JSON.parse(stdout), Object.fromEntries(expected));

      const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
      assert.deepEqual(names(outside), ["project", "secret.txt"]);
      assert.deepEqual(names(project), ["dataset", "deno.json", "deno.lock", "script.ts"]);
      assert.equal(await Deno.readTextFile(join(project, "deno.json")), configuration);
      assert.equal(server.requests.length, allowed.includes("ask the loopback server") ? 1 : 0);
    }));
}

Deno.test("permissions: download reaches the hosts of its default address and this machine, and no other", () => {
  const { permissions } = readConfiguration();
  for (const task of Object.keys(ALLOWED)) {
    const { net } = permissions[task]!;
    const hosts = [
      "github.com",
      "release-assets.githubusercontent.com",
      "objects.githubusercontent.com",
      "127.0.0.1",
    ];
    assert.deepEqual(net, task === "download" ? hosts : undefined, task);
  }
});
