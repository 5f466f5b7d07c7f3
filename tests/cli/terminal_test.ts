import assert from "node:assert/strict";
import { escapeControls, escapeLine } from "../../src/escape.ts";
import { createCommand, writeStderr, writeStdout } from "../../src/cli/task.ts";
import { CONTROL, moveCursor } from "../../src/cli/terminal.ts";
import { command as inspect } from "../../tasks/inspect.ts";
import { cocoText, spots, writeFiles } from "../support/coco.ts";
import { inTempFolder } from "../support/temp_folder.ts";
import { runInProcess } from "../support/run_task.ts";

const HOSTILE = "a\x1b]0;title\x07\x1b[2J\r\x9b31m\u202egpj\u2066\u200f\x7f\u2028é\t漢.png";
const SHOWN =
  "a\\u001b]0;title\\u0007\\u001b[2J\\u000d\\u009b31m\\u202egpj\\u2066\\u200f\\u007f\\u2028é\t漢.png";

Deno.test("escapeControls: control, C1 and bidi characters are shown, everything else stays", () => {
  assert.equal(escapeControls(HOSTILE), SHOWN);
  assert.equal(escapeControls(SHOWN), SHOWN);
  const document = JSON.stringify({ [HOSTILE]: HOSTILE });
  assert.deepEqual(JSON.parse(escapeControls(document)), { [HOSTILE]: HOSTILE });
});

Deno.test("inspect: a name with a line feed forges no line", () =>
  inTempFolder(async (folder) => {
    const coco = JSON.parse(cocoText({ width: 64, height: 64 }, []));
    coco.categories = [{ id: 1, name: "a\nerror: forged" }];
    coco.images.push({ id: 99, width: 64, height: 64, file_name: "b\nerror: forged.png" });
    await writeFiles(folder, {
      "train/_annotations.coco.json": JSON.stringify(coco),
      "train/1.png": spots(1),
    });
    const { stdout } = await runInProcess(inspect(), [folder]);
    assert.match(stdout, /a\\u000aerror: forged \(1\)/);
    assert.match(stdout, /b\\u000aerror: forged\.png/);
    assert.doesNotMatch(stdout, /^error/m);
    assert.equal(escapeLine("a\tb\n"), "a\\u0009b\\u000a");
  }));

Deno.test("writeStdout, writeStderr and errors: escape what comes from a file; the cursor still moves", async () => {
  const command = createCommand("t", "T").action(() => {
    writeStdout(`${HOSTILE}\n`);
    moveCursor(CONTROL.eraseLine);
    writeStderr(`note: ${HOSTILE}\n`);
    throw new Error(`Cannot read ${HOSTILE}`);
  });
  const { stdout, stderr } = await runInProcess(command, []);
  assert.equal(stdout, `${SHOWN}\n`);
  assert.equal(stderr, `\r\x1b[Knote: ${SHOWN}\nerror: Cannot read ${escapeLine(HOSTILE)}\n`);
});
