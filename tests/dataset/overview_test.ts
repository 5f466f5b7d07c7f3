/** The contact sheet: what it shows of a dataset of three classes. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { decodeImage } from "../../mod.ts";
import { drawOverview } from "../../src/dataset/overview.ts";
import { classColors } from "../../src/image/palette.ts";
import { command } from "../../tasks/inspect.ts";
import { writeClassDataset } from "../support/class_dataset.ts";
import { cocoText, writeFiles } from "../support/coco.ts";
import { pixel } from "../support/image_files.ts";
import { runInProcess } from "../support/run_task.ts";
import { inTempFolder } from "../support/temp_folder.ts";

Deno.test("drawOverview: the outline of every class lies on its pixels, with overlaps and ignored ones", () =>
  inTempFolder(async (folder) => {
    await writeClassDataset(folder, { overlap: true, ignored: true, splits: { train: 3, test: 1 } });
    await Deno.writeTextFile(join(folder, "train/2.png"), "no image");
    const drawn: number[][] = [];
    const sheet = await drawOverview(folder, { onProgress: (...each) => drawn.push(each) });
    assert.deepEqual(drawn, [[1, 4], [2, 4], [3, 4]], "an image that cannot be read is passed over");
    const margin = (sheet.width - 3 * 300) / 4;
    // Below the only row of panels: a caption, a note and a margin.
    const top = sheet.height - 300 - 56;
    const [disc, cup, vessel] = classColors(3);
    const at = (x: number, y: number) =>
      pixel(sheet, Math.round(margin + x * 300 / 8), Math.round(top + y * 300 / 8));
    // Borders in eighths; half a pixel of the image within.
    assert.deepEqual(at(0.5, 0), disc);
    assert.deepEqual(at(1.01, 3.97), cup);
    assert.deepEqual(at(1.01, 6), vessel);
    assert.deepEqual(at(3.97, 3.5), cup, "over its right border");
    assert.deepEqual(at(2.98, 2), disc, "its border within cup");
    const inside = at(2.5, 6);
    assert.ok(inside.every((value) => value > 220 && value === inside[0]), "the texture of vessel");
    assert.notDeepEqual(at(6.5, 2).join(), at(0.5, 0).join());
    // The legend has a swatch of every class.
    const above = Array.from({ length: top }, (_, y) => pixel(sheet, margin + 2, y).join());
    assert.ok(above.includes(disc!.join()), "legend");
  }));

Deno.test("inspect: --figure draws the sheet next to the splits or to a file, and says where", () =>
  inTempFolder(async (folder) => {
    await writeClassDataset(folder);
    const { stdout } = await runInProcess(command(), [folder, "--no-pixels", "--figure"]);
    assert.ok(stdout.endsWith(`wrote ${join(folder, "overview.png")}\n`), stdout);
    const sheet = await decodeImage(await Deno.readFile(join(folder, "overview.png")));
    assert.ok(sheet.width > 4 * 300 && sheet.height > 300);
    const file = join(folder, "sheets.png");
    const json = await runInProcess(command(), [folder, "--no-pixels", "--json", "--figure", file]);
    assert.equal(JSON.parse(json.stdout).figure, file);
    assert.ok((await Deno.stat(file)).size > 1000);
    // A folder after the flag is not taken for the file.
    const wrong = await runInProcess(command(), ["--figure", folder]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /a dataset's folder goes before --figure/);
    // A sheet in the dataset's folder is no image of the dataset.
    const again = await runInProcess(command(), [folder, "--no-pixels", "--json"]);
    assert.equal(JSON.parse(again.stdout).splits.length, 3);
    await assert.rejects(
      inTempFolder(async (empty) => {
        await writeFiles(empty, { "train/_annotations.coco.json": cocoText({ width: 8, height: 8 }, []) });
        await drawOverview(empty);
      }),
      /Cannot draw an overview of .*\nhint: deno task inspect /,
    );
  }));
