/**
 * JSON from untrusted files: errors with line and column, and the bare NaN and Infinity that Python writes.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Where and why a text is not JSON. */
export interface JsonFault {
  /** Index of the first invalid character; the text's length if it ends too early. */
  readonly offset: number;
  /** Its line, from 1. */
  readonly line: number;
  /** Its column, from 1. */
  readonly column: number;
  /** What was found and what was expected. */
  readonly message: string;
}

/**
 * Parses JSON. Bare `NaN`, `Infinity` and `-Infinity`, which Python's `json` writes although the standard forbids
 * them, become null, so that one bad number does not invalidate the whole file. A byte order mark is skipped. Throws a
 * SyntaxError with line and column.
 */
export function parseJson(text: string, what: string, reviver?: JsonReviver): unknown {
  const body = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  try {
    return parse(body, reviver);
  } catch (error) {
    const { fault, words } = scanJson(body);
    if (fault !== null) {
      throw new SyntaxError(
        `Cannot read ${what}: ${fault.message} at line ${fault.line}, column ${fault.column}`,
        { cause: error },
      );
    }
    let end = 0;
    const pieces = words.map((word) => {
      const piece = body.slice(end, word.start) + "null";
      end = word.end;
      return piece;
    });
    return parse(pieces.join("") + body.slice(end), reviver);
  }
}

/** Replaces a value by what it returns; `source` is the text of a number, string or literal. */
export type JsonReviver = (key: string, value: unknown, source: string | undefined) => unknown;

function parse(text: string, reviver: JsonReviver | undefined): unknown {
  if (reviver === undefined) return JSON.parse(text);
  // TypeScript does not know the third argument yet.
  const revive = (key: string, value: unknown, context?: { source?: string }) =>
    reviver(key, value, context?.source);
  return JSON.parse(text, revive as (key: string, value: unknown) => unknown);
}

/** The result of a scan: the first fault, or null, and the bare numbers before it. */
export interface JsonScan {
  /** The first fault, with NaN and Infinity allowed. */
  readonly fault: JsonFault | null;
  /** The positions of `NaN`, `Infinity` and `-Infinity` used as values. */
  readonly words: readonly { start: number; end: number }[];
}

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LITERAL = /true|false|null/y;
const NUMBER_WORD = /NaN|-?Infinity/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** Scans JSON of any nesting depth without building values; never throws. */
export function scanJson(text: string): JsonScan {
  const open: ("[" | "{")[] = [];
  const words: { start: number; end: number }[] = [];
  let at = 0;
  const skip = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    if (!pattern.test(text)) return false;
    at = pattern.lastIndex;
    return true;
  };
  // By hand: on strings of many megabytes a regular expression overflows its stack.
  const skipText = (): boolean => {
    for (at++; at < text.length;) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        at++;
        return true;
      }
      if (code < 0x20 || (code === BACKSLASH && !skip(ESCAPE))) return false;
      if (code !== BACKSLASH) at++;
    }
    return false;
  };
  const fail = (expected: string): JsonScan => ({ fault: faultAt(text, at, expected), words });

  // What may come next: a value, the first entry of a list or object (or its end), a key, or what follows a value.
  let state: "value" | "first" | "key" | "after" = "value";
  for (;;) {
    skip(SPACE);
    const inside = open.at(-1);
    const character = text[at];
    const close = inside === "[" ? "]" : "}";
    if (state === "after") {
      if (inside === undefined) return at === text.length ? { fault: null, words } : fail("the end");
      if (character === ",") state = inside === "[" ? "value" : "key";
      else if (character === close) open.pop();
      else return fail(`"," or "${close}"`);
      at++;
      continue;
    }
    if (state === "first") {
      if (character === close) {
        open.pop();
        at++;
        state = "after";
        continue;
      }
      state = inside === "[" ? "value" : "key";
    }
    if (state === "key") {
      if (character !== '"') return fail("a key in double quotes");
      if (!skipText()) return fail("the rest of a string");
      skip(SPACE);
      if (text[at] !== ":") return fail('":"');
      at++;
      state = "value";
    } else if (character === "[" || character === "{") {
      open.push(character);
      at++;
      state = "first";
    } else if (character === '"') {
      if (!skipText()) return fail("the rest of a string");
      state = "after";
    } else {
      const start = at;
      if (skip(NUMBER_WORD)) words.push({ start, end: at });
      else if (!skip(NUMBER) && !skip(LITERAL)) return fail("a value");
      state = "after";
    }
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function faultAt(text: string, offset: number, expected: string): JsonFault {
  let line = 1;
  let lineStart = 0;
  for (let next = text.indexOf("\n"); next !== -1 && next < offset; next = text.indexOf("\n", lineStart)) {
    line++;
    lineStart = next + 1;
  }
  const found = offset < text.length
    ? JSON.stringify(String.fromCodePoint(text.codePointAt(offset)!))
    : "the end";
  return {
    offset,
    line,
    column: offset - lineStart + 1,
    message: `found ${found} where ${expected} was expected`,
  };
}
