/**
 * A card as Markdown, for people.
 * This module is browser compatible.
 *
 * @module
 */
import { escapeLine } from "../escape.ts";
import { formatBytes } from "../format.ts";
import type { CardEvaluation, CardMetric, ModelCard } from "./card_format.ts";

/** Most characters of a setting. */
const MOST_CHARACTERS = 300;

/** The Markdown of a card. */
export function cardMarkdown(card: ModelCard): string {
  const { model, training, data, evaluations, licences } = card;
  const lines = [
    `# Model card: ${plain(model.file)}`,
    "",
    `SHA-256 \`${model.sha256}\`, ${formatBytes(model.byteLength)}, ${model.parameters} parameters.`,
    ...(model.convertedFrom ? [`Converted from the model \`${model.convertedFrom}\`.`] : []),
    "",
    "## Intended use",
    "",
    ...card.intendedUse.map((line) => `- ${plain(line)}`),
    "",
    "## Limitations",
    "",
    ...card.limitations.map((line) => `- ${plain(line)}`),
    "",
    "## What it is worth",
    "",
    ...Object.entries(evaluations).flatMap(([split, evaluation]) => evaluationLines(split, evaluation)),
  ];
  if (Object.keys(evaluations).length === 0) {
    lines.push("Not evaluated yet: `deno task evaluate` completes this card.", "");
  }
  lines.push("## Data", "", "| split | images | fingerprint |", "| --- | --- | --- |");
  for (const [role, { images, fingerprint }] of Object.entries(data)) {
    lines.push(`| ${plain(role)} | ${images} | \`${plain(fingerprint)}\` |`);
  }
  lines.push(
    "",
    "`card.json` has the SHA-256 of each image and mask.",
    "",
    "## How it was made",
    "",
    ...(training.command === null ? [] : ["```", plain(training.command, 4000), "```", ""]),
    ...facts("setting", training.settings),
    ...facts("best epoch, on the split that chose it", training.bestEpoch),
    ...facts("software", training.versions),
    ...facts("kernel", training.kernels),
    ...facts("model", model.description),
    "## Licences",
    "",
    `- software: ${plain(licences.software)}`,
    ...licences.data.map(({ name, url, attribution }) =>
      `- data: ${plain([name, url].filter(Boolean).join(" "))}${
        attribution === undefined ? "" : `; ${plain(attribution, 1000)}`
      }`
    ),
  );
  if (licences.data.length === 0) lines.push("- data: none is named by the dataset");
  return `${lines.join("\n")}\n`;
}

function evaluationLines(split: string, evaluation: CardEvaluation): string[] {
  const { images, threshold, level, pooledDice, groups, failures } = evaluation;
  const names = [...new Set(groups.flatMap(({ metrics }) => Object.keys(metrics)))];
  const decision = threshold === null ? "the most probable class" : `threshold ${threshold}`;
  return [
    `### ${plain(split)}: ${images} images`,
    "",
    `Dice over all pixels ${
      pooledDice?.toFixed(4) ?? "undefined"
    }, ${decision}. Means over images with intervals of ` +
    `${100 * level} % (bootstrap over images):`,
    "",
    `| images | number | ${names.map((name) => plain(name)).join(" | ")} |`,
    `| --- | --- | ${names.map(() => "---").join(" | ")} |`,
    ...groups.map(({ name, images, metrics }) =>
      `| ${plain(name)} | ${images} | ${names.map((each) => showMetric(metrics[each])).join(" | ")} |`
    ),
    "",
    ...(failures.length === 0 ? [] : ["Known failures, the worst images:", ""]),
    ...failures.flatMap(({ image, dice, files }) => [
      `- ${plain(image)}: Dice ${dice?.toFixed(3) ?? "undefined"}`,
      ...(files.length === 0
        ? []
        : ["", `  ${files.map((file) => `![${plain(image)}](${encodeURI(file)})`).join(" ")}`, ""]),
    ]),
    "",
  ];
}

function showMetric(metric: CardMetric | undefined): string {
  if (metric === undefined || metric.mean === null) return "";
  const interval = metric.interval ? ` (${metric.interval.map((end) => end.toFixed(3)).join(" to ")})` : "";
  return metric.mean.toFixed(3) + interval;
}

function facts(kind: string, values: Readonly<Record<string, unknown>>): string[] {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
  if (entries.length === 0) return [];
  const text = (value: unknown) => typeof value === "string" ? value : JSON.stringify(value);
  return [
    `| ${kind} | |`,
    "| --- | --- |",
    ...entries.map(([name, value]) => `| ${plain(name)} | ${plain(text(value))} |`),
    "",
  ];
}

/** A text of a file as it can stand in a line of a table. */
function plain(text: string, most = MOST_CHARACTERS): string {
  const short = text.length > most ? `${text.slice(0, most)}...` : text;
  return escapeLine(short).replace(/[|<>`\[\]]/g, (letter) => `\\${letter}`);
}
