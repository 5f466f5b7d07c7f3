/** Line feeds of names in files and folders begin no line on the terminal. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { errorLines } from "../../src/cli/error_lines.ts";
import { createCommand } from "../../src/cli/task.ts";
import { command as importTask } from "../../tasks/import.ts";
import { command as inspect } from "../../tasks/inspect.ts";
import { command as masks } from "../../tasks/masks.ts";
import { command as predict } from "../../tasks/predict.ts";
import { command as split } from "../../tasks/split.ts";
import { command as train } from "../../tasks/train.ts";
import { command as unzip } from "../../tasks/unzip.ts";
import { makeZip } from "../support/archives.ts";
import { cocoText, spots, writeFiles } from "../support/coco.ts";
import { runInProcess } from "../support/run_task.ts";
import { inTempFolder } from "../support/temp_folder.ts";

const FORGED = "x\nerror: forged\nhint: forged";
const SHOWN = "x\\u000aerror: forged\\u000ahint: forged";

Deno.test("errorLines: a reason and its hint are a line each, whatever names they hold", () => {
  assert.equal(errorLines("Cannot a: b\nhint: c"), "Cannot a: b\nhint: c");
  assert.equal(errorLines(`Cannot read ${FORGED}: no\nhint: c`), `Cannot read ${SHOWN}: no\nhint: c`);
  assert.equal(errorLines(`Cannot read "${FORGED}"`), `Cannot read "${SHOWN}"`);
  assert.equal(errorLines(`Cannot read "\\"${FORGED}": a`), `Cannot read "\\"${SHOWN}": a`);
  const path = `a/${FORGED}/b.png`;
  assert.equal(errorLines(`Cannot read ${path}`, [`--data=a/${FORGED}`]), `Cannot read a/${SHOWN}/b.png`);
});

Deno.test("tasks: names with line feeds forge no line", () =>
  inTempFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    const coco = JSON.parse(cocoText({ width: 64, height: 64 }, []));
    coco.categories = [{ id: 1, name: FORGED }];
    coco.images.push({ id: 99, width: 64, height: 64, file_name: `${FORGED}.png` });
    coco.images.push({ id: 98, width: 64, height: 64, file_name: `/${FORGED}.png` });
    const split_ = {
      "_annotations.coco.json": JSON.stringify(coco),
      "1.png": spots(1),
      [`2${FORGED}.png`]: "no",
    };
    for (const name of ["train", "valid", FORGED]) await writeFiles(at(`data/${name}`), split_);
    await Deno.symlink("/etc", at(`data/train/l${FORGED}.png`));
    await Deno.mkdir(at(`runs/${FORGED}`), { recursive: true });
    await Deno.writeTextFile(at(`runs/${FORGED}/checkpoint.safetensors`), "no");
    await Deno.writeFile(at("names.zip"), makeZip({ [FORGED]: "a", [`../${FORGED}`]: "b" }));
    await Deno.writeFile(at("good.zip"), makeZip({ [FORGED]: "a" }));
    await writeFiles(at(`pairs/${FORGED}`), { "1.png": spots(1), [`${FORGED}.txt`]: "1" });
    const runs: [ReturnType<typeof createCommand>, string[]][] = [
      [inspect(), [at("data")]],
      [inspect(), [at("data"), "--follow-links"]],
      [inspect(), [at(`runs/${FORGED}`)]],
      [masks(), ["--data", at("data"), "--output", at("masks"), "--follow-links"]],
      [split(), [at("data"), "--output", at("split"), "--follow-links"]],
      [importTask(), [at("data"), "--output", at("imported")]],
      [importTask(), [at("pairs"), "--output", at("imported")]],
      [importTask(), [at("names.zip"), "--output", at("imported")]],
      [unzip(), [at("names.zip"), "--output", at("unzipped")]],
      [unzip(), [at("good.zip"), "--output", at("unzipped")]],
      [train(), ["--data", at(`data/${FORGED}`), "--run", at(`runs/${FORGED}`)]],
      [train(), ["--resume", "--run", at("runs/a")]],
      [train(), ["--resume", "--run", at(`runs/${FORGED}`)]],
      [predict(), [at(`data/train/2${FORGED}.png`), "--run", at(`runs/${FORGED}`)]],
    ];
    let hostile = 0;
    for (const [command, args] of runs) {
      const { stdout, stderr } = await runInProcess(command, args);
      assert.doesNotMatch(
        stdout + stderr,
        /^\W*(error|hint): forged/m,
        `${command.name()} ${args.join(" ")}`,
      );
      if ((stdout + stderr).includes("forged")) hostile++;
    }
    assert.ok(hostile > 8, `${hostile} outputs have a name with a line feed`);
  }));
