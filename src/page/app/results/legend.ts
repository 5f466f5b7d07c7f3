/**
 * What the colors of panes mean. This module is browser compatible.
 *
 * @module
 */
import type { Color } from "../../../image/draw.ts";
import { colorToHex } from "../../../image/palette.ts";
import { h } from "../dom.ts";
import { ERROR_COLORS, heatColor, MASK_COLORS } from "../viewer/pixels.ts";

function entry(color: Color, text: string, isLine = false): HTMLElement {
  return h(
    "span",
    { class: "legend-entry" },
    h("span", {
      class: isLine ? "legend-line" : "legend-swatch",
      style: { "--swatch": colorToHex(color) },
      "aria-hidden": "true",
    }),
    text,
  );
}

/** The legend of all panes: of one class for null; `hasIgnored` adds pixels that count in nothing. */
export function paneLegend(
  classes: readonly { readonly name: string; readonly color: Color }[] | null,
  hasIgnored: boolean,
): HTMLElement {
  const stops = [0, 0.25, 0.5, 0.75, 1].map((probability) => {
    const [red, green, blue] = heatColor(probability);
    return `rgb(${Math.round(red)} ${Math.round(green)} ${Math.round(blue)})`;
  });
  return h(
    "div",
    { class: "legend", role: "group", "aria-label": "Legend" },
    classes === null
      ? [entry(MASK_COLORS.truth, "Truth", true), entry(MASK_COLORS.prediction, "Prediction", true)]
      : classes.map(({ name, color }) => entry(color, name, true)),
    entry(ERROR_COLORS.hit, "Hit"),
    entry(ERROR_COLORS.missed, "Missed"),
    entry(ERROR_COLORS.false, "False"),
    hasIgnored ? entry(ERROR_COLORS.ignored, "Ignored") : null,
    h(
      "span",
      { class: "legend-entry" },
      "Probability 0",
      h("span", {
        class: "legend-ramp",
        "aria-hidden": "true",
        style: { "--ramp": `linear-gradient(90deg, ${stops.join(", ")})` },
      }),
      "1",
    ),
  );
}
