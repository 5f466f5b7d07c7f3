/**
 * Finds what `JSON.parse` hides: a key that occurs twice in one object, of which it keeps the last.
 * This module is browser compatible.
 *
 * @module
 */

/**
 * The first key that occurs twice in an object of the text, or `undefined`. The text must be valid JSON.
 */
export function findDuplicateKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  // In valid JSON, quotes and brackets occur nowhere else.
  for (const [token, text] of json.matchAll(/("[^"\\]*(?:\\.[^"\\]*)*")\s*:?|[[\]{}]/g)) {
    if (token === "{" || token === "[") open.push(new Set());
    else if (token === "}" || token === "]") open.pop();
    else if (text !== undefined && token.length > text.length && token.endsWith(":")) {
      const key = JSON.parse(text) as string;
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return undefined;
}
