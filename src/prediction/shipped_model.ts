/**
 * The model that comes with this program, for images when there is no run.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { readBoundedText } from "../fs/bounded_read.ts";
import { isRecord } from "../fs/json_shape.ts";
import { cardFileOf, FOLDERS } from "../fs/layout.ts";
import { ifFound } from "../fs/paths.ts";

/** Its file. */
export const SHIPPED_MODEL = join(FOLDERS.models, "brain-tumor.safetensors");

/** Most bytes of its card. */
const MAX_CARD_BYTES = 2 ** 25;

/** Most limitations in a note. */
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
  const limitations = await limitationsOf(cardFileOf(path)).catch(() => []);
  return [
    "note: no --model, no --run and no run: this is the model that comes with the program, for tumors in MRI of the brain",
    "note: not a medical device: no decision about a patient may rest on it",
    ...limitations.map((line) => `note: it fails: ${line}`),
    `note: deno task card ${path} says what it was made of and what it is worth`,
  ].map((line) => `${line}\n`).join("");
}

async function limitationsOf(path: string): Promise<string[]> {
  const text = await ifFound(readBoundedText(path, MAX_CARD_BYTES));
  const card: unknown = text === null ? null : JSON.parse(text);
  if (!isRecord(card) || !Array.isArray(card.limitations)) return [];
  return card.limitations.filter((line) => typeof line === "string").slice(0, MOST_LINES);
}
