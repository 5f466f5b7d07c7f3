/**
 * What a lock file holds: the holder's random token, and a count that grows while it lives.
 *
 * @module
 */

/** A beat: always as long, so that it replaces the one before as a whole. */
export function formatBeat(token: string, count: number): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${token} ${`${count}`.padStart(12, "0")}\n`);
}

/** The token of a lock file's text. */
export function tokenOf(text: string): string {
  return text.split(" ")[0]!;
}
