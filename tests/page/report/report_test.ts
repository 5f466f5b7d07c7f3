import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { ImageScore } from "../../../src/evaluation/image_score.ts";
import { METRIC_NAMES } from "../../../src/evaluation/metrics.ts";
import { MAX_REPORT_BYTES, reportHtml } from "../../../src/page/report/report.ts";
import { readRecords } from "../../../src/page/report/records.ts";
import { tryReport, writeReport } from "../../../src/page/report/write_report.ts";
import { saveCheckpoint } from "../../../src/training/run_folder.ts";
import { checkpointOf } from "../../support/checkpoints.ts";
import { exampleScores } from "../../support/evaluation.ts";
import { logLine, type RunRecordsOptions, writeRunRecords } from "../../support/run_records.ts";
import { filesUnder, inTempFolder } from "../../support/temp_folder.ts";

/** Calls `body` with the report of a run, and with the run's folder. */
function withReport(
  options: RunRecordsOptions,
  body: (text: string, folder: string) => void | Promise<void>,
): Promise<void> {
  return inTempFolder(async (parent) => {
    const folder = join(parent, "my-run");
    await writeRunRecords(folder, options);
    await body(reportHtml(await readRecords(folder)), folder);
  });
}

/** The whole numbers of a piece of HTML, in order; null for dashes. */
const valuesIn = (text: string) =>
  [...text.matchAll(/<data value="([^"]*)">|class="none"/g)].map(([, value]) =>
    value === undefined ? null : Number(value)
  );

/** The rows of the body of a table by its class. */
function rowsOf(text: string, name: string): string[] {
  const table = text.match(new RegExp(`<table class="${name}">.*?</table>`, "s"))![0];
  return [...table.match(/<tbody>.*<\/tbody>/s)![0].matchAll(/<tr.*?<\/tr>/gs)].map(([row]) => row);
}

Deno.test("reportHtml: every number is the one of the record that it came from", () =>
  withReport({}, async (text, folder) => {
    const json = JSON.parse(await Deno.readTextFile(join(folder, "test.json")));
    const shown = [...text.matchAll(/<data value="([^"]*)">([^<]*)<\/data>/g)];
    assert.ok(shown.length > 150);
    for (const [, value, digits] of shown) {
      const number = Number(value);
      const places = digits!.split(".")[1]?.length ?? 0;
      const same = [
        number.toFixed(places),
        number.toLocaleString("en-US"),
        number.toExponential(2),
        `${number}`,
      ];
      assert.ok(same.includes(digits!), `${value} is shown as ${digits}`);
    }

    const { pooled, baselineAccuracy, tumor } = json.summary;
    const metrics = rowsOf(text, "metrics");
    assert.equal(metrics.length, METRIC_NAMES.length);
    METRIC_NAMES.forEach((metric, index) => {
      const { mean, median, interval, count } = tumor.metrics[metric];
      const baseline: Record<string, number | null> = { dice: 0, iou: 0, sensitivity: 0, specificity: 1 };
      assert.deepEqual(valuesIn(metrics[index]!), [
        pooled[metric] ?? null,
        metric === "accuracy" ? baselineAccuracy : baseline[metric] ?? null,
        mean,
        ...interval ?? [null],
        median,
        count,
      ], metric);
    });

    const worstFirst = ["missed.jpg", "marked.jpg", "part.jpg", "healthy.jpg"];
    const images = rowsOf(text, "images");
    assert.equal(images.length, 4);
    json.scores.forEach((score: ImageScore) => {
      const { name, metrics, pixels, lesions } = score;
      const row = images.find((row) => row.includes(`>${name}<`))!;
      assert.deepEqual(valuesIn(row), [
        ...[metrics.dice, metrics.iou, metrics.sensitivity, metrics.precision],
        ...[metrics.hausdorff95, metrics.averageSurfaceDistance],
        pixels.truePositives + pixels.falseNegatives,
        pixels.truePositives + pixels.falsePositives,
        ...[lesions.truth, lesions.missed, lesions.false],
      ], name);
    });
    const order = images.map((row) => worstFirst.findIndex((name) => row.includes(name)));
    assert.deepEqual([order[2], order[3]], [2, 3], "the lowest Dice first, undefined ones last");

    rowsOf(text, "epochs").forEach((row, index) => {
      const line = logLine(index + 1);
      assert.deepEqual(valuesIn(row), [
        ...[line["train/loss"], line["valid/loss"], line["train/dice"], line["valid/dice"]],
        ...[line["valid/iou"], line["valid/accuracy"], line.learning_rate],
      ], `epoch ${line.epoch}`);
    });
    assert.match(text, /The model is that of epoch\s+<b><data value="5">5<\/data><\/b>/);
    assert.match(
      text,
      /aria-label="Loss, epochs 1 to 6: train from 0\.5 to 0\.1429; valid from 0\.6 to 0\.1714; best epoch 5"/,
    );
  }));

Deno.test("reportHtml: allows its own style and script by their hashes, and asks for nothing else", () =>
  withReport({}, (text) => {
    const [, policy] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(text)!;
    for (const [tag, directive] of [["style", "style-src"], ["script", "script-src"]]) {
      const [, content, ...more] = text.split(new RegExp(`<${tag}>|</${tag}>`));
      assert.equal(more.length, 1, `one ${tag}`);
      const hash = createHash("sha256").update(content!).digest("base64");
      assert.ok(policy!.includes(`${directive} 'sha256-${hash}'`), policy);
    }
    assert.match(policy!, /^default-src 'none'; img-src data:; .*base-uri 'none'; form-action 'none'$/);
    assert.doesNotMatch(text, /\s(?:style|on\w+)=/);
    const addresses = [...text.matchAll(/\b(?:src|href|action|poster|srcset|xlink:href)="([^"]*)"/g)];
    for (const [, address] of addresses) {
      assert.match(address!, /^(?:#[\w-]+|data:image\/jpeg;base64,.*|data:,)$/);
    }
    assert.doesNotMatch(text, /@import|url\(|https?:/);
    assert.match(text, /not a medical device/);
  }));

Deno.test("reportHtml: names from files are text, wherever they stand", () => {
  const name = `<script>alert("1")</script>&'\u202e\n.png`;
  const scores = exampleScores().map((score, index) => index === 0 ? { ...score, name } : score);
  return withReport({ scores, splits: ["<b>x"] }, (text) => {
    assert.equal(text.match(/<script>/g)!.length, 1);
    assert.doesNotMatch(text, /<b>x|\u202e/);
    const shown = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;\\u202e\\u000a.png";
    // In the table, in the heading of a case, and in the texts of its three panels.
    assert.equal(text.split(shown).length - 1, 5);
  });
});

Deno.test("reportHtml: has at most 3 MB for 10,000 images of 14 classes with the longest names, and says what is left out", () => {
  const classes = Array.from({ length: 14 }, (_, index) => ({
    name: `${index}${"&".repeat(253)}`,
    color: "#e69f00",
  }));
  const [one] = exampleScores();
  const part = (name: string) => ({
    name,
    metrics: one!.metrics,
    pixels: one!.pixels,
    lesions: one!.lesions,
  });
  const parts = classes.map(({ name }) => part(name));
  const scores = Array.from({ length: 10_000 }, (_, index): ImageScore => ({
    ...one!,
    name: `${index}`.padStart(5, "0").padEnd(255, '"'),
    classes: parts,
  }));
  const jpeg = `/9j/${"A".repeat(180_000)}`;
  return withReport({ scores, classes, jpeg }, (text) => {
    const bytes = new TextEncoder().encode(text).length;
    assert.ok(bytes > 1_000_000 && bytes <= MAX_REPORT_BYTES, `${bytes} bytes`);
    const rows = rowsOf(text, "images").length;
    assert.ok(rows > 200 && rows <= 1000);
    assert.match(
      text,
      new RegExp(
        `The ${rows} images of lowest Dice;\\s+the other ${
          (10_000 - rows).toLocaleString("en-US")
        }\\s+are in <code>test\\.csv</code>`,
      ),
    );
    assert.match(text, /\d of 6 images are left out, to keep this file small/);
    assert.equal(rowsOf(text, "metrics classes").length, 15);
  });
});

Deno.test("reportHtml: says what is missing, and the command that makes it", async () => {
  await withReport({ splits: [] }, (text) => {
    assert.match(text, /No evaluation yet\.\s+<code>deno task evaluate --run my-run<\/code>/);
    assert.match(text, /<svg/);
  });
  await withReport({ epochs: 0 }, (text) => {
    assert.match(
      text,
      /No curves: .*<code>deno task train --run my-run --data FOLDER --recipe original --epochs 6 --filters 4 --size 64<\/code>/,
    );
  });
  await withReport({}, async (_, folder) => {
    await Deno.remove(join(folder, "config.json"));
    await Deno.remove(join(folder, "metrics.jsonl"));
    await Deno.remove(join(folder, "case-images.json"));
    const text = reportHtml(await readRecords(folder));
    assert.match(text, /No settings: .*config\.json/);
    assert.match(text, /The evaluation stored no images/);
    // Those of another evaluation are not taken for its own.
    await writeRunRecords(folder);
    const json = join(folder, "test.json");
    await Deno.writeTextFile(json, (await Deno.readTextFile(json)).replaceAll("part.jpg", "other.jpg"));
    assert.doesNotMatch(reportHtml(await readRecords(folder)), /data:image\/jpeg/);
    await Deno.writeTextFile(json, "{");
    await Deno.writeTextFile(join(folder, "metrics.jsonl"), "{}\n{}\n");
    const damaged = reportHtml(await readRecords(folder));
    assert.match(damaged, /test\.json is damaged and is left out\./);
    assert.match(damaged, /No evaluation yet/);
  });
});

Deno.test("reportHtml: tells an evaluation of another model, and how to resume a run that was stopped", () =>
  withReport({}, async (_, folder) => {
    const { progress, trainer } = checkpointOf(3, 3);
    await saveCheckpoint(folder, {
      progress: { ...progress, config: { ...progress.config, epochs: 9 } },
      trainer,
    });
    const text = reportHtml(await readRecords(folder));
    assert.match(text, /These results are of another model than the best one of this run now: of epoch 5\./);
    assert.match(text, /Stopped after 3 of 9 epochs, not finished/);
    assert.match(text, /<code>deno task train --resume --run my-run<\/code>/);
  }));

Deno.test("writeReport: the same records give the same bytes, which name neither their folder nor a model's", () =>
  withReport({}, async (text, folder) => {
    const path = await writeReport(folder);
    assert.equal(path, join(folder, "report.html"));
    assert.equal(await Deno.readTextFile(path), text);
    await writeReport(folder);
    assert.equal(await Deno.readTextFile(path), text);
    assert.ok(!text.includes(join(folder, "..")), "it names a folder outside the project");
    assert.match(text, /best\.safetensors, epoch 5/);
    await writeReport(folder, join(folder, "a/b.html"));
    assert.ok((await filesUnder(folder)).includes("a/b.html"));
  }));

Deno.test("tryReport: a report that cannot be written is a note; a folder without records is refused", () =>
  inTempFolder(async (folder) => {
    await assert.rejects(readRecords(join(folder, "none")), /there is no such folder\nhint: /);
    await assert.rejects(readRecords(folder), /it holds no records of a run\nhint: /);
    await writeRunRecords(folder);
    await Deno.mkdir(join(folder, "report.html/x"), { recursive: true });
    const notes: string[] = [];
    assert.equal(await tryReport(folder, (note) => notes.push(note)), null);
    assert.match(notes.join("|"), /^report\.html is not written: [^|\n]+$/);
  }));
