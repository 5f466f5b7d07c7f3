/**
 * Finds the images that paths and patterns name, and lists those that could not be read.
 *
 * @module
 */
import { NotRegularFile } from "../fs/bounded_read.ts";
import { basename, extname, join, normalize, resolve } from "node:path";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { ifFound, readJson, removeFile } from "../fs/paths.ts";
import { detectFormat, isImageName } from "../image/formats.ts";
import { expandPattern, isPattern } from "./glob.ts";

/** A path that leads to no image, and why. */
export interface PathProblem {
  /** The path as given. */
  readonly path: string;
  /** The reason, perhaps with a hint in a second line. */
  readonly message: string;
}

/** The images that paths lead to. */
export interface FoundImages {
  /** Paths of files without repetition, in the order given; those of a folder sorted by name. */
  readonly files: readonly string[];
  /** The folder of each file within the given folder that was searched for it: `""`, or `2024/may`. */
  readonly subfolders: readonly string[];
  /** Paths that lead to no image. */
  readonly problems: readonly PathProblem[];
  /** What the given folders and patterns hold besides. */
  readonly skipped: SkippedPaths;
}

/** What was found and is not predicted; hidden files are not counted. */
export interface SkippedPaths {
  /** Files that are no images by their names or, without an extension, their content. */
  readonly files: readonly string[];
  /** Folders within a given folder. */
  readonly folders: readonly string[];
}

/** Within the output folder: the images that could not be read, and why. */
export const FAILURES_FILE = "failures.json";

type Skipped = { readonly [Kind in keyof SkippedPaths]: string[] };

/** Enough bytes to detect an image format. */
const HEAD_BYTES = 512;

/** Where {@linkcode findImages} searches. */
export interface SearchOptions {
  /** Whether given folders are searched at any depth; links to folders are not followed. */
  readonly recursive?: boolean;
  /** A folder that is not searched: that of the results. */
  readonly except?: string;
}

/**
 * Finds images. A file that is named explicitly is always included; of folders and pattern matches, files with an
 * image's extension, and files without extension whose content begins like an image. Subfolders are searched only with
 * `recursive`, or `**` in a pattern.
 */
export async function findImages(
  paths: readonly string[],
  options: SearchOptions = {},
): Promise<FoundImages> {
  const files = new Map<string, string>();
  const problems: PathProblem[] = [];
  const skipped = { files: [] as string[], folders: [] as string[] };
  const search = new ImageSearch(options, skipped);
  for (const path of paths) {
    const found = await search.at(path);
    if (typeof found === "string") problems.push({ path, message: found });
    else {
      for (const { file, subfolder } of found) {
        if (!files.has(normalize(file))) files.set(normalize(file), subfolder);
      }
    }
  }
  const others = (list: string[]) => [...new Set(list.map(normalize))].filter((path) => !files.has(path));
  return {
    files: [...files.keys()],
    subfolders: [...files.values()],
    problems,
    skipped: { files: others(skipped.files), folders: others(skipped.folders) },
  };
}

/** An image, and its folder within the folder that was searched. */
interface FoundFile {
  readonly file: string;
  readonly subfolder: string;
}

/** Searches paths; collects what it skips. */
class ImageSearch {
  readonly #recursive: boolean;
  readonly #except: string | null;
  readonly #skipped: Skipped;

  constructor({ recursive = false, except }: SearchOptions, skipped: Skipped) {
    this.#recursive = recursive;
    this.#except = except === undefined ? null : resolve(except);
    this.#skipped = skipped;
  }

  /** The images that one path leads to, or the reason why there are none. */
  async at(path: string): Promise<FoundFile[] | string> {
    const info = await ifFound(Deno.stat(path));
    if (info?.isDirectory) {
      const inside: Skipped = { files: [], folders: [] };
      const files = await this.#in(path, "", inside);
      this.#skipped.files.push(...inside.files);
      this.#skipped.folders.push(...inside.folders);
      if (files.length > 0) return files;
      const [other] = inside.files;
      const [what, ...hints] = other === undefined ? [""] : await describeOther(other);
      if (inside.folders.length > 0 && !this.#recursive) hints.push("--recursive includes its subfolders");
      const hint = hints.map((hint) => `\nhint: ${hint}`).join("");
      return `Cannot find an image in the folder ${JSON.stringify(path)}${what}${hint}`;
    }
    if (info !== null) return [{ file: path, subfolder: "" }];
    if (!isPattern(path)) return `Cannot find ${JSON.stringify(path)}: no such file or folder`;
    const files: FoundFile[] = [];
    for (const match of await expandPattern(path)) {
      if ((await ifFound(Deno.stat(match)))?.isDirectory) {
        files.push(...await this.#in(match, "", this.#skipped));
      } else if (await looksLikeImage(match)) files.push({ file: match, subfolder: "" });
      else this.#skipped.files.push(match);
    }
    return files.length > 0 ? files : `Cannot find an image that matches ${JSON.stringify(path)}`;
  }

  async #in(folder: string, subfolder: string, skipped: Skipped): Promise<FoundFile[]> {
    const files: FoundFile[] = [];
    const folders: string[] = [];
    for await (const { name, isSymlink } of Deno.readDir(folder)) {
      if (name.startsWith(".")) continue;
      const path = join(folder, name);
      const info = await ifFound(Deno.stat(path));
      if (info?.isDirectory) {
        const enter = this.#recursive && !isSymlink && resolve(path) !== this.#except;
        if (enter) folders.push(name);
        else if (!this.#recursive || isSymlink) skipped.folders.push(path);
      } else if (info?.isFile && await looksLikeImage(path)) files.push({ file: path, subfolder });
      else skipped.files.push(path);
    }
    files.sort((a, b) => a.file < b.file ? -1 : 1);
    for (const name of folders.sort()) {
      files.push(...await this.#in(join(folder, name), join(subfolder, name), skipped));
    }
    skipped.files.sort();
    skipped.folders.sort();
    return files;
  }
}

async function looksLikeImage(path: string): Promise<boolean> {
  if (extname(path) !== "") return isImageName(path);
  try {
    detectFormat(await readHead(path));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return false;
  }
}

async function readHead(path: string): Promise<Uint8Array> {
  if (!(await Deno.stat(path)).isFile) throw new NotRegularFile(path, "a pipe, a device or a socket");
  using file = await Deno.open(path);
  const head = new Uint8Array(HEAD_BYTES);
  return head.subarray(0, await file.read(head) ?? 0);
}

/** What a file is that does not look like an image, to follow a message, and what to do about it. */
async function describeOther(path: string): Promise<[string, ...string[]]> {
  const name = JSON.stringify(basename(path));
  try {
    const format = detectFormat(await readHead(path));
    return [`: ${name} is a ${format.name} by its content`, `name it: files that are named are always read`];
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const [reason, hint] = error.message.replace("Cannot decode the image: ", "").split("\nhint: ");
    return reason!.startsWith("it is ")
      ? [`: ${name} ${reason!.replace(/^it /, "")}`, ...hint === undefined ? [] : [hint]]
      : [""];
  }
}

/**
 * Writes which images could not be read to the output folder. Those of earlier runs stay listed, unless they are among
 * the images of this one; without any the file is removed.
 */
export async function writeFailures(
  folder: string,
  files: readonly string[],
  problems: readonly PathProblem[],
): Promise<void> {
  const path = join(folder, FAILURES_FILE);
  const tried = new Set([...files, ...problems.map(({ path }) => path)].map((file) => resolve(file)));
  const before = await readJson(path);
  const isEarlier = (entry: unknown): entry is PathProblem => {
    const { path } = (entry ?? {}) as { path?: unknown };
    return typeof path === "string" && !tried.has(resolve(path));
  };
  const failures = [...(Array.isArray(before) ? before.filter(isEarlier) : []), ...problems];
  if (failures.length > 0) await writeFileAtomic(path, `${JSON.stringify(failures, null, 2)}\n`);
  else await removeFile(path);
}
