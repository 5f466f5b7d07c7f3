/**
 * What is imported: the files of a folder or of a zip, listed once.
 *
 * @module
 */

/** A file of a source. */
export interface SourceFile {
  /** Its path within the source, with `/`. */
  readonly path: string;
  /** Its length in bytes. */
  readonly byteLength: number;
}

/** The files of a folder or of a zip. */
export interface SourceTree extends Disposable {
  /** The source, as the user named it. */
  readonly name: string;
  /** Its files, sorted by path; hidden files and those that systems leave behind are left out. */
  readonly files: readonly SourceFile[];
  /** Equal for two listings of the same, unchanged source. */
  readonly stamp: string;
  /**
   * A file's bytes. Rejects with a RangeError for more than `maxBytes`, and with a SyntaxError for a damaged entry of a
   * zip.
   */
  read(path: string, maxBytes: number): Promise<Uint8Array<ArrayBuffer>>;
  /** The path of a file on the disk, which can be linked; null within a zip. */
  diskPath(path: string): string | null;
}

/** Most files of a source. */
export const MAX_FILES = 2_000_000;

/** Files that macOS and Windows leave behind, next to what a user sees. */
export function isLeftBehind(path: string): boolean {
  return path.split("/").some((part) =>
    part.startsWith(".") || part === "__MACOSX" || part === "Thumbs.db" || part === "desktop.ini"
  );
}

/** The folder of a path within a source; `""` for the source itself. */
export function folderOf(path: string): string {
  const at = path.lastIndexOf("/");
  return at === -1 ? "" : path.slice(0, at);
}

/** The last part of a path within a source. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
