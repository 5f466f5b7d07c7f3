/**
 * HTML as text, with everything that is put into it escaped.
 * This module is browser compatible.
 *
 * @module
 */
import { escapeLine } from "../../escape.ts";
import { escapeHtml } from "../escape_html.ts";

/** HTML that is put into other HTML as it is. */
export class Html {
  /** `text` must be well-formed. */
  constructor(readonly text: string) {}
}

/** What {@linkcode markup} takes: null, undefined and false are nothing. */
export type Content = Html | string | number | null | undefined | false | readonly Content[];

/** The parts of templates without the indentation of their source, which a table of 1,000 rows would repeat. */
const plain = new WeakMap<TemplateStringsArray, string[]>();

/**
 * Joins markup and contents; texts are escaped, also where they could reorder or hide what is next to them. Line breaks
 * of the markup and the spaces after them are one line break, which HTML shows as one space.
 */
export function markup(parts: TemplateStringsArray, ...contents: readonly Content[]): Html {
  let texts = plain.get(parts);
  if (texts === undefined) plain.set(parts, texts = parts.map((part) => part.replace(/\n\s*/g, "\n")));
  let text = texts[0]!;
  contents.forEach((content, index) => text += textOf(content) + texts[index + 1]!);
  return new Html(text);
}

function textOf(content: Content): string {
  if (content === null || content === undefined || content === false) return "";
  if (content instanceof Html) return content.text;
  if (typeof content === "object") return content.map(textOf).join("");
  return escapeHtml(escapeLine(`${content}`));
}

/** A text of at most `most` characters; of a longer one the middle is cut. */
export function shorten(text: string, most: number): string {
  const characters = [...text.slice(0, 4 * most), ...text.length > 4 * most ? text.slice(-most) : ""];
  if (characters.length <= most) return text;
  const end = Math.floor((most - 1) / 3);
  return `${characters.slice(0, most - 1 - end).join("")}…${characters.slice(-end).join("")}`;
}
