/**
 * Finds the images that paths and patterns name, and chooses the names of their results.
 *
 * @module
 */
import { NotRegularFile } from "../fs/bounded_read.ts";
import { basename, extname, join, normalize, resolve } from "node:path";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { ifFound, listFolder, readJson, removeFile } from "../fs/paths.ts";
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

/** One value per file that is written for an image. */
export interface OutputFiles {
  /** The mask, 0 or 255. */
  readonly mask: string;
  /** The probabilities, 0 to 255. */
  readonly probability: string;
  /** Image, mask and overlay. */
  readonly figure: string;
  /** The numbers. */
  readonly json: string;
}

/** The endings of the files for an image, after the name of the image. */
export const OUTPUT_ENDINGS: OutputFiles = {
  mask: "_mask.png",
  probability: "_probability.png",
  figure: "_figure.png",
  json: ".json",
};

/** Within the output folder: the images that could not be read, and why. */
export const FAILURES_FILE = "failures.json";

type Skipped = { readonly [Kind in keyof SkippedPaths]: string[] };

/** Enough bytes to detect an image format. */
const HEAD_BYTES = 512;

/**
 * Finds images. A file that is named explicitly is always included; of folders and pattern matches, files with an
 * image's extension, and files without extension whose content begins like an image. Subfolders are searched only with
 * `**` in a pattern.
 */
export async function findImages(paths: readonly string[]): Promise<FoundImages> {
  const files = new Set<string>();
  const problems: PathProblem[] = [];
  const skipped = { files: [] as string[], folders: [] as string[] };
  for (const path of paths) {
    const found = await imagesAt(path, skipped);
    if (typeof found === "string") problems.push({ path, message: found });
    else found.forEach((file) => files.add(normalize(file)));
  }
  const others = (list: string[]) => [...new Set(list.map(normalize))].filter((path) => !files.has(path));
  return {
    files: [...files],
    problems,
    skipped: { files: others(skipped.files), folders: others(skipped.folders) },
  };
}

/** The images that one path leads to, or the reason why there are none. */
async function imagesAt(path: string, skipped: Skipped): Promise<string[] | string> {
  const info = await ifFound(Deno.stat(path));
  if (info?.isDirectory) {
    const inside: Skipped = { files: [], folders: [] };
    const files = await imagesIn(path, inside);
    skipped.files.push(...inside.files);
    skipped.folders.push(...inside.folders);
    if (files.length > 0) return files;
    const [other] = inside.files;
    const [what, ...hints] = other === undefined ? [""] : await describeOther(other);
    if (inside.folders.length > 0) hints.push(`'${join(path, "**")}' includes its subfolders`);
    const hint = hints.map((hint) => `\nhint: ${hint}`).join("");
    return `Cannot find an image in the folder ${JSON.stringify(path)}${what}${hint}`;
  }
  if (info !== null) return [path];
  if (!isPattern(path)) return `Cannot find ${JSON.stringify(path)}: no such file or folder`;
  const files: string[] = [];
  for (const match of await expandPattern(path)) {
    if ((await ifFound(Deno.stat(match)))?.isDirectory) files.push(...await imagesIn(match, skipped));
    else (await looksLikeImage(match) ? files : skipped.files).push(match);
  }
  return files.length > 0 ? files : `Cannot find an image that matches ${JSON.stringify(path)}`;
}

async function imagesIn(folder: string, skipped: Skipped): Promise<string[]> {
  const files: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (name.startsWith(".")) continue;
    const path = join(folder, name);
    const info = await ifFound(Deno.stat(path));
    if (info?.isDirectory) skipped.folders.push(path);
    else (info?.isFile && await looksLikeImage(path) ? files : skipped.files).push(path);
  }
  skipped.files.sort();
  skipped.folders.sort();
  return files.sort();
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

/** Whose results exist under a name in the output folder: the path of an image, or null if unknown. */
export type ResultOwners = ReadonlyMap<string, string | null>;

/**
 * The names of the results in the output folder, without ending: the names of the images. If several images have the
 * same name, all but the first get a number, and so does one whose results would overwrite an input image, or those of
 * another image; an image that has results keeps their name, and they are replaced.
 *
 * @param owners as {@linkcode findOwners} finds them; none by default
 */
export function outputNames(
  files: readonly string[],
  folder: string,
  owners: ResultOwners = new Map(),
): string[] {
  // In lower case: on some disks A.png and a.png are the same file.
  const images = new Set(files.map((file) => resolve(file).toLowerCase()));
  const taken = new Set<string>([FAILURES_FILE.replace(/\.json$/, "")]);
  const claim = (name: string, file: string): boolean => {
    const key = name.toLowerCase();
    const owner = owners.get(key);
    if (taken.has(key) || (owner !== undefined && owner !== resolve(file))) return false;
    const free = Object.values(OUTPUT_ENDINGS).every((ending) =>
      !images.has(resolve(folder, name + ending).toLowerCase())
    );
    if (free) taken.add(key);
    return free;
  };
  const stems = files.map((file) => basename(file, extname(file)));
  const own = files.map((file, index) =>
    numbered(stems[index]!, owners).find((name) =>
      owners.get(name.toLowerCase()) === resolve(file) && claim(name, file)
    )
  );
  const names = files.map((file, index) =>
    own[index] ?? (claim(stems[index]!, file) ? stems[index] : undefined)
  );
  // Numbered names come last, so that an image with such a name keeps it.
  return names.map((name, index) => {
    if (name !== undefined) return name;
    for (let number = 2;; number++) {
      const next = `${stems[index]}-${number}`;
      if (claim(next, files[index]!)) return next;
    }
  });
}

/** The names that an image's results may have among the existing ones: its own, then those with numbers. */
function numbered(stem: string, owners: ResultOwners): string[] {
  const names = [stem];
  for (let number = 2; owners.has(`${stem}-${number}`.toLowerCase()); number++) {
    names.push(`${stem}-${number}`);
  }
  return names;
}

/** Whose results exist in the output folder under the names that these images may get. */
export async function findOwners(files: readonly string[], folder: string): Promise<ResultOwners> {
  const stems = new Set(files.map((file) => basename(file, extname(file)).toLowerCase()));
  const owners = new Map<string, string | null>();
  for (const { name } of await listFolder(folder)) {
    const ending = Object.values(OUTPUT_ENDINGS).find((ending) => name.endsWith(ending));
    if (ending === undefined) continue;
    const key = name.slice(0, -ending.length).toLowerCase();
    if (!stems.has(key) && !stems.has(key.replace(/-\d+$/, ""))) continue;
    if (ending === OUTPUT_ENDINGS.json) owners.set(key, ownerOf(await readJson(join(folder, name))));
    else if (!owners.has(key)) owners.set(key, null);
  }
  return owners;
}

/** The image of a result; `picture` was its name in version 0.1.0. */
function ownerOf(result: unknown): string | null {
  const { image, picture } = (result ?? {}) as { image?: unknown; picture?: unknown };
  const path = image ?? picture;
  return typeof path === "string" ? resolve(path) : null;
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
