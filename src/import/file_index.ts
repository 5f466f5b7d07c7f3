/**
 * Finds the file that an annotation means by a path which may have been true on another machine.
 *
 * @module
 */
import { stemOf as stemOfName } from "./masks/tokens.ts";
import { baseName, folderOf } from "./source_tree.ts";

/** Candidates that a message lists. */
const SHOWN = 3;

/** Files of a source by their last part. */
export class FileIndex {
  readonly #byName: ReadonlyMap<string, readonly string[]>;
  readonly #byStem: ReadonlyMap<string, readonly string[]>;
  readonly #paths: ReadonlySet<string>;

  /** Indexes paths within a source. */
  constructor(paths: readonly string[]) {
    this.#paths = new Set(paths);
    this.#byName = Map.groupBy(paths, keyOf);
    this.#byStem = Map.groupBy(paths, (path) => fold(stemOf(path)));
  }

  /**
   * The file that `written` means in a file of the folder `near`; null if there is none of its name. Of several, the one
   * at that very place, else the one that shares most folders with the written path, else the one nearest to `near`, else
   * the one whose folders `prefers` says are likelier. Throws an Error that names the candidates if these are equal.
   */
  find(written: string, near: string, prefers: (path: string) => boolean = () => false): string | null {
    const path = written.replaceAll("\\", "/");
    const exact = resolvePath(near, path);
    if (exact !== null && this.#paths.has(exact)) return exact;
    return choose(this.#byName.get(keyOf(path)) ?? [], path, near, prefers);
  }

  /** The file of this name without an ending; of several, as {@linkcode FileIndex.find} chooses. */
  findStem(stem: string, near: string): string | null {
    const own = near === "" ? stem : `${near}/${stem}`;
    return choose(this.#byStem.get(fold(stem)) ?? [], own, near, () => false);
  }
}

/** The likeliest of several files of one name. */
function choose(
  files: readonly string[],
  written: string,
  near: string,
  prefers: (path: string) => boolean,
): string | null {
  let candidates = files;
  const folders = foldersOf(written).reverse();
  const scores: ((candidate: string) => number)[] = [
    (candidate) => common(foldersOf(candidate).reverse(), folders),
    (candidate) => prefers(candidate) ? 1 : 0,
    (candidate) => common(foldersOf(candidate), foldersOf(`${near}/`)),
  ];
  for (const score of scores) {
    if (candidates.length < 2) break;
    const best = Math.max(...candidates.map(score));
    candidates = candidates.filter((candidate) => score(candidate) === best);
  }
  if (candidates.length > 1) {
    const shown = candidates.slice(0, SHOWN).map((candidate) => JSON.stringify(candidate)).join(" or ");
    throw new Error(
      `Cannot tell which file ${JSON.stringify(written)} means: ${shown}\n` +
        `hint: --images ${folderOf(candidates[0]!) || "."} (or the other folder) decides`,
    );
  }
  return candidates[0] ?? null;
}

/** A path from a folder within the source, `..` resolved; null if it leaves the source. */
export function resolvePath(folder: string, path: string): string | null {
  const parts: string[] = [];
  for (const part of `${folder}/${path}`.split("/")) {
    if (part === "..") {
      if (parts.pop() === undefined) return null;
    } else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** The name of a file without its ending. */
export function stemOf(path: string): string {
  return stemOfName(baseName(path));
}

/** How many items two lists begin with in common. */
function common(a: readonly string[], b: readonly string[]): number {
  let count = 0;
  while (count < Math.min(a.length, b.length) && a[count] === b[count]) count++;
  return count;
}

function foldersOf(path: string): string[] {
  return folderOf(path).split("/").filter((part) => part !== "").map(fold);
}

function keyOf(path: string): string {
  return fold(baseName(path));
}

/** Names that differ only in case or Unicode form are the same on many systems. */
function fold(name: string): string {
  return name.normalize("NFC").toLowerCase();
}
