/**
 * Names of categories and classes: what they mean, how users write them, and how messages show them.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { CocoId } from "../coco/ids.ts";
import { showValue } from "../coco/problems.ts";

/** The name of a category in one line, without control characters; its id if it has none. */
export function categoryName({ id, name }: { readonly id: CocoId; readonly name: string }): string {
  const line = name.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
  return line === "" ? String(id) : line;
}

/** Whether annotations of a category of this name mark pixels that nobody labeled: `ignore`, `__ignore__`. */
export function isIgnoreName(name: string): boolean {
  return /^_*ignore_*$/i.test(name);
}

/** Whether a category of this name is no class: `background`, `_background_`. */
export function isBackgroundName(name: string): boolean {
  return /^_*background_*$/i.test(name);
}

/** `whole=tumor+edema`, with backslashes before separators that belong to a name. */
export function parseUnion(text: string): [name: string, categories: string[]] {
  const at = text.search(/(?<!\\)=/);
  const [name = "", ...parts] = at < 0 ? [] : [
    ...splitNames(text.slice(0, at), "="),
    ...splitNames(text.slice(at + 1), "+"),
  ];
  if (name === "" || parts.length === 0 || parts.includes("")) {
    throw new SyntaxError(
      `Cannot merge ${showValue(text)}: expected NAME=CATEGORY+CATEGORY\n` +
        "hint: write it as --merge whole=tumor+edema, with a backslash before a +, = or comma of a name",
    );
  }
  return [name, parts];
}

/** The text that {@linkcode parseUnion} reads. */
export function unionText(name: string, categories: readonly string[]): string {
  const escaped = [name, ...categories].map((part) => part.replace(/[,+=]/g, "\\$&"));
  return `${escaped[0]}=${escaped.slice(1).join("+")}`;
}

/** The names in a text, trimmed; a separator after a backslash belongs to a name. */
export function splitNames(text: string, separator: "," | "+" | "="): string[] {
  const names = text.split(new RegExp(`(?<!\\\\)\\${separator}`));
  return names.map((name) => name.replace(/\\([,+=])/g, "$1").trim());
}

/**
 * The known name that is meant, as {@linkcode similar}; `action` is what the error says cannot be done.
 *
 * @throws {RangeError} with the known names, if `name` is none of them
 */
export function findName(name: string, known: readonly string[], action: string): string {
  const found = similar(name, known);
  if (found !== undefined) return found;
  throw new RangeError(
    `Cannot ${action} ${showValue(name)}: the dataset has ${showNames(known)}\nhint: name one of these`,
  );
}

/** The same name, or the only one that differs in case only. */
export function similar(name: string, known: readonly string[]): string | undefined {
  if (known.includes(name)) return name;
  const same = known.filter((other) => other.toLowerCase() === name.toLowerCase());
  return same.length === 1 ? same[0] : undefined;
}

/** Most names in a message. */
const SHOWN_NAMES = 20;

/** Names for a message. */
export function showNames(names: readonly string[]): string {
  if (names.length === 0) return "none";
  const more = names.length > SHOWN_NAMES ? ` and ${names.length - SHOWN_NAMES} more` : "";
  return names.slice(0, SHOWN_NAMES).map(showValue).join(", ") + more;
}
