/**
 * What `JSON.parse` would cost, known before it runs: each bracket of a text can become an object of a hundred bytes.
 * This module is browser compatible.
 *
 * @module
 */

/** The limits of {@linkcode findJsonExcess}. */
export interface JsonBounds {
  /** Objects and lists within each other. */
  readonly depth: number;
  /** Objects and lists. */
  readonly containers: number;
  /** Keys, and values in lists. */
  readonly values: number;
}

/**
 * Scans JSON, as UTF-8, once and without memory of its own; text that is not JSON may pass.
 *
 * @returns what exceeds the limits, for a message, or null
 */
export function findJsonExcess(bytes: Uint8Array, { depth, containers, values }: JsonBounds): string | null {
  let [open, opened, counted] = [0, 0, 0];
  for (let at = 0; at < bytes.length; at++) {
    switch (bytes[at]) {
      case 0x22: // A string ends at the first quote that is not escaped.
        for (at++; at < bytes.length && bytes[at] !== 0x22; at++) if (bytes[at] === 0x5c) at++;
        break;
      case 0x5b:
      case 0x7b:
        if (++open > depth) return `it is nested deeper than ${depth}`;
        if (++opened > containers) return `it has more than ${containers} objects and lists`;
        break;
      case 0x5d:
      case 0x7d:
        open--;
        break;
      case 0x2c:
        if (++counted > values) return `it has more than ${values} values`;
    }
  }
  return null;
}
