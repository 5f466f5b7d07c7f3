/**
 * The table of images of a split, worst first.
 *
 * @module
 */
import type { MetricName } from "../../evaluation/metrics.ts";
import { evaluationNames } from "../../fs/layout.ts";
import type { Budget } from "./budget.ts";
import type { PixelKind, ScoreRecord, Value } from "./evaluation_record.ts";
import { type Html, markup, shorten } from "./html.ts";
import { count, number } from "./numbers.ts";
import type { ShownEvaluation } from "./records.ts";
import { digitsOf, labelOf } from "./results_section.ts";

/** Most rows: more than anyone reads on a page. */
const MOST_ROWS = 1000;

/** Rows that the style sheet prints. */
const PRINTED_ROWS = 100;

/** Characters of a name. */
const NAME_CHARACTERS = 260;

const METRICS_SHOWN: readonly MetricName[] = [
  "dice",
  "iou",
  "sensitivity",
  "precision",
  "hausdorff95",
  "averageSurfaceDistance",
];

/** The table of an evaluation's images, as far as the budget allows. */
export function imagesOf({ scores, split, unit, classes }: ShownEvaluation, budget: Budget): Html | null {
  if (scores.length === 0) return null;
  const rows: Html[] = [];
  for (const score of scores.toSorted(worstFirst).slice(0, MOST_ROWS)) {
    const row = rowOf(score);
    // UTF-8 takes at most three bytes per unit of UTF-16.
    if (!budget.take("rows", new TextEncoder().encode(row.text).length)) break;
    rows.push(row);
  }
  const { csv } = evaluationNames(split);
  const left = scores.length - rows.length;
  const means = classes.length > 0 && " Of several classes: means of metrics, sums of pixels and lesions.";
  return markup`
    <h3>All images</h3>
    <label class="filter"
      hidden>Name contains <input type="search" autocomplete="off" spellcheck="false"> <output></output></label>
    ${
    left > 0 && markup`
      <p
        class="note">The ${rows.length} images of lowest Dice; the other ${
      left.toLocaleString(
        "en-US",
      )
    } are in <code>${csv}</code>.</p>
    `
  }${
    rows.length > PRINTED_ROWS &&
    markup`<p class="print">Printed: the first ${PRINTED_ROWS}. All are in <code>${csv}</code>.</p>`
  }
    <div class="scroll">
      <table class="images">
        <caption><span>Lowest Dice first; images without true or predicted foreground have none. Areas are in pixels of the compared masks.${means}</span></caption>
        <thead>
          <tr><th scope="col">Image</th>${
    METRICS_SHOWN.map((metric) => markup`<th scope="col">${labelOf(metric, unit)}</th>`)
  }<th scope="col">Annotated area</th><th scope="col">Predicted area</th><th scope="col">Lesions</th><th scope="col">Missed</th><th scope="col">False</th></tr>
        </thead>
        <tbody>${rows}</tbody>
      </table>
    </div>
  `;
}

function rowOf({ name, metrics, pixels, lesions }: ScoreRecord): Html {
  const area = (...kinds: PixelKind[]): Value =>
    kinds.reduce<Value>((sum, kind) => {
      const value = pixels[kind];
      return sum === null || value === null ? null : sum + value;
    }, 0);
  return markup`<tr><th scope="row">${shorten(name, NAME_CHARACTERS)}</th>${
    METRICS_SHOWN.map((metric) => markup`<td>${number(metrics[metric], digitsOf(metric))}</td>`)
  }<td>${count(area("truePositives", "falseNegatives"))}</td><td>${
    count(area("truePositives", "falsePositives"))
  }</td><td>${count(lesions.truth)}</td><td>${count(lesions.missed)}</td><td>${
    count(lesions.false)
  }</td></tr>\n`;
}

function worstFirst(a: ScoreRecord, b: ScoreRecord): number {
  const [one, other] = [a.metrics.dice ?? Infinity, b.metrics.dice ?? Infinity];
  return one === other ? (a.name < b.name ? -1 : 1) : one - other;
}
