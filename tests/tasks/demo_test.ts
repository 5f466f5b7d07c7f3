/** The quick tour, in a copy of the project, since it writes to the folders of a user's own runs. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { projectFiles, ROOT } from "../project/files.ts";
import { inTempFolder } from "../support/temp_folder.ts";

Deno.test("demo: makes phantoms, trains, evaluates and predicts, and lists the results", () =>
  inTempFolder(async (folder) => {
    const parts = ["src/", "kernels/", "tasks/", "mod.ts", "deno.json", "deno.lock"];
    for (const path of projectFiles().filter((path) => parts.some((part) => path.startsWith(part)))) {
      await Deno.mkdir(join(folder, dirname(path)), { recursive: true });
      await Deno.copyFile(join(ROOT, path), join(folder, path));
    }
    const run = async () => {
      const { code, stdout, stderr } = await new Deno.Command("deno", {
        args: ["task", "--quiet", "demo", "--quick", "--seed", "3"],
        cwd: folder,
        env: { NO_COLOR: "1" },
        stdin: "null",
      }).output();
      const decoder = new TextDecoder();
      assert.equal(code, 0, decoder.decode(stderr));
      return decoder.decode(stdout);
    };
    const read = async () => JSON.parse(await Deno.readTextFile(join(folder, "runs/demo/test.json")));

    const text = await run();
    for (const stop of ["1/4", "2/4", "3/4", "4/4"]) assert.ok(text.includes(`\n[${stop}] `), stop);
    assert.match(text, /^\$ deno task train --data dataset\/phantom --run runs\/demo --recipe strong /m);
    const last = text.slice(text.indexOf("the tour took"));
    const named = [...last.matchAll(/^ {2}((?:runs|predictions)\/\S+)/gm)].map(([, path]) => path!);
    assert.equal(named.length, 3);
    for (const path of named) await Deno.stat(join(folder, path));
    const figures = [...Deno.readDirSync(join(folder, "predictions/demo"))]
      .filter(({ name }) => name.endsWith("_figure.png"));
    assert.equal(figures.length, 3);
    const first = await read();
    assert.ok(first.summary.pooled.dice > 0.1, `Dice ${first.summary.pooled.dice} after a few seconds`);

    // Again over the existing files: the same seed gives the same numbers.
    await run();
    const { scores, summary } = await read();
    assert.deepEqual([scores, summary], [first.scores, first.summary]);
  }));
