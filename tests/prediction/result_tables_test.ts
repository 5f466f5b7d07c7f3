import assert from "node:assert/strict";
import type { ImageReport } from "../../src/prediction/image_report.ts";
import { reportMask } from "../../src/prediction/image_report.ts";
import { itkSnapLabels, slicerColors } from "../../src/prediction/label_tables.ts";
import { segment } from "../../src/prediction/postprocess.ts";
import { classEnding, fileNames } from "../../src/prediction/result_files.ts";
import { summaryTable } from "../../src/prediction/summary_table.ts";

const CLASSES = [{ name: "left lung", color: "#ff0080" }, { name: 'a "b"', color: "#000001" }];

/** The report of a map of six pixels, with lesions of one and two. */
function report(image: string, spacing?: readonly [number, number]): ImageReport {
  const map = { width: 3, height: 2, data: Float32Array.of(1, 0, 0.75, 0, 0, 0.5) };
  const { summary } = segment(map, map, { threshold: 0.25 });
  const files = { mask: "m", figure: "f", json: "j" };
  return { image, ...(spacing ? { spacing } : {}), ...reportMask(summary, spacing), notes: [], files };
}

Deno.test("summaryTable: a row per image, or per image and class", () => {
  const [one, two] = [report("=a.png"), report("b,c.png", [0.5, 2])];
  const several = {
    ...report("d.png"),
    classes: CLASSES.map((spec, index) => ({
      ...report(""),
      ...spec,
      label: index + 1,
      files: { probability: "p" },
    })),
  };
  assert.equal(
    summaryTable([one, two, several], "foreground"),
    [
      "image,size,area,lesions,class,spacing,area_mm2,share,mean_probability",
      "'=a.png,3x2,3,2,foreground,,,0.5,0.75",
      '"b,c.png",3x2,3,2,foreground,"2,0.5",3,0.5,0.75',
      "d.png,3x2,3,2,left lung,,,0.5,0.75",
      'd.png,3x2,3,2,"a ""b""",,,0.5,0.75',
      "",
    ].join("\r\n"),
  );
});

Deno.test("reportMask: areas in square millimeters, boxes in millimeters", () => {
  const { areaMm2, boxMm, lesions } = report("a.png", [0.5, 2]);
  assert.deepEqual([areaMm2, boxMm], [3, { x: 0, y: 0, width: 6, height: 1 }]);
  assert.deepEqual(lesions.map(({ areaMm2 }) => areaMm2), [2, 1]);
  assert.deepEqual(lesions[0]!.boxMm, { x: 4, y: 0, width: 2, height: 1 });
});

Deno.test("itkSnapLabels, slicerColors: a line per label, the background first", () => {
  assert.deepEqual(itkSnapLabels(CLASSES).trimEnd().split("\n").slice(-3), [
    '0\t0\t0\t0\t0\t0\t0\t"Clear Label"',
    '1\t255\t0\t128\t1\t1\t1\t"left lung"',
    "2\t0\t0\t1\t1\t1\t1\t\"a 'b'\"",
  ]);
  assert.deepEqual(slicerColors(CLASSES).trimEnd().split("\n").slice(-3), [
    "0 background 0 0 0 0",
    "1 left_lung 255 0 128 255",
    '2 a_"b" 0 0 1 255',
  ]);
});

Deno.test("fileNames: letters and digits of any script, unique in any case", () => {
  const names = ["left lung", "Left/Lung", "..", "ödem 2", "脑", "x".repeat(300)];
  assert.deepEqual(fileNames(names), ["left-lung", "Left-Lung-2", "-", "ödem-2", "脑", "x".repeat(60)]);
  assert.equal(classEnding("mask", "a"), "_mask_a.png");
});
