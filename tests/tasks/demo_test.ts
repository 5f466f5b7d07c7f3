/** The quick tour, in a copy of the project, since it writes to the folders of a user's own runs. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { projectFiles, ROOT } from "../project/files.ts";
import { describeVerdict } from "../../tasks/demo.ts";
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
    assert.match(
      text,
      /^verdict: every step works here; a Dice of 0\.\d{3} on unseen images, by a network too small/m,
    );
    const last = text.slice(text.indexOf("the tour took"));
    const named = [...last.matchAll(/^ {2}((?:runs|predictions)\/\S+)/gm)].map(([, path]) => path!);
    assert.equal(named.length, 4);
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

Deno.test("describeVerdict of demo: says whether the model is as good as it should be, and what to run next", () => {
  assert.equal(describeVerdict(0.9349, false), "everything works here: a Dice of 0.935 on unseen images");
  assert.match(
    describeVerdict(0.4, false),
    /0\.400 on unseen images is less than the expected 0\.8: .*doctor$/,
  );
  assert.match(describeVerdict(null, false), /but an undefined Dice .* deno task doctor$/);
  assert.match(
    describeVerdict(0.3, true),
    /^every step works here; a Dice of 0\.300 .*: run deno task demo$/,
  );
});
