/**
 * Where cards lie, and how they are read and written.
 *
 * @module
 */
import { basename, join } from "node:path";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { readBoundedText } from "../fs/bounded_read.ts";
import { cardFileOf, RUN_FILES } from "../fs/layout.ts";
import { ifFound, removeTree } from "../fs/paths.ts";
import { MAX_CARD_BYTES, type ModelCard, packCard, parseCard } from "./card_format.ts";
import { cardMarkdown } from "./card_text.ts";

/** The paths of a model's card. */
export interface CardPaths {
  /** For programs. */
  readonly json: string;
  /** For people. */
  readonly markdown: string;
  /** The folder of drawings. */
  readonly images: string;
}

/** The card of a model, next to it. */
export function cardPaths(model: string): CardPaths {
  return {
    json: cardFileOf(model),
    markdown: cardFileOf(model, RUN_FILES.cardText),
    images: cardFileOf(model, RUN_FILES.cardImages),
  };
}

/**
 * The card at a path; null if there is none.
 *
 * @throws {SyntaxError} if it is damaged
 */
export async function readCard(path: string): Promise<ModelCard | null> {
  const text = await ifFound(readBoundedText(path, MAX_CARD_BYTES));
  return text === null ? null : parseCard(text);
}

/** Writes a card; `drawings` are files of its folder of images by name, undefined to leave them as they are. */
export async function writeCard(
  paths: CardPaths,
  card: ModelCard,
  drawings?: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  if (drawings !== undefined) {
    for (const [name, bytes] of drawings) {
      await Deno.mkdir(paths.images, { recursive: true });
      await writeFileAtomic(join(paths.images, name), bytes);
    }
    await removeOthers(paths.images, card);
  }
  await writeFileAtomic(paths.markdown, cardMarkdown(card));
  await writeFileAtomic(paths.json, packCard(card));
}

/** Removes drawings that the card does not name. */
async function removeOthers(folder: string, { evaluations }: ModelCard): Promise<void> {
  const named = new Set(
    Object.values(evaluations).flatMap(({ failures }) => failures.flatMap(({ files }) => files)),
  );
  if (await ifFound(Deno.stat(folder)) === null) return;
  for await (const { name } of Deno.readDir(folder)) {
    if (!named.has(`${basename(folder)}/${name}`)) await removeTree(join(folder, name));
  }
}
