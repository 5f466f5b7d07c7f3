/**
 * The model that comes with this program, for images when there is no run.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { readBoundedText } from "../fs/bounded_read.ts";
import { escapeLine } from "../escape.ts";
import { isRecord } from "../fs/json_shape.ts";
import { cardFileOf, FOLDERS } from "../fs/layout.ts";
import { ifFound } from "../fs/paths.ts";

/** Its file. */
export const SHIPPED_MODEL = join(FOLDERS.models, "brain-tumor.safetensors");

/** Most bytes of its card. */
const MAX_CARD_BYTES = 2 ** 25;

/** Most lines about failures. */
const MOST_LINES = 6;

/**
 * The path of the shipped model, in the working folder or in the compiled program; null if there is none.
 */
export async function findShippedModel(path: string = SHIPPED_MODEL): Promise<string | null> {
  const places = Deno.build.standalone && path === SHIPPED_MODEL
    ? [path, fileURLToPath(new URL(`../../${path}`, import.meta.url))]
    : [path];
  for (const place of places) {
    if ((await ifFound(Deno.stat(place)))?.isFile) return place;
  }
  return null;
}

/** Whether a path is that of a shipped model, as {@linkcode findShippedModel} gives it. */
export async function isShippedModel(path: string): Promise<boolean> {
  return path === await findShippedModel();
}

/** What a user of the shipped model must know: what it is, that it is no medical device, and where it fails. */
export async function describeShipped(path: string): Promise<string> {
  const failures = await failuresOf(cardFileOf(path)).catch((error) => {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return [];
  });
  return [
    "no --model, no --run and no run: this is the model that comes with the program, for tumors in MRI of the brain",
    "not a medical device: no decision about a patient may rest on it",
    ...failures,
    `deno task card ${path} says what it was made of and what it is worth`,
  ].map((line) => `note: ${escapeLine(line)}\n`).join("");
}

/** What its card says of where it fails. */
async function failuresOf(path: string): Promise<string[]> {
  const text = await ifFound(readBoundedText(path, MAX_CARD_BYTES));
  const card: unknown = text === null ? null : JSON.parse(text);
  if (!isRecord(card)) return [];
  const { limitations, evaluations, licences } = card;
  const lines = Array.isArray(limitations)
    ? limitations.filter((line) => typeof line === "string" && !line.startsWith("not a medical device"))
    : [];
  const worst = Object.entries(isRecord(evaluations) ? evaluations : {}).flatMap(([split, evaluation]) => {
    const groups = isRecord(evaluation) && Array.isArray(evaluation.groups) ? evaluation.groups : [];
    const known = groups.flatMap((group) => {
      const mean: unknown = group?.metrics?.dice?.mean;
      return typeof mean === "number" ? [{ name: `${group.name}`, mean }] : [];
    }).sort((one, other) => one.mean - other.mean);
    return known.slice(0, 1).map(({ name, mean }) =>
      `worst on ${split} images with ${name.replace(/^with /, "")}: mean Dice ${mean.toFixed(2)}`
    );
  });
  const sources = isRecord(licences) && Array.isArray(licences.data) ? licences.data : [];
  const data = sources.filter((each) => typeof each?.attribution === "string").map(({ name, attribution }) =>
    `data: ${attribution} (${name})`
  );
  return [...[...worst, ...lines].slice(0, MOST_LINES), ...data.slice(0, 1)] as string[];
}
