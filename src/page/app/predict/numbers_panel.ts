/**
 * An image in numbers. This module is browser compatible.
 *
 * @module
 */
import { formatPercent, formatSeconds, plural } from "../../../format.ts";
import type { Box } from "../../../image/components.ts";
import type { ClassSpec } from "../../../image/class_spec.ts";
import { spacingText } from "../../../prediction/millimeters.ts";
import type { ImageNumbers, MaskReport, ReportedLesion } from "../../../prediction/image_report.ts";
import { type Child, h } from "../dom.ts";
import type { PredictedImage } from "./predicted_image.ts";

/** Most lesions in the list. */
const MOST_LESIONS = 50;

/** An area in pixels and, if the spacing is known, in square millimeters. */
export function areaText({ area, areaMm2 }: Pick<MaskReport, "area" | "areaMm2">): string {
  const pixels = `${area.toLocaleString("en-US")} px`;
  return areaMm2 === undefined ? pixels : `${pixels}, ${millimetersText(areaMm2)}`;
}

/** Square millimeters to four digits. */
function millimetersText(area: number): string {
  return `${Number(area.toPrecision(4)).toLocaleString("en-US", { maximumSignificantDigits: 4 })} mm²`;
}

/** The area of an image's mask in a few characters, for the list. */
export function shortText({ area, areaMm2 }: ImageNumbers): string {
  if (area === 0) return "nothing";
  return areaMm2 === undefined ? `${area.toLocaleString("en-US")} px` : millimetersText(areaMm2);
}

/** The numbers; `onLesion` is called with the box of a lesion that was chosen. */
export function drawNumbers(
  numbers: ImageNumbers,
  predicted: PredictedImage,
  classes: readonly ClassSpec[],
  onLesion: (box: Box) => void,
): HTMLElement {
  const { width, height, spacing, area, lesions } = numbers;
  const facts: [string, Child][] = [
    ["Area", `${areaText(numbers)} (${formatPercent(numbers.share)} of the image)`],
    ["Lesions", lesions.length.toLocaleString("en-US")],
    ["Mean probability", probabilityText(numbers.meanProbability)],
    ["Highest probability", probabilityText(numbers.maxProbability)],
    ["Image", `${width} × ${height} px${spacing ? `, ${spacingText(spacing)} mm per pixel` : ""}`],
    ["Took", formatSeconds(predicted.seconds)],
  ];
  const colors = new Map(classes.map(({ name, color }) => [name, color]));
  return h(
    "section",
    { class: "panel predict-numbers", "aria-label": "Numbers" },
    h("h2", {}, area === 0 ? "Nothing found" : "Found"),
    numbers.classes ? drawClasses(numbers.classes) : null,
    h("dl", {}, facts.map(([term, text]) => [h("dt", {}, term), h("dd", {}, text)])),
    lesions.length === 0 ? null : drawLesions(lesions, colors, onLesion),
    [...numbers.notes.map(({ message }) => message), predicted.isExact ? null : predicted.decodedBy].map((
      note,
    ) => note === null ? null : h("p", { class: "predict-note" }, `Note: ${note}.`)),
  );
}

/** A patch of a class's color. */
export function swatch(color: string): HTMLElement {
  return h("span", { class: "predict-swatch", "aria-hidden": "true", style: { "background-color": color } });
}

function drawClasses(classes: NonNullable<ImageNumbers["classes"]>): HTMLElement {
  const row = ({ name, color, lesions, meanProbability, ...mask }: typeof classes[number]) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, swatch(color), name),
      h("td", { class: "number" }, areaText(mask)),
      h("td", { class: "number" }, lesions.length.toLocaleString("en-US")),
      h("td", { class: "number" }, probabilityText(meanProbability)),
    );
  return h(
    "div",
    { class: "predict-scroll" },
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h("tr", {}, ["Class", "Area", "Lesions", "Mean"].map((text) => h("th", { scope: "col" }, text))),
      ),
      h("tbody", {}, classes.map(row)),
    ),
  );
}

function drawLesions(
  lesions: readonly ReportedLesion[],
  colors: ReadonlyMap<string, string>,
  onLesion: (box: Box) => void,
): HTMLElement {
  const row = (lesion: ReportedLesion, index: number) =>
    h(
      "li",
      {},
      h(
        "button",
        { type: "button", class: "predict-lesion", onclick: () => onLesion(lesion.box) },
        lesion.class === undefined ? null : swatch(colors.get(lesion.class) ?? "transparent"),
        h("span", {}, `${lesion.class ?? `Lesion ${index + 1}`}`),
        h("span", { class: "number" }, areaText(lesion)),
        h("span", { class: "number" }, probabilityText(lesion.meanProbability)),
      ),
    );
  const more = lesions.length - MOST_LESIONS;
  return h(
    "details",
    { open: lesions.length <= 5 },
    h("summary", {}, `${plural(lesions.length, "lesion")}, largest first`),
    h("ol", { class: "predict-lesions" }, lesions.slice(0, MOST_LESIONS).map(row)),
    more > 0
      ? h("p", { class: "muted" }, `and ${more.toLocaleString("en-US")} more, in the JSON file`)
      : null,
  );
}

function probabilityText(value: number | null): string {
  return value === null ? "–" : value.toFixed(2);
}
