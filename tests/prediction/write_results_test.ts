import assert from "node:assert/strict";
import { join } from "node:path";
import { appearanceNote } from "../../src/prediction/appearance_note.ts";
import { summaryTable } from "../../src/prediction/summary_table.ts";
import { writeResults } from "../../src/prediction/write_results.ts";
import { readPngTexts } from "../../src/image/png_text.ts";
import { inTempFolder } from "../support/temp_folder.ts";

const RASTER = {
  width: 8,
  height: 8,
  channels: 1,
  data: new Uint8Array(64).fill(90),
  bits: 8,
  range: null,
} as const;
const MAP = { width: 8, height: 8, data: Float32Array.from({ length: 64 }, (_, at) => at < 16 ? 0.9 : 0.1) };
const HASHES = ["a".repeat(64), "b".repeat(64)];
const APPEARANCE = { distance: 1.5, intensities: 1.2, encoder: 1.7, unusual: true };
const KEPT = { images: 20, quantile: 0.99, threshold: 1, features: 1, space: "" };

for (const names of [["tumor"], ["left lung", "heart"]]) {
  Deno.test(`writeResults: every PNG of ${names.length} classes carries the hashes of the models`, () =>
    inTempFolder(async (output) => {
      const classes = names.map((name, index) => ({ name, color: `#00${index}0ff` }));
      const notes = appearanceNote(APPEARANCE, { appearance: KEPT });
      const image = {
        file: "scan.png",
        name: "scan",
        decoded: { raster: RASTER, notes },
        maps: names.map(() => MAP),
        appearance: APPEARANCE,
      };
      const report = await writeResults(
        image as never,
        { classes, head: "sigmoid" },
        { output, modelHashes: HASHES },
        () => {},
      );
      let pngs = 0;
      for await (const { name } of Deno.readDir(output)) {
        if (!name.endsWith(".png")) continue;
        pngs++;
        const texts = readPngTexts(await Deno.readFile(join(output, name)));
        assert.deepEqual(texts, { "Model SHA-256": HASHES.join(" ") }, name);
      }
      assert.equal(pngs, names.length === 1 ? 3 : 6);
      const written = JSON.parse(await Deno.readTextFile(join(output, "scan.json")));
      assert.deepEqual(written.appearance, APPEARANCE);
      assert.match(
        written.notes[0].message,
        /does not look like the training images.*1\.50, below 1 for 99 %/,
      );
      assert.deepEqual(report.appearance, APPEARANCE);
      const [header, row] = summaryTable([report], "tumor").split("\r\n") as [string, string];
      assert.ok(header.endsWith(",appearance_distance") && row.endsWith(",1.5"), `${header}\n${row}`);
      const { appearance: _, ...plain } = report;
      assert.doesNotMatch(summaryTable([plain], "tumor"), /appearance/);
    }));
}

Deno.test("appearanceNote: nothing of an image that looks like the training images, or of a model that does not tell", () => {
  assert.deepEqual(appearanceNote({ ...APPEARANCE, unusual: false }, { appearance: KEPT }), []);
  assert.deepEqual(appearanceNote(null, { appearance: KEPT }), []);
});
