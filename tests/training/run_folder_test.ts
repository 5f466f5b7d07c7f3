import assert from "node:assert/strict";
import { basename, join } from "node:path";
import {
  checkLock,
  clearRunFolder,
  closeRun,
  describeNewRun,
  openRun,
  type OpenRunOptions,
  readRunProgress,
  removeTorn,
  reopenRunFolder,
  restoreBest,
  saveCheckpoint,
} from "../../src/training/run_folder.ts";
import { readModel } from "../../src/unet/model_format.ts";
import { blockToState, parameterTable } from "../../src/unet/parameters.ts";
import { checkpointOf } from "../support/checkpoints.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";

/** Opens and closes a run's folder; returns which it was, and the notes. */
async function openAndClose(options: OpenRunOptions): Promise<{ name: string; notes: string[] }> {
  const notes: string[] = [];
  const run = await openRun({ ...options, onNote: (note) => notes.push(note) });
  await closeRun(run);
  return { name: basename(run.folder), notes };
}

Deno.test("openRun: accepts a new or an empty folder, rejects one with an unfinished run and says what to do", () =>
  inTempFolder(async (folder) => {
    const run = join(folder, "runs/a");
    await openAndClose({ folder: run });
    assert.deepEqual(await filesUnder(folder), []);
    await Deno.mkdir(run, { recursive: true });
    await Deno.writeTextFile(join(run, "metrics.jsonl"), "");
    await openAndClose({ folder: run });
    for (const name of ["metrics.jsonl", "checkpoint.safetensors", "best.safetensors"]) {
      await Deno.writeTextFile(join(run, name), "x");
      await assert.rejects(
        openAndClose({ folder: run }),
        /holds one already, which is not finished\nhint: resume it with --resume .* --run, .* --force$/,
      );
      await Deno.remove(join(run, name));
    }
  }));

Deno.test("openRun: a finished run is kept, and the next one of its name gets a number", () =>
  inTempFolder(async (folder) => {
    const finish = async (name: string) => {
      await Deno.mkdir(join(folder, name));
      const first = checkpointOf(40, null);
      await saveCheckpoint(join(folder, name), first);
    };
    await finish("a");
    const { name, notes } = await openAndClose({ folder: `${folder}/a/` });
    assert.equal(name, "a-2");
    assert.match(notes.join(), /holds a finished run: this one goes to .*a-2$/);
    await assert.rejects(Deno.stat(join(folder, "a-2")), Deno.errors.NotFound);
    await finish("a-2");
    assert.equal((await openAndClose({ folder: join(folder, "a") })).name, "a-3");
    assert.equal((await openAndClose({ folder: join(folder, "a"), force: true })).name, "a");
    assert.match(
      await describeNewRun(join(folder, "a")) ?? "",
      /holds a finished run: this one goes to .*a-3$/,
    );
    await saveCheckpoint(join(folder, "a-2"), checkpointOf(39, null));
    assert.match(
      await describeNewRun(join(folder, "a")) ?? "",
      /a-2 holds a run that is not finished: resume it with/,
    );
    assert.equal(await describeNewRun(join(folder, "b")), null);
    await assert.rejects(openAndClose({ folder: join(folder, "a") }), /--resume --run .*a-2, /);
  }));

Deno.test("openRun: refuses a folder in which another process trains, whatever is asked for", () =>
  inTempFolder(async (folder) => {
    const run = join(folder, "a");
    const first = await openRun({ folder: run });
    const refused =
      /^Error: Cannot train in .*(a|link): another process is training there\nhint: wait until it ends/;
    for (const asked of [{}, { resume: true }, { force: true }, { resume: true, force: true }]) {
      await assert.rejects(openRun({ folder: run, ...asked }), refused);
    }
    await Deno.symlink(run, join(folder, "link"));
    await assert.rejects(openRun({ folder: join(folder, "link") }), refused, "by another name");
    await checkLock(run, first.lock);
    await closeRun(first);
    await openAndClose({ folder: run });
  }));

Deno.test("openRun: a folder that cannot be written is refused in a line, and one that links elsewhere is kept", () =>
  inTempFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "file"), "");
    await assert.rejects(
      openRun({ folder: join(folder, "file") }),
      /^Error: Cannot write to the run's folder .*\nhint: make it writable, or give another folder with --run$/,
    );
    await Deno.mkdir(join(folder, "disk"));
    await Deno.symlink(join(folder, "disk"), join(folder, "run"));
    await openAndClose({ folder: join(folder, "run") });
    assert.ok((await Deno.lstat(join(folder, "run"))).isSymlink);
    assert.ok((await Deno.stat(join(folder, "disk"))).isDirectory);
  }));

Deno.test("clearRunFolder: removes a run and nothing else", () =>
  inTempFolder(async (run) => {
    await saveCheckpoint(run, checkpointOf(1, 1));
    await Deno.mkdir(join(run, "tb"));
    for (const name of ["tb/events", "metrics.jsonl", "notes.txt"]) {
      await Deno.writeTextFile(join(run, name), "x");
    }
    assert.equal((await filesUnder(run)).length, 5);
    await clearRunFolder(run);
    assert.deepEqual(await filesUnder(run), ["notes.txt"]);
  }));

Deno.test("clearRunFolder: removes the evaluations of the run", () =>
  inTempFolder(async (run) => {
    const [ours, theirs] = [
      ["test.json", "test.csv", "predictions.png", "cases.png", "audit.png", "audit.csv"],
      ["other.json", "other.csv", "notes-on-predictions.txt"],
    ];
    const others = [
      "raw.json",
      "raw-audit.csv",
      "raw-audit.png",
      "valid.csv",
      "valid.json",
      "valid-cases.png",
    ];
    for (const name of [...ours!, ...others, ...theirs!]) await Deno.writeTextFile(join(run, name), "x");
    await clearRunFolder(run);
    assert.deepEqual(await filesUnder(run), theirs!.sort());
  }));

Deno.test("saveCheckpoint: writes the checkpoint before the model that it names", () =>
  inTempFolder(async (run) => {
    await saveCheckpoint(run, checkpointOf(1, 1));
    // With a folder in the model's place the second write fails, as if the process had ended between the two.
    await Deno.remove(join(run, "best.safetensors"));
    await Deno.mkdir(join(run, "best.safetensors/in-the-way"), { recursive: true });
    await assert.rejects(
      saveCheckpoint(run, checkpointOf(2, 2)),
      /^Error: Cannot save a checkpoint after epoch 2/,
    );
    const { epoch, best } = (await reopenRunFolder(run))!.progress;
    assert.deepEqual([epoch, best?.epoch], [2, 2]);
  }));

Deno.test("reopenRunFolder: names the existing runs, and distinguishes a run without a checkpoint from no run", () =>
  inTempFolder(async (folder) => {
    const run = join(folder, "a");
    await assert.rejects(reopenRunFolder(run), /there is no such run\nhint: omit --resume/);
    await assert.rejects(reopenRunFolder(join(run, "b")), /there is no such run\nhint: omit --resume/);
    await Deno.mkdir(run);
    assert.equal(await reopenRunFolder(run), null);
    await Deno.writeTextFile(join(run, "metrics.jsonl"), "{}\n");
    await assert.rejects(reopenRunFolder(run), /it holds a run, but no checkpoint.safetensors/);
    await saveCheckpoint(run, checkpointOf(0, null));
    await assert.rejects(reopenRunFolder(join(folder, "c")), new RegExp(`hint: there are ${run}$`));
  }));

Deno.test("reopenRunFolder: reads what was saved, removes torn files, rejects a damaged checkpoint", () =>
  inTempFolder(async (run) => {
    const kept = await saveCheckpoint(run, checkpointOf(4, 2));
    await Deno.writeTextFile(join(run, "checkpoint.safetensors.0123abcd.tmp"), "torn");
    assert.deepEqual(await reopenRunFolder(run), kept);
    assert.deepEqual(await readRunProgress(run), kept.progress);
    await removeTorn(run);
    assert.deepEqual(await filesUnder(run), ["checkpoint.safetensors"]);
    await Deno.truncate(join(run, "checkpoint.safetensors"), 1000);
    await assert.rejects(
      reopenRunFolder(run),
      /Cannot resume .*header claims .*\nhint: replace it with an intact checkpoint/,
    );
  }));

Deno.test("saveCheckpoint: the best epoch's model is its EMA, and stays if a later one is worse", () =>
  inTempFolder(async (run) => {
    const first = await saveCheckpoint(run, checkpointOf(1, 1));
    const best = await Deno.readFile(join(run, "best.safetensors"));
    const { state, description } = await readModel(best);
    assert.deepEqual(state, blockToState(parameterTable(description.network), first.trainer.average!));
    assert.equal(description.epoch, 1);
    assert.equal(description.size, 32);
    assert.equal(description.normalize, "imagenet");
    assert.equal(description.threshold, 0.5);
    assert.deepEqual(description.metrics, { "valid/loss": 1 });
    const second = checkpointOf(2, 1);
    await saveCheckpoint(run, { ...second, progress: { ...second.progress, best: first.progress.best } });
    assert.deepEqual(await Deno.readFile(join(run, "best.safetensors")), best);
  }));

Deno.test("restoreBest: restores a missing or replaced model only from the checkpoint of its own epoch", () =>
  inTempFolder(async (run) => {
    const path = join(run, "best.safetensors");
    const first = await saveCheckpoint(run, checkpointOf(1, 1));
    const best = await Deno.readFile(path);
    await restoreBest(run, first);
    assert.deepEqual(await Deno.readFile(path), best);
    await Deno.remove(path);
    await restoreBest(run, first);
    assert.deepEqual(await Deno.readFile(path), best);
    await Deno.writeTextFile(path, "other");
    await restoreBest(run, first);
    assert.deepEqual(await Deno.readFile(path), best);

    const later = checkpointOf(2, 1);
    const second = { ...later, progress: { ...later.progress, best: first.progress.best } };
    await restoreBest(run, second);
    await Deno.writeTextFile(path, "other");
    await assert.rejects(
      restoreBest(run, second),
      /best.safetensors is not that of epoch 1\nhint: .*--force/,
    );
    await Deno.remove(path);
    await assert.rejects(restoreBest(run, second), /best.safetensors is missing\nhint: .*--force/);
    await restoreBest(run, checkpointOf(0, null));
  }));

Deno.test("saveCheckpoint: a full disk costs no earlier checkpoint and leaves nothing torn", () =>
  inTempFolder(async (run) => {
    const kept = await saveCheckpoint(run, checkpointOf(1, 1));
    const before = await filesUnder(run);
    // The shell's limit on file size stops a write halfway, as a full disk does.
    const script = join(run, "..", `${crypto.randomUUID()}.ts`);
    const here = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
    await Deno.writeTextFile(
      script,
      `import { saveCheckpoint } from ${here("../../src/training/run_folder.ts")};\n` +
        `import { checkpointOf } from ${here("../support/checkpoints.ts")};\n` +
        `await saveCheckpoint(${
          JSON.stringify(run)
        }, checkpointOf(2, 2)).then(() => console.log("kept"), (error) => console.log(error.message));\n`,
    );
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const { stdout } = await new Deno.Command("sh", {
      args: [
        "-c",
        `trap '' XFSZ; ulimit -f 8; exec deno run -q --no-lock --no-check --config ${config} -P=test ${script}`,
      ],
    }).output();
    await Deno.remove(script);
    assert.match(
      new TextDecoder().decode(stdout),
      /^Cannot save a checkpoint after epoch 2 in .*: File too large.*\nhint: the last one is intact; .*--resume\n$/,
    );
    assert.deepEqual(await filesUnder(run), before);
    assert.deepEqual(await reopenRunFolder(run), kept);
    await restoreBest(run, kept);
  }));
