/**
 * Checks the names inside an archive: only those that stay within the folder and mean the same file on every system are
 * accepted.
 *
 * @module
 */

/** Maximum lengths of a path component and of a path on common file systems, in bytes of UTF-8. */
const MAX_PART_LENGTH = 255;
const MAX_PATH_LENGTH = 1024;

const encoder = new TextEncoder();

/**
 * The components of an entry's name, all of them harmless.
 *
 * @throws {Error} with the reason if the name is absolute, leaves the folder, or differs between systems
 */
export function entryParts(name: string): string[] {
  const refuse = (reason: string): never => {
    throw new Error(`Cannot unpack ${quoteName(name)}: ${reason}`);
  };
  if (name === "" || name === "/") refuse("the entry has no name");
  if (name.startsWith("/")) refuse("the name is absolute");
  if (/^[A-Za-z]:/.test(name)) refuse("the name begins with a drive letter");
  if (name.includes("\\")) refuse("the name contains a backslash, which is a separator on some systems");
  if (name.includes("\ufffd")) refuse("the name is not valid text");
  const parts = (name.endsWith("/") ? name.slice(0, -1) : name).split("/");
  for (const part of parts) {
    if (part === "..") refuse("the name leaves the folder");
    if (part === "" || part === ".") refuse("the name has an empty component");
    if (encoder.encode(part).length > MAX_PART_LENGTH) refuse("the name is too long");
  }
  if (encoder.encode(name).length > MAX_PATH_LENGTH) refuse("the name is too long");
  return parts;
}

/** The name of an entry for a message: quoted, escaped, truncated if it is long. */
export function quoteName(name: string): string {
  return JSON.stringify(name.length > 120 ? `${name.slice(0, 117)}...` : name);
}

/**
 * Collects the paths of an archive and refuses duplicates.
 *
 * Names that differ only in case, or in the encoding of an accent, are the same file on macOS and Windows.
 */
export class EntryNames {
  readonly #seen = new Map<string, { name: string; folder: boolean; listed: boolean }>();

  /**
   * Adds an entry, and the folders above it that are not yet known.
   *
   * @throws {Error} if the name is taken
   */
  add(parts: readonly string[], folder: boolean): void {
    for (let depth = 1; depth < parts.length; depth++) this.#addOne(parts.slice(0, depth), true, false);
    this.#addOne(parts, folder, true);
  }

  #addOne(parts: readonly string[], folder: boolean, listed: boolean): void {
    const name = parts.join("/");
    const key = foldName(name);
    const earlier = this.#seen.get(key);
    if (earlier === undefined) {
      this.#seen.set(key, { name, folder, listed });
      return;
    }
    if (earlier.name !== name) {
      throw new Error(
        `Cannot unpack ${quoteName(name)}: ${quoteName(earlier.name)} is the same name in another case`,
      );
    }
    if (earlier.folder !== folder) {
      throw new Error(`Cannot unpack ${quoteName(name)}: it is a file and a folder`);
    }
    if (earlier.listed && listed) throw new Error(`Cannot unpack ${quoteName(name)}: the name occurs twice`);
    earlier.listed ||= listed;
  }
}

/** Names with the same result are the same file on some system; upper case first, so that "ß" equals "SS" as there. */
export function foldName(name: string): string {
  return name.normalize("NFC").toUpperCase().toLowerCase().normalize("NFC");
}
