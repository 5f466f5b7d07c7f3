/**
 * A run in one HTML file that needs nothing else: no network, no other file, no script to be read.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { METRICS } from "../../evaluation/metrics.ts";
import { Budget } from "./budget.ts";
import { casesOf } from "./cases_section.ts";
import { evaluateCommand } from "./commands.ts";
import { type Content, Html, markup, shorten } from "./html.ts";
import { imagesOf } from "./images_section.ts";
import { count, interval, number } from "./numbers.ts";
import { provenanceSection } from "./provenance_section.ts";
import type { RunRecords, ShownEvaluation } from "./records.ts";
import { resultsOf } from "./results_section.ts";
import { bestEpochOf, stateOf, trainingSection } from "./training_section.ts";
import style from "./report.css" with { type: "text" };
import script from "./report_script.js" with { type: "text" };

/** Most bytes of a report: small enough for any mail. */
export const MAX_REPORT_BYTES = 3_000_000;

/** Bytes of images and of rows: what is tried first, and what is left if that makes the file too large. */
const BUDGETS = [
  { images: 1_500_000, rows: 800_000 },
  { images: 700_000, rows: 400_000 },
  { images: 0, rows: 100_000 },
];

/** The report of a run, as HTML of at most {@linkcode MAX_REPORT_BYTES}. The same records give the same text. */
export function reportHtml(records: RunRecords): string {
  for (const budget of BUDGETS) {
    const { text } = page(records, new Budget(budget));
    if (new TextEncoder().encode(text).length <= MAX_REPORT_BYTES) return text;
  }
  throw new RangeError(`Cannot report on ${records.name} in ${MAX_REPORT_BYTES} bytes`);
}

function page(records: RunRecords, budget: Budget): Html {
  const { name, evaluations, notes } = records;
  const ids = evaluations.map((_, index) => `results-${index + 1}`);
  const policy = [
    "default-src 'none'",
    "img-src data:",
    `style-src '${sourceHash(style)}'`,
    `script-src '${sourceHash(script)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const state = stateOf(records);
  const recipe = (records.progress?.config ?? records.config)?.recipe;
  const facts = [
    ...recipe === undefined ? [] : [`Recipe ${shorten(`${recipe}`, 60)}`],
    ...state === null ? [] : [state[0]!.toUpperCase() + state.slice(1)],
  ];
  return markup`<!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="${new Html(policy)}">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="referrer" content="no-referrer">
        <link rel="icon" href="data:,">
        <title>${shorten(name, 120)} – report</title>
        <style>${new Html(style)}</style>
      </head>
      <body>
        <header>
          <h1>${shorten(name, 260)}</h1>
          <p class="muted">${facts.join(" · ")}</p>
          <p class="device">Research software, not a medical device: not for diagnosis or treatment.</p>
          <nav aria-label="Sections">
            <ul>${
    evaluations.map(({ split }, index) =>
      markup`<li><a href="#${ids[index]}">Results on ${shorten(split, 60)}</a></li>`
    )
  }<li><a href="#training">Training</a></li><li><a href="#settings">Settings</a></li><li><a href="#made">How it was made</a></li></ul>
          </nav>
        </header>
        <main>
    ${tilesOf(records)}
    ${notes.map((note) => markup`<p class="note">${note}</p>`)}
    ${evaluations.length === 0 && missingEvaluation(records)}
    ${
    evaluations.map((evaluation, index) =>
      markup`<section id="${ids[index]}"><h2>Results on ${shorten(evaluation.split, 120)}</h2>${
        staleNote(records, evaluation)
      }${resultsOf(evaluation)}${evaluation.total !== null && casesOf(evaluation, budget)}${
        imagesOf(evaluation, budget)
      }</section>`
    )
  }
    ${trainingSection(records)}
    ${provenanceSection(records)}
        </main>
        <footer>
          <p class="device">Research software, not a medical device: not for diagnosis or treatment. Metrics are defined in docs/metrics.md of the project.</p>
        </footer>
        <script>${new Html(script)}</script>
      </body>
    </html>
  `;
}

/** The source of a policy that allows exactly this text. */
function sourceHash(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}

function missingEvaluation(records: RunRecords): Html {
  const { progress, epochs } = records;
  const trained = progress?.best || epochs.length > 0;
  return markup`
    <section id="results">
      <h2>Results</h2>
      <p class="note">No evaluation yet. ${
    trained || (progress === null && epochs.length === 0)
      ? markup`<code>${
        evaluateCommand(records, null)
      }</code> measures the model on the test split and writes this report again.`
      : "There is no model before the first epoch ends."
  }</p>
    </section>
  `;
}

/** Whether an evaluation is of another model than the one that lies in the folder. */
function staleNote(records: RunRecords, { model }: ShownEvaluation): Html | null {
  const sha256 = records.progress?.best?.sha256;
  if (!sha256 || model.sha256 === "" || model.sha256 === sha256) return null;
  return markup`
    <p
      class="note">These results are of another model than the best one of this run now${
    model.epoch !==
      null && `: of epoch ${model.epoch}`
  }. <code>${
    evaluateCommand(
      records,
      null,
    )
  }</code> measures the present one.</p>
  `;
}

/** The first numbers that anyone wants. */
function tilesOf(records: RunRecords): Html | null {
  const [first] = records.evaluations.filter(({ total }) => total !== null);
  const tile = (name: string, big: Content, sub: Content) =>
    markup`
      <div class="tile">
        <dt>${name}</dt>
        <dd class="big">${big}</dd>
        <dd class="sub">${sub}</dd>
      </div>
    `;
  if (first?.total) {
    const { total, split, classes, bootstrap, meanOverClasses } = first;
    const { mean, interval: bounds, count: images } = total.perImage.dice;
    const level = Number((100 * (bootstrap.level ?? 0.95)).toFixed(2));
    const several = classes.length > 0;
    return markup`<dl class="tiles">${
      several
        ? tile(
          "Dice, mean of classes",
          number(meanOverClasses.dice, 4),
          markup`${split}, ${classes.length} classes`,
        )
        : tile(
          "Dice per image with foreground",
          number(mean, 4),
          markup`${interval(bounds, 4)} (${level} %), ${count(images)} images of ${shorten(split, 40)}`,
        )
    }${
      tile(
        several ? "Dice of all pixels, mean of classes" : "Dice of all pixels",
        number(total.pooled.dice, 4),
        markup`IoU ${number(total.pooled.iou, 4)}`,
      )
    }${
      tile(
        "Lesions missed",
        markup`${count(total.lesions.missed)} of ${count(total.lesions.truth)}`,
        markup`${count(total.lesions.false)} false`,
      )
    }${
      tile(
        METRICS.accuracy.label[0]!.toUpperCase() + METRICS.accuracy.label.slice(1),
        number(total.pooled.accuracy, 4),
        markup`all background: ${number(total.baselineAccuracy, 4)}`,
      )
    }</dl>`;
  }
  const best = bestEpochOf(records);
  if (best === null) return null;
  const value = (name: string) => {
    const found = best.metrics[`valid/${name}`] ?? NaN;
    return number(Number.isFinite(found) ? found : null, 4);
  };
  return markup`<dl class="tiles">${
    tile("Validation Dice", value("dice"), `all pixels, epoch ${best.epoch}`)
  }${tile("Validation IoU", value("iou"), `all pixels, epoch ${best.epoch}`)}${
    tile("Validation loss", value("loss"), `lowest of ${records.epochs.length} epochs`)
  }${tile("Validation accuracy", value("accuracy"), backgroundOf(records))}</dl>`;
}

function backgroundOf({ config }: RunRecords): Content {
  const share = config?.validation_background;
  return typeof share === "number" && Number.isFinite(share) && markup`all background: ${number(share, 4)}`;
}
