/** From a dataset folder to files, by a network whose output is known: tests/support/spot_dataset.ts. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { decodeImage, type RgbImage } from "../../mod.ts";
import { ERROR_COLORS } from "../../src/image/palette.ts";
import { formatEvaluation } from "../../src/evaluation/report_text.ts";
import { reportDocument } from "../../src/evaluation/report_json.ts";
import {
  type EvaluationReport,
  runEvaluation,
  type RunEvaluationOptions,
} from "../../src/evaluation/run_evaluation.ts";
import { writeSpotDataset } from "../support/spot_dataset.ts";
import { spotPredictor } from "../support/spot_predictor.ts";
import { filesUnder, inTempFolder } from "../support/temp_folder.ts";

/** Calls `body` with a function that evaluates the spot model, and with the output folder. */
function withEvaluations(
  body: (
    run: (options?: Partial<RunEvaluationOptions>) => Promise<EvaluationReport>,
    output: string,
  ) => Promise<void>,
): Promise<void> {
  return inTempFolder(async (folder) => {
    const dataFolder = join(folder, "data");
    await writeSpotDataset(dataFolder);
    const predictor = await spotPredictor();
    const output = join(folder, "run");
    await body(
      (options) =>
        runEvaluation(predictor, { dataFolder, cacheFolder: join(folder, "cache"), output, ...options }),
      output,
    );
  });
}

const read = async (path: string | null): Promise<RgbImage> => await decodeImage(await Deno.readFile(path!));

Deno.test("runEvaluation: writes numbers, table, and figures of image, masks and overlay of the test split", () =>
  withEvaluations(async (run, output) => {
    const report = await run({ provenance: { model: { epoch: 7 } } });
    assert.deepEqual(await filesUnder(output), [
      "case-images.json",
      "cases.png",
      "predictions.png",
      "test.csv",
      "test.json",
    ]);
    const { files } = report;
    assert.deepEqual(files, {
      json: join(output, "test.json"),
      csv: join(output, "test.csv"),
      predictions: join(output, "predictions.png"),
      cases: join(output, "cases.png"),
      auditCsv: null,
      auditFigure: null,
    });
    const json = JSON.parse(await Deno.readTextFile(files.json));
    assert.deepEqual(json, JSON.parse(JSON.stringify(reportDocument(report, { model: { epoch: 7 } }))));
    assert.equal(json.split, "test");
    assert.equal(json.data.pictures, 5);
    assert.deepEqual(json.settings, { threshold: 0.5, size: 32, spacing: null, unit: "px" });
    assert.equal(json.scores.length, 5);
    const rows = (await Deno.readTextFile(files.csv!)).trimEnd().split("\r\n");
    assert.equal(rows.length, 6);
    assert.match(rows[2]!, /^2\.png,32,32,128,64,1,1,0,0,0\.666/);

    const figure = await read(files.predictions);
    // Two samples per row, each with four panels of 256 x 256; the second one, 2.png, ends the first row.
    const margin = (figure.width - 8 * 256) / 9;
    const pixel = (panel: number, x: number, y: number) => {
      const at = 3 * ((y + top) * figure.width + margin + panel * (256 + margin) + x);
      return [...figure.data.subarray(at, at + 3)];
    };
    let top = 0;
    // The panels begin where the first true mask does, which is black in its corner.
    while (pixel(1, 0, 0).join() !== "0,0,0") top++;
    const eighth = (panel: number, x: number, y: number) => pixel(panel, 32 * x + 16, 32 * y + 16);
    const [black, white] = [[0, 0, 0], [255, 255, 255]];
    assert.deepEqual(eighth(4, 1, 1), [230, 230, 230]);
    assert.deepEqual(eighth(4, 1, 3), [40, 40, 40]);
    assert.deepEqual([eighth(5, 1, 1), eighth(5, 1, 3), eighth(5, 1, 5)], [white, white, black]);
    assert.deepEqual([eighth(6, 1, 1), eighth(6, 1, 3), eighth(6, 1, 5)], [white, black, black]);
    assert.deepEqual(eighth(7, 1, 1), [230, 230, 230], "what is predicted keeps its texture");
    assert.deepEqual(eighth(7, 1, 3), [40, 40, 40], "and so does what is annotated");
    const line = pixel(7, 32 + 48, 32 * 5 - 2);
    assert.ok(line[2]! > line[1]! && line[1]! > line[0]!, "the annotation's border is blue");
    // Five samples in three rows, four images with a Dice in two.
    const cases = await read(files.cases);
    assert.equal(cases.width, figure.width);
    assert.ok(figure.height > 3 * 256 && figure.height < 4 * 256);
    assert.ok(cases.height > 2 * 256 && cases.height < 3 * 256);
    const images = JSON.parse(await Deno.readTextFile(join(output, "case-images.json")));
    assert.deepEqual(images.cases.map(({ name, rank }: Record<string, string>) => `${rank} ${name}`), [
      "worst 3.png",
      "worst 5.png",
      "median 2.png",
      "best 1.png",
    ]);
    const panels = images.cases[2].panels as { caption: string; jpeg: string }[];
    assert.deepEqual(panels.map(({ caption }) => caption), ["image", "outlines", "errors"]);
    const errors = await decodeImage(Uint8Array.fromBase64(panels[2]!.jpeg));
    assert.deepEqual([errors.width, errors.height], [320, 320]);
    // What is annotated is hit in its upper half, and missed below.
    for (const [y, [red, green, blue]] of [[80, ERROR_COLORS.hit], [160, ERROR_COLORS.missed]] as const) {
      const at = 3 * (320 * y + 80);
      const [r, g, b] = errors.data.subarray(at, at + 3);
      assert.ok(Math.hypot(r! - red, g! - green, b! - blue) < 60, `row ${y}: ${[r, g, b]}`);
    }
  }));

Deno.test("runEvaluation, formatEvaluation: audits and other splits as files and text, removed by a run without audit", () =>
  withEvaluations(async (run, output) => {
    const first = await run({ audit: true, spacing: [0.5, 0.5], unannotated: "skip", maps: true });
    const { audit, files } = first;
    assert.match(
      formatEvaluation(first),
      /^wrote .*test-probabilities: probability maps of 3 images, 1 kB each$/m,
    );
    const mapFiles = (names: string[]) => names.filter((name) => name.includes("probabilities")).length;
    assert.equal(mapFiles(await filesUnder(output)), 4, "an index, and a map per image");
    assert.deepEqual(audit!.map(({ name }) => name), ["3.png", "2.png"]);
    assert.deepEqual([files.auditCsv, files.auditFigure], [
      join(output, "audit.csv"),
      join(output, "audit.png"),
    ]);
    const [header, strongest] = (await Deno.readTextFile(files.auditCsv!)).split("\r\n");
    assert.equal(header, "picture,score,kind,reason,x,y,width,height,share,certainty");
    // The box of what is annotated and not predicted, in pixels of the image.
    assert.match(
      strongest!,
      /^3\.png,0\.\d+,wrong,"annotated, but the model finds nothing",0,0,16,16,0\.0625,/,
    );
    const figure = await read(files.auditFigure);
    assert.ok(figure.width > 4 * 256 && figure.height > 256);

    const one = await run({ audit: true, auditSamples: 1 });
    assert.equal(mapFiles(await filesUnder(output)), 0, "maps of another evaluation are gone");
    const text = formatEvaluation(one);
    for (
      const line of [
        /^test, masks of 32 x 32 px, threshold 0\.5$/m,
        /^5 images: 3 with foreground, 2 without$/m,
        /^ {2}accuracy +0\.9594 .*0\.9437/m,
        /^ {2}HD95 px /m,
        /^background +1 of 2 images predicted empty; in the others 1 lesion, 16 pixels$/m,
        /^loss +\d\.\d{4} = 0\.6 Dice loss \d\.\d{4} \+ 0\.4 BCE \d\.\d{4}$/m,
        /^ +mean of batches of 32, like the original: \d\.\d{4}, accuracy 0\.9594$/m,
        /^audit of test: the model contradicts the annotation of 3 of 5 images \(1 missing, 1 wrong, 1 differs\)$/m,
        /^ {3}1\. 0\.0\d+ {2}3\.png: annotated, but the model finds nothing$/m,
      ]
    ) assert.match(text, line);
    assert.ok(
      text.endsWith(`\nwrote ${join(output, "audit.csv")}\nwrote ${join(output, "audit.png")}\n`),
      text,
    );
    assert.ok(one.audit!.length > 1 && (await read(one.files.auditFigure)).width < 3 * 256);

    const raw = await run({ split: "raw", audit: true });
    assert.deepEqual(raw.audit!.map(({ name, kind }) => [name, kind]), [["5.png", "missing"]]);
    assert.deepEqual([raw.data.annotated, raw.summary, raw.loss, raw.scores], [false, null, null, []]);
    assert.match(
      formatEvaluation(raw),
      /^audit of raw: images without annotations; the model finds foreground in 1 of 2$/m,
    );
    assert.doesNotMatch(formatEvaluation(raw), /Dice/);
    assert.deepEqual(await filesUnder(output), [
      "audit.csv",
      "audit.png",
      "case-images.json",
      "cases.png",
      "predictions.png",
      "raw-audit.csv",
      "raw-audit.png",
      "raw.json",
      "test.csv",
      "test.json",
    ]);
    await run();
    assert.deepEqual(
      (await filesUnder(output)).filter((name) => !name.startsWith("raw")),
      ["case-images.json", "cases.png", "predictions.png", "test.csv", "test.json"],
    );
  }));

Deno.test("runEvaluation: an unknown split lists the known ones, an unannotated one suggests an audit", () =>
  withEvaluations(async (run, output) => {
    await assert.rejects(
      run({ split: "tset" }),
      /^Error: Cannot find the split "tset": the dataset has "test", "raw"$/,
    );
    await assert.rejects(
      run({ split: "raw" }),
      /^Error: Cannot evaluate split "raw": .*\nhint: --audit ranks/,
    );
    await assert.rejects(Deno.stat(output), Deno.errors.NotFound);
  }));

Deno.test("runEvaluation: refuses a split in which nothing is annotated, which an audit takes as a folder of images", () =>
  withEvaluations(async (run, output) => {
    const file = join(output, "../data/test/_annotations.coco.json");
    const { annotations, ...root } = JSON.parse(await Deno.readTextFile(file));
    const write = (changes: Record<string, unknown>) =>
      Deno.writeTextFile(file, JSON.stringify({ ...root, ...changes }));
    const refusal = /split "test": none of its images is annotated.*\nhint: .*--audit ranks /;
    await write({});
    await assert.rejects(run(), refusal);
    await assert.rejects(run({ unannotated: "skip" }), refusal);
    await write({ annotations: [] });
    await assert.rejects(run(), refusal);
    assert.equal(await Deno.stat(output).catch(() => null), null);
    const { summary, audit, data } = await run({ audit: true });
    assert.deepEqual([summary, audit!.length, data.annotated], [null, 4, false]);
    // One image in doubt is enough to refuse the images without annotations.
    await write({ annotations: [...annotations, { ...annotations[0], image_id: 99 }] });
    await assert.rejects(run(), /Cannot take 2 images without annotations of split "test" as background/);
    assert.equal((await run({ unannotated: "skip" })).data.images, 3);
  }));
