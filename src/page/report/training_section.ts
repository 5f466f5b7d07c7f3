/**
 * How training went: curves, the best epoch, the numbers behind them, and the settings.
 *
 * @module
 */
import { formatSeconds } from "../../format.ts";
import { RUN_FILES } from "../../fs/layout.ts";
import type { EpochRecord } from "../../tracking/run_log.ts";
import { completeTrainConfig } from "../../training/recipe.ts";
import { shouldStop } from "../../training/early_stopping.ts";
import { settingText } from "../../training/train_command.ts";
import { resumeCommand, trainCommand } from "./commands.ts";
import { type Content, type Html, markup, shorten } from "./html.ts";
import { type Curve, lineChart } from "./line_chart.ts";
import { number } from "./numbers.ts";
import type { RunRecords } from "./records.ts";

/** Most rows of the table behind the curves, and classes of the table of classes. */
const MOST_ROWS = 200, MOST_CLASSES = 60;

/** Characters of a setting. */
const SETTING_CHARACTERS = 400;

/** Columns of the table behind the curves. */
const COLUMNS: readonly [key: string, label: string][] = [
  ["train/loss", "Train loss"],
  ["valid/loss", "Valid loss"],
  ["train/dice", "Train Dice"],
  ["valid/dice", "Valid Dice"],
  ["valid/iou", "Valid IoU"],
  ["valid/accuracy", "Valid accuracy"],
  ["learning_rate", "Learning rate"],
];

/** How far the run came; null if no record tells. */
export function stateOf({ progress, epochs }: RunRecords): string | null {
  const done = progress?.epoch ?? epochs.at(-1)?.epoch;
  if (done === undefined) return null;
  if (progress === null) return `${done} epochs logged`;
  const { config, stopping } = progress;
  if (done >= config.epochs) return `finished after ${done} epochs`;
  if (shouldStop(stopping, config.patience)) return `stopped early after ${done} of ${config.epochs} epochs`;
  return `stopped after ${done} of ${config.epochs} epochs, not finished`;
}

/** The epoch whose model was saved: the checkpoint's, or that of the lowest validation loss. */
export function bestEpochOf({ progress, epochs }: RunRecords): EpochRecord | null {
  if (progress?.best) return epochs.find(({ epoch }) => epoch === progress.best!.epoch) ?? null;
  const loss = ({ metrics }: EpochRecord) => metrics["valid/loss"] ?? NaN;
  return epochs.filter((each) => Number.isFinite(loss(each)))
    .reduce<EpochRecord | null>((best, each) => best === null || loss(each) < loss(best) ? each : best, null);
}

/** The section of training. */
export function trainingSection(records: RunRecords): Html {
  return markup`<section id="training"><h2>Training</h2>${curvesOf(records)}</section>
<section id="settings"><h2>Settings</h2>${settingsOf(records)}</section>`;
}

function curvesOf(records: RunRecords): Content {
  const { epochs, folder, damagedLines } = records;
  if (epochs.length === 0) {
    const command = trainCommand(records) ?? `deno task train --run ${folder}`;
    return markup`
      <p
        class="note">No curves: this folder holds no <code>${RUN_FILES.metrics}</code> with a finished epoch. <code>${command}</code> trains such a run.</p>
    `;
  }
  const best = bestEpochOf(records);
  const state = stateOf(records);
  const at = epochs.map(({ epoch }) => epoch);
  const curve = (name: string, style: Curve["style"], key: string): Curve => ({
    name,
    style,
    values: epochs.map(({ metrics }) => metrics[key] ?? NaN),
  });
  const mark = best && { epoch: best.epoch, name: `best epoch ${best.epoch}` };
  const rate = curve("rate", "rate", "learning_rate");
  const charts = [
    lineChart({
      title: "Loss",
      epochs: at,
      curves: [curve("train", "train", "train/loss"), curve("valid", "valid", "valid/loss")],
      mark,
    }),
    lineChart({
      title: "Dice of all pixels",
      epochs: at,
      curves: [curve("train", "train", "train/dice"), curve("valid", "valid", "valid/dice")],
      range: [0, 1],
      mark,
    }),
    new Set(rate.values).size > 1 && lineChart({ title: "Learning rate", epochs: at, curves: [rate], mark }),
  ];
  const seconds = epochs.reduce((sum, { metrics }) => sum + (metrics.seconds ?? 0), 0);
  return markup`<p>${state && `${state[0]!.toUpperCase()}${state.slice(1)}`}${
    seconds > 0 && `, in ${formatSeconds(seconds)}, ${formatSeconds(seconds / epochs.length)} per epoch`
  }.${
    best &&
    markup`
      The model is that of epoch <b><data value="${best.epoch}">${best.epoch}</data></b>: validation loss ${
      metricOf(best, "valid/loss")
    }, Dice ${
      metricOf(
        best,
        "valid/dice",
      )
    }, IoU ${metricOf(best, "valid/iou")}.
    `
  }${
    state?.endsWith("not finished") && markup`
      <code>${resumeCommand(records)}</code> resumes it.
    `
  }</p>
${
    damagedLines > 0 &&
    markup`<p class="note">${damagedLines} damaged lines of ${RUN_FILES.metrics} are left out.</p>`
  }
<div class="charts">${charts}</div>
${classesOf(best)}
${numbersOf(epochs, best)}`;
}

function metricOf({ metrics }: EpochRecord, key: string): Html {
  const value = metrics[key] ?? NaN;
  return number(Number.isFinite(value) ? value : null, 4);
}

/** Validation Dice and IoU of each class at the best epoch; nothing for one class. */
function classesOf(best: EpochRecord | null): Html | null {
  const prefix = "valid/dice/";
  const names = Object.keys(best?.metrics ?? {}).filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length));
  if (best === null || names.length === 0) return null;
  return markup`
    <div class="scroll">
      <table>
        <caption><span>Validation of each class at epoch ${best.epoch}: all pixels together.</span></caption>
        <thead>
          <tr>
            <th scope="col">Class</th>
            <th scope="col">Dice</th>
            <th scope="col">IoU</th>
          </tr>
        </thead>
        <tbody>${
    names.slice(0, MOST_CLASSES).map((name) =>
      markup`
            <tr>
              <th scope="row">${shorten(name, 120)}</th>
              <td>${metricOf(best, `valid/dice/${name}`)}</td>
              <td>${metricOf(best, `valid/iou/${name}`)}</td>
            </tr>
          `
    )
  }</tbody>
      </table>
    </div>${
    names.length > MOST_CLASSES &&
    markup`<p class="muted">${names.length - MOST_CLASSES} more are in <code>${RUN_FILES.metrics}</code>.</p>`
  }
  `;
}

function numbersOf(epochs: readonly EpochRecord[], best: EpochRecord | null): Html {
  const step = Math.ceil(epochs.length / MOST_ROWS);
  const shown = epochs.filter((each, index) =>
    index % step === 0 || each === best || index === epochs.length - 1
  );
  const columns = COLUMNS.filter(([key]) => epochs.some(({ metrics }) => Number.isFinite(metrics[key])));
  return markup`
    <details>
      <summary>The numbers of the curves</summary>
      <div class="scroll">
        <table class="epochs">
          <caption><span>${
    step > 1 ? `Every ${step}th epoch, the best and the last; all` : "All numbers"
  } are in ${RUN_FILES.metrics}.</span></caption>
          <thead>
            <tr><th scope="col">Epoch</th>${
    columns.map(([, label]) => markup`<th scope="col">${label}</th>`)
  }</tr>
          </thead>
          <tbody>${
    shown.map((each) =>
      markup`<tr><th scope="row">${each.epoch}${each === best && " (best)"}</th>${
        columns.map(([key]) =>
          markup`<td>${key === "learning_rate" ? rateOf(each.metrics[key]) : metricOf(each, key)}</td>`
        )
      }</tr>\n`
    )
  }</tbody>
        </table>
      </div>
    </details>
  `;
}

function rateOf(value: number | undefined): Html {
  return value === undefined || !Number.isFinite(value)
    ? number(null, 0)
    : markup`<data value="${value}">${value.toExponential(2)}</data>`;
}

/** Names of what is recorded with the settings and shown elsewhere. */
const NO_SETTINGS = [
  "parameters",
  "data",
  "validation_background",
  "versions",
  "kernel_choices",
  "memory_bytes",
  "budget_choice",
  "auto_choice",
];

function settingsOf(records: RunRecords): Html {
  const { config, progress, folder } = records;
  const settings = (progress?.config as Record<string, unknown> | undefined) ?? config;
  if (!settings) {
    return markup`
      <p
        class="note">No settings: this folder holds no <code>${RUN_FILES.config}</code>, which <code>deno task train --run ${folder}</code> writes.</p>
    `;
  }
  const original = completeTrainConfig() as unknown as Record<string, unknown>;
  const rows = Object.entries(settings).filter(([name]) => !NO_SETTINGS.includes(name)).slice(0, 100);
  return markup`
    <div class="scroll">
      <table class="facts">
        <caption><span>Bold: other than in the recipe original.</span></caption>
        <tbody>${
    rows.map(([name, value]) => {
      const text = shorten(settingText(name, value), SETTING_CHARACTERS);
      const differs = !(name in original) ||
        settingText(name, original[name]) !== settingText(name, value);
      return markup`
            <tr>
              <th scope="row">${shorten(wordsOf(name), 60)}</th>
              <td>${differs ? markup`<b>${text}</b>` : text}</td>
            </tr>
          `;
    })
  }</tbody>
      </table>
    </div>
  `;
}

/** `batch size` for `batchSize`. */
function wordsOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
