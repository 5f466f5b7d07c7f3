import assert from "node:assert/strict";
import { join } from "node:path";
import { command } from "../../tasks/report.ts";
import { inProjectFolder } from "../support/coco.ts";
import { runInProcess, runTaskProcess } from "../support/run_task.ts";
import { writeRunRecords } from "../support/run_records.ts";
import { inTempFolder } from "../support/temp_folder.ts";

Deno.test("report: writes the page of a run, by default into its folder, and from there to any other place", () =>
  inProjectFolder("runs", (folder, typed) =>
    inTempFolder(async (elsewhere) => {
      await writeRunRecords(folder);
      const own = await runInProcess(command(), [typed]);
      assert.deepEqual([own.code, own.stdout, own.stderr], [0, `wrote ${typed}/report.html\n`, ""]);
      const page = await Deno.readTextFile(join(folder, "report.html"));
      assert.ok(page.includes(`<code>deno task report ${typed}</code>`));
      const output = join(elsewhere, "my page.html");
      const other = await runTaskProcess("report", [typed, "--output", output]);
      assert.deepEqual([other.code, other.stdout], [0, `wrote ${output}\n`], other.stderr);
      assert.ok(await Deno.readTextFile(output) === page, "another place, other bytes");
    })));

Deno.test("report: refuses folders without records and names that are no page's, with a way out", () =>
  inTempFolder(async (folder) => {
    const refused = async (...args: string[]) => {
      const { code, stdout, stderr } = await runInProcess(command(), args);
      assert.equal(stdout, "");
      return `${code} ${stderr}`;
    };
    assert.match(
      await refused(folder),
      /^1 error: Cannot report on .*: it holds no records of a run\nhint: /,
    );
    assert.match(
      await refused(join(folder, "x")),
      /^1 error: Cannot report on .*: there is no such folder\nhint: /,
    );
    await writeRunRecords(folder);
    const model = join(folder, "best.safetensors");
    assert.match(
      await refused(folder, "--output", model),
      /^1 error: .*expected a name that ends in \.html\nhint: /,
    );
    assert.match(await refused(), /^2 error: missing required argument 'run'/);
    assert.match(await refused(folder, "more"), /^2 /);
  }));
