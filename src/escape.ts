/**
 * Text from files in a form that a terminal only displays. This module is browser compatible.
 *
 * @module
 */

/**
 * C0 except tab and line feed, DEL, C1, the marks, embeddings, overrides and isolates of bidirectional text, and the
 * separators that some terminals take for a line break.
 */
// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Escapes control, C1 and bidi characters as `\uXXXX`, the form of JSON: a document stays valid. Tabs and line feeds
 * stay; what is escaped stays as it is.
 */
export function escapeControls(text: string): string {
  return text.replace(CONTROLS, escaped);
}

/** {@linkcode escapeControls} for a name or message within one line, which no line feed may end. */
export function escapeLine(text: string): string {
  return escapeControls(text).replace(/[\t\n]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
