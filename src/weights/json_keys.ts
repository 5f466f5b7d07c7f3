/**
 * Finds what `JSON.parse` hides: a key that one object gives twice, of which it keeps the last.
 *
 * @module
 */

/**
 * The first key that an object of the text gives twice, or `undefined`; the text must be JSON that parsed.
 */
export function findDuplicateKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  // In valid JSON these are the only places where a quote or a bracket can stand.
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
