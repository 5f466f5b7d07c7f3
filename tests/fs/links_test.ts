import assert from "node:assert/strict";
import { join } from "node:path";
import { NotRegularFile, openRegular, readBounded, readBoundedSync } from "../../src/fs/bounded_read.ts";
import { command as inspect } from "../../tasks/inspect.ts";
import { command as masks } from "../../tasks/masks.ts";
import { cocoText, spots, writeFiles } from "../support/coco.ts";
import { inProjectCopy, outcome, taskIn } from "../support/project_copy.ts";
import { spotModel } from "../support/spot_model.ts";
import { runInProcess } from "../support/run_task.ts";
import { inTempFolder } from "../support/temp_folder.ts";

Deno.test("readBounded: reads regular files up to a limit, and nothing else", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "a");
    const bytes = Uint8Array.from({ length: 9000 }, (_, i) => i);
    await Deno.writeFile(path, bytes);
    assert.deepEqual(await readBounded(path, 9000), bytes);
    assert.deepEqual(readBoundedSync(path, 9000), bytes);
    await assert.rejects(readBounded(path, 8999), /^RangeError: Cannot read .*: 9000 bytes, at most 8999$/);
    // A hole of 8 GB takes no memory: its size is checked first.
    await Deno.truncate(path, 2 ** 33);
    await assert.rejects(readBounded(path, 2 ** 27), RangeError);
    await Deno.symlink("/dev/zero", join(folder, "zero"));
    const pipe = join(folder, "pipe");
    await new Deno.Command("sh", { args: ["-c", `mkfifo '${pipe}'`] }).output();
    for (const other of [join(folder, "zero"), pipe, folder]) {
      await assert.rejects(readBounded(other, 10), NotRegularFile);
      await assert.rejects(openRegular(other), NotRegularFile);
      assert.throws(() => readBoundedSync(other, 10), NotRegularFile);
    }
  }));

Deno.test("inspect: follows the user's own link, refuses links that leave the dataset, and reads no device", () =>
  inTempFolder(async (folder) => {
    const data = join(folder, "real");
    await writeFiles(folder, {
      "real/train/_annotations.coco.json": cocoText({ width: 64, height: 64 }, []),
      "real/train/1.png": spots(1),
      "elsewhere/1.png": spots(1),
    });
    const link = join(folder, "link");
    await Deno.symlink(data, link);
    const own = await runInProcess(inspect(), [link]);
    assert.equal(own.code, 0, own.stderr);
    assert.equal(own.stderr.split("is a link to").length, 2);

    const image = join(data, "train/1.png");
    await Deno.remove(image);
    await Deno.symlink(join(folder, "elsewhere/1.png"), image);
    const away = await runInProcess(inspect(), [data]);
    assert.equal(away.code, 1);
    assert.match(
      away.stderr,
      /1\.png is a link to .*elsewhere\/1\.png, outside of it\nhint: .*--follow-links/,
    );
    const followed = await runInProcess(inspect(), [data, "--follow-links"]);
    assert.equal(followed.code, 0, followed.stderr);

    // Deeper than the dataset's own folders: a folder of images, and a file in it.
    const deep = { width: 64, height: 64 };
    for (const target of ["elsewhere", "elsewhere/1.png"]) {
      const nested = join(folder, `nested-${target.length}`);
      await writeFiles(nested, {
        "valid/_annotations.coco.json": cocoText(deep, []).replaceAll('"1.png"', '"images/a/1.png"'),
      });
      const inner = join(nested, target.endsWith("png") ? "valid/images/a/1.png" : "valid/images/a");
      await Deno.mkdir(join(inner, ".."), { recursive: true });
      await Deno.symlink(join(folder, target), inner);
      for (const task of [inspect(), masks()]) {
        const args = task.name() === "masks" ? ["--data", nested, "--output", join(folder, "m")] : [nested];
        const refused = await runInProcess(task, args);
        assert.equal(refused.code, 1);
        assert.match(
          refused.stderr,
          /images\/a\/1\.png is a link to .*elsewhere\/1\.png, outside of it\nhint: /,
        );
      }
      const allowed = await runInProcess(inspect(), [nested, "--follow-links"]);
      assert.equal(allowed.code, 0, allowed.stderr);
      assert.match(allowed.stdout, /images +1 of 1 file/);
    }

    // A link that stays inside needs no flag.
    await Deno.remove(image);
    await Deno.rename(join(folder, "elsewhere/1.png"), join(data, "train/real.png"));
    await Deno.symlink(join(data, "train/real.png"), image);
    assert.equal((await runInProcess(inspect(), [data])).code, 0);

    await Deno.remove(image);
    await Deno.symlink("/dev/zero", image);
    const device = await runInProcess(inspect(), [data, "--follow-links"]);
    assert.match(device.stdout, /it is a device, not a regular file/);
  }));

Deno.test("inspect, evaluate: the user's linked dataset and run folder are read with the task's permissions", () =>
  inProjectCopy(async (project, dataset) => {
    const disk = join(project, "../disk");
    await writeFiles(disk, {
      "data/test/_annotations.coco.json": cocoText({ width: 64, height: 64 }, []),
      "data/test/1.png": spots(1),
      "run/best.safetensors": spotModel(),
    });
    await Deno.symlink(join(disk, "data"), join(dataset, "mine"));
    await Deno.mkdir(join(project, "runs"));
    await Deno.symlink(join(disk, "run"), join(project, "runs/a"));
    const inspected = await outcome(taskIn(project, "inspect", ["dataset/mine"]));
    assert.equal(inspected.code, 0, inspected.stderr);
    assert.match(inspected.stderr, /^note: dataset\/mine is a link to \S*disk\/data\n/);
    // The model is read; what follows needs a GPU.
    const args = ["--run", "runs/a", "--data", "dataset/mine", "--split", "valid"];
    const evaluated = await outcome(taskIn(project, "evaluate", args));
    assert.match(evaluated.stderr, /note: runs\/a is a link to/);
    assert.doesNotMatch(evaluated.stderr, /permission set/);
  }));
