/**
 * The worst, median and best images of a split, embedded.
 *
 * @module
 */
import { OUTLINE_COLORS } from "../../image/draw.ts";
import { colorToHex, ERROR_COLORS } from "../../image/palette.ts";
import type { Budget } from "./budget.ts";
import { type Html, markup, shorten } from "./html.ts";
import { number } from "./numbers.ts";
import type { CaseRecord, ShownEvaluation } from "./records.ts";
import { swatch } from "./results_section.ts";

/** Most classes of the legend, and characters of their names. */
const MOST_CLASSES = 30, CLASS_CHARACTERS = 60;

const WORDS: Readonly<Record<string, string>> = { worst: "Worst", median: "Median", best: "Best" };

/** The cases of an evaluation, as far as the budget allows. */
export function casesOf({ cases, colors, figure, split }: ShownEvaluation, budget: Budget): Html {
  if (cases.length === 0) {
    return markup`<h3>Worst, median and best images</h3>${figureOf(figure, split, budget)}`;
  }
  const shown = cases.filter(({ panels }) =>
    budget.take("images", panels.reduce((sum, { jpeg }) => sum + jpeg.length, 0))
  );
  return markup`<h3>Worst, median and best images by Dice</h3>
${legendOf(colors)}
<div class="cases">${shown.map((each) => caseOf(each, colors.size > 0))}</div>${
    shown.length < cases.length &&
    markup`<p class="note">${
      cases.length - shown.length
    } of ${cases.length} images are left out, to keep this file small.</p>`
  }`;
}

function caseOf({ name, rank, dice, panels }: CaseRecord, several: boolean): Html {
  const word = WORDS[rank] ?? "";
  return markup`
    <article class="case">
      <h4><b>${word}</b> ${several ? "mean Dice" : "Dice"} ${number(dice, 4)} · ${shorten(name, 260)}</h4>
      <div class="panels">${
    panels.map(({ caption, jpeg }) =>
      markup`<figure><img alt="${
        shorten(name, 80)
      }: ${caption}" src="data:image/jpeg;base64,${jpeg}"><figcaption>${
        shorten(caption, 40)
      }</figcaption></figure>`
    )
  }</div>
    </article>
  `;
}

function legendOf(colors: ReadonlyMap<string, string>): Html {
  const { annotated, predicted } = OUTLINE_COLORS;
  const one: [string, string][] = [
    ["outline of the annotation", colorToHex(annotated)],
    ["outline of the prediction", colorToHex(predicted)],
    ["hit", colorToHex(ERROR_COLORS.hit)],
    ["missed", colorToHex(ERROR_COLORS.missed)],
    ["false", colorToHex(ERROR_COLORS.false)],
  ];
  const all = colors.size > 0 ? [...colors] : one;
  const shown = all.slice(0, MOST_CLASSES);
  return markup`<ul class="legend">${
    shown.map(([name, color]) => markup`<li>${swatch(color)}${shorten(name, CLASS_CHARACTERS)}</li>`)
  }${all.length > shown.length && markup`<li>and ${all.length - shown.length} more</li>`}</ul>`;
}

/** The figure of an evaluation of an older version. */
function figureOf(figure: string | null, split: string, budget: Budget): Html {
  if (figure !== null && budget.take("images", figure.length)) {
    return markup`
      <img class="whole"
        alt="Worst, median and best images of ${split}: image, true mask, predicted mask, outlines"
        src="data:image/png;base64,${figure}">
    `;
  }
  return markup`
    <p
      class="note">The evaluation stored no images: no image has true or predicted foreground, or it was made by an earlier version, or cut off. Evaluating again adds them.</p>
  `;
}
