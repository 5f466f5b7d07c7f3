/**
 * Finds what `JSON.parse` hides: a key that occurs twice in one object, of which it keeps the last.
 * This module is browser compatible.
 *
 * @module
 */

/**
 * The first key that occurs twice in an object of the text, or `undefined`. The text must be valid JSON. Reads it once,
 * without recursion.
 */
export function findDuplicateKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  // In valid JSON, quotes and brackets occur nowhere else.
  for (let at = 0; at < json.length; at++) {
    switch (json[at]) {
      case "{":
      case "[":
        open.push(new Set());
        break;
      case "}":
      case "]":
        open.pop();
        break;
      case '"': {
        const start = at;
        at = endOfString(json, at);
        if (!isKey(json, at + 1)) break;
        const text = json.slice(start, at + 1);
        const key = text.includes("\\") ? JSON.parse(text) as string : text.slice(1, -1);
        const keys = open.at(-1);
        if (keys?.has(key)) return key;
        keys?.add(key);
      }
    }
  }
  return undefined;
}

/** The position of the quote that ends the string at `start`. */
function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === "\\" ? 2 : 1;
  return at;
}

/** Whether a colon follows, after white space. */
function isKey(json: string, at: number): boolean {
  while (" \t\r\n".includes(json[at] ?? "x")) at++;
  return json[at] === ":";
}
