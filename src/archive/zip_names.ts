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

/** Names that Windows reserves for devices, with any ending. */
const DEVICE =
  /^(con|prn|aux|nul|conin\$|conout\$|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3]) *(\.|$)/i;

/** What other programs can do about a name that is refused, though it leaves no folder. */
const RENAME_HINT =
  "\nhint: unpack it with another program, such as 7-Zip, into a folder of its own, and rename what is refused";

/**
 * The components of an entry's name, all of them harmless. Backslashes separate them too, as old tools of Windows write
 * them; empty ones and `.` are dropped, as in `./train//a.png`. The archive's own folder (`./`) has none.
 *
 * @throws {Error} with the reason if the name is absolute, leaves the folder, or differs between systems
 */
export function entryParts(name: string): string[] {
  const refuse = (reason: string, hint = ""): never => {
    throw new Error(`Cannot unpack ${quoteName(name)}: ${reason}${hint}`);
  };
  const path = name.replaceAll("\\", "/");
  if (path === "" || path === "/") refuse("the entry has no name");
  if (path.startsWith("/")) refuse("the name is absolute");
  if (/^[A-Za-z]:/.test(path)) refuse("the name begins with a drive letter");
  if (path.includes("\ufffd")) refuse("the name is not valid text", RENAME_HINT);
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  for (const part of parts) {
    if (part === "..") refuse("the name leaves the folder");
    if (DEVICE.test(part)) refuse("Windows reserves the name for a device", RENAME_HINT);
    if (/[. ]$/.test(part)) refuse("it ends with a dot or a space, which Windows drops", RENAME_HINT);
    if (encoder.encode(part).length > MAX_PART_LENGTH) refuse("the name is too long", RENAME_HINT);
  }
  if (parts.length === 0 && !isFolderName(name)) refuse("the entry has no name");
  if (encoder.encode(path).length > MAX_PATH_LENGTH) refuse("the name is too long", RENAME_HINT);
  return parts;
}

/** Whether an entry of this name is a folder. */
export function isFolderName(name: string): boolean {
  return /[/\\]$/.test(name);
}

/** Encodings that names are read in when they state none; zip.js knows the one of DOS. */
const ENCODINGS = ["gbk", "big5", "shift_jis", "euc-kr", "windows-1251", "ibm866", "windows-1252", "cp437"];

/** The encodings that {@linkcode decodeName} knows, for a message. */
export const NAME_ENCODINGS: readonly string[] = ENCODINGS;

/** The raw bytes of a name in an encoding; `cp437` is that name in the encoding of DOS. Null if they are not of it. */
export function decodeName(raw: Uint8Array, cp437: string, encoding: string): string | null {
  if (encoding === "cp437") return cp437;
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(raw);
  } catch {
    return null;
  }
}

/** The error for a name that is not UTF-8 and states no encoding: it shows how the name reads in each. */
export function unknownEncoding(raw: Uint8Array, cp437: string): Error {
  const readings = ENCODINGS.flatMap((encoding) => {
    const name = decodeName(raw, cp437, encoding);
    return name === null || /\p{C}/u.test(name) ? [] : [`${encoding} ${quoteName(name)}`];
  });
  return new Error(
    `Cannot unpack ${
      quoteName(cp437)
    }: the name is not UTF-8, and the archive does not state its encoding\n` +
      `hint: choose the encoding in which it reads correctly with --names, of ${readings.join(", ")}`,
  );
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
    if (parts.length === 0) return;
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
