/**
 * The numbers of an image: as evaluated, and at the threshold of now. This module is browser compatible.
 *
 * @module
 */
import { predictedArea, trueArea } from "../../../evaluation/image_score.ts";
import { METRIC_NAMES, METRICS } from "../../../evaluation/metrics.ts";
import type { ResultScore } from "../../api/results.ts";
import { type Child, h } from "../dom.ts";
import { showCount, showMetric, showNumber } from "../format.ts";

/** What the numbers are in. */
export interface NumberUnits {
  readonly unit: "px" | "mm";
  /** Pixels of a compared mask. */
  readonly pixels: number;
  /** Square millimeters of a compared pixel; null if they are not known. */
  readonly pixelArea: number | null;
  /** Whether there is a truth; without one, only the prediction has numbers. */
  readonly annotated: boolean;
}

/** A column of numbers, with its heading; null if nothing is known. */
export interface NumberColumn {
  readonly title: string;
  /** How masks are made of probabilities. */
  readonly note: string;
  readonly score: ResultScore | null;
}

type Row = readonly [key: string, label: string, show: (score: ResultScore) => Child];

function rowsOf({ unit, pixels, pixelArea, annotated }: NumberUnits): Row[] {
  const area = (of: (score: ResultScore) => number) => (score: ResultScore) => {
    const count = of(score);
    const share = `${(100 * count / pixels).toFixed(2)} %`;
    return pixelArea === null
      ? `${showCount(count)} px (${share})`
      : `${showCount(count)} px (${share}, ${showNumber(count * pixelArea)} mm²)`;
  };
  const predicted: Row = ["predictedArea", "Predicted area", area(predictedArea)];
  if (!annotated) {
    return [predicted, ["lesions", "Predicted lesions", ({ lesions }) => showCount(lesions.predicted)]];
  }
  return [
    ...METRIC_NAMES.map((name): Row => {
      const { label, isDistance } = METRICS[name];
      const text = label.charAt(0).toUpperCase() + label.slice(1);
      return [name, isDistance ? `${text}, ${unit}` : text, ({ metrics }) => showMetric(metrics[name])];
    }),
    ["trueArea", "True area", area(trueArea)],
    predicted,
    ["missedPixels", "Missed pixels", ({ pixels }) => showCount(pixels.falseNegatives)],
    ["falsePixels", "False pixels", ({ pixels }) => showCount(pixels.falsePositives)],
    ["lesions", "Lesions, true / predicted", ({ lesions }) => `${lesions.truth} / ${lesions.predicted}`],
    ["missedLesions", "Lesions, missed / false", ({ lesions }) => `${lesions.missed} / ${lesions.false}`],
  ];
}

/** The table. */
export function numbersTable(columns: readonly NumberColumn[], units: NumberUnits): HTMLElement {
  return h(
    "table",
    { class: "image-numbers" },
    h("caption", { class: "visually-hidden" }, "Numbers of the image"),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        h("td", {}),
        columns.map(({ title, note }) =>
          h("th", { scope: "col", class: "number" }, `${title} `, h("span", { class: "muted" }, note))
        ),
      ),
    ),
    h(
      "tbody",
      {},
      rowsOf(units).map(([key, label, show]) =>
        h(
          "tr",
          { "data-number": key },
          h("th", { scope: "row" }, label),
          columns.map(({ score }) => h("td", { class: "number" }, score === null ? "–" : show(score))),
        )
      ),
    ),
  );
}
