/**
 * An error's message as lines of a terminal. Line feeds that come from a file or an argument begin no line of their own:
 * the product's own messages have one, before their hint.
 *
 * @module
 */
import { escapeLine } from "../escape.ts";

const HINT = "\nhint: ";

/** The reason of a message and, on a second line, its hint; `args` are those of the command. */
export function errorLines(message: string, args: readonly string[] = []): string {
  let text = message;
  // Names that the shell has filled in, whole or as parts of paths.
  for (const part of args.flatMap((arg) => [arg, ...arg.split(/[=/\\]/)])) {
    if (part.includes("\n")) text = text.replaceAll(part, escapeLine(part));
  }
  const at = hintOf(text);
  return at < 0
    ? escapeLine(text)
    : `${escapeLine(text.slice(0, at))}\nhint: ${escapeLine(text.slice(at + HINT.length))}`;
}

/** Where the hint begins: at the last place that is not within quotes; -1 without a hint. */
function hintOf(text: string): number {
  for (let at = text.lastIndexOf(HINT); at >= 0; at = at === 0 ? -1 : text.lastIndexOf(HINT, at - 1)) {
    if ((text.slice(0, at).match(/(?<!\\)"/g)?.length ?? 0) % 2 === 0) return at;
  }
  return -1;
}
