/**
 * Which files of a source are images and which are masks: by flags, by words in names, and where these say nothing by
 * their content.
 *
 * @module
 */
import { isImageName } from "../../image/formats.ts";
import type { RecognizeOptions } from "../import_kind.ts";
import { baseName, folderOf, type SourceTree } from "../source_tree.ts";
import { isSplitName, keyOfTokens, marksMask, type Role, roleOfName, stemOf, tokensOf } from "./tokens.ts";

/** A file and what its path says. */
export interface RoleFile {
  /** Its path within the source. */
  readonly path: string;
  /** The folders above it, the outermost first. */
  readonly folders: readonly string[];
  /** The index of the folder that tells its role; -1 if its name does, or nothing. */
  readonly at: number;
  /** The words and numbers of its name. */
  readonly tokens: readonly string[];
}

/** The image files of a source. */
export interface AssignedRoles {
  /** Images. */
  readonly images: readonly RoleFile[];
  /** Masks. */
  readonly masks: readonly RoleFile[];
  /** Files in folders that are neither. */
  readonly others: readonly RoleFile[];
}

/** How much an image file looks like a mask: the share of its pixels in its most frequent values; null if unreadable. */
export type Flatness = (path: string) => Promise<number | null>;

interface Undecided extends RoleFile {
  role: Role | null;
  /** Its ending, if its folder has files of the same name with other endings. */
  twin?: string;
  /** Whether only the names of its whole folder make it a mask. */
  doubtful?: true;
}

/** Assigns roles to all image files of a source. */
export async function assignRoles(
  tree: SourceTree,
  options: Pick<RecognizeOptions, "images" | "masks">,
  flatness: Flatness,
): Promise<AssignedRoles> {
  const paths = tree.files.map(({ path }) => path).filter(isImageName);
  const shared = sharedFolders(paths);
  const files = paths.map((path): Undecided => {
    const folders = folderOf(path).split("/").filter((part) => part !== "");
    const roles = folders.map((name, at) => at < shared ? null : roleOfName(name));
    let at = roles.findLastIndex((role) => role !== null);
    const role = roles[at] ?? null;
    // `ManualMask/leftMask` holds masks of one kind among others.
    while (role === "mask" && roles[at - 1] === "mask") at--;
    return { path, folders, at, role, tokens: tokensOf(stemOf(baseName(path))) };
  });
  if (options.images !== undefined || options.masks !== undefined) applyFlags(tree, files, options);
  else {
    for (const folder of Map.groupBy(files, ({ path }) => folderOf(path)).values()) assignWithin(folder);
    await assignRest(files, shared, flatness);
  }
  const of = (role: Role | null) => files.filter((file) => file.role === role);
  return { images: of("image"), masks: of("mask"), others: of(null) };
}

/** How many folders all paths begin with: their names say nothing. */
function sharedFolders(paths: readonly string[]): number {
  const first = paths[0]?.split("/").slice(0, -1) ?? [];
  let count = 0;
  while (count < first.length && paths.every((path) => path.split("/")[count] === first[count])) count++;
  return count;
}

/** `--images` and `--masks`: a folder by its path or its last parts, several separated by commas, or a pattern with `*`. */
function applyFlags(
  tree: SourceTree,
  files: Undecided[],
  { images, masks }: Pick<RecognizeOptions, "images" | "masks">,
): void {
  const isImage = images === undefined ? null : matcherOf(tree, files, images, "--images");
  const isMask = masks === undefined ? null : matcherOf(tree, files, masks, "--masks");
  for (const file of files) {
    const mask = isMask?.(file) ?? null;
    const image = isImage?.(file) ?? null;
    if (mask !== null && (image === null || mask >= image)) {
      file.role = "mask";
      Object.assign(file, { at: mask });
    } else if (image !== null) {
      file.role = "image";
      Object.assign(file, { at: image });
    } else if (isMask === null ? file.role === "image" : isImage !== null || file.role === "mask") {
      file.role = null;
    } else file.role = isMask === null ? "mask" : "image";
  }
}

/** Tells whether a file is named by a flag: the index of the folder that the flag names, -1 for a pattern, null if not. */
function matcherOf(
  tree: SourceTree,
  files: readonly RoleFile[],
  flag: string,
  name: string,
): (file: RoleFile) => number | null {
  const matchers = flag.split(",").map((part) => part.trim().replace(/^\.?\/+|\/+$/g, "")).map((part) => {
    const matches = part.includes("*") ? patternMatcher(part) : folderMatcher(part.split("/"));
    if (files.some((file) => matches(file) !== null)) return matches;
    const folders = [...new Set(files.map(({ path }) => folderOf(path)))].slice(0, SHOWN_FOLDERS);
    throw new Error(
      `Cannot use ${name} ${JSON.stringify(part)}: ${JSON.stringify(tree.name)} has no images there\n` +
        `hint: name a folder within it: ${folders.map((folder) => JSON.stringify(folder || ".")).join(", ")}`,
    );
  });
  return (file) => matchers.map((matches) => matches(file)).find((at) => at !== null) ?? null;
}

/** Folders that a message lists. */
const SHOWN_FOLDERS = 8;

function folderMatcher(parts: readonly string[]): (file: RoleFile) => number | null {
  const wanted = parts.map((part) => part.toLowerCase());
  return ({ folders }) => {
    for (let end = folders.length; end >= wanted.length; end--) {
      const start = end - wanted.length;
      if (wanted.every((part, i) => folders[start + i]!.toLowerCase() === part)) return end - 1;
    }
    return null;
  };
}

function patternMatcher(pattern: string): (file: RoleFile) => number | null {
  const expression = new RegExp(
    `(^|/)${pattern.replace(/[.+^${}()|[\]\\?]/g, "\\$&").replaceAll("*", "[^/]*")}$`,
    "iu",
  );
  return ({ path }) => expression.test(path) ? -1 : null;
}

/** Assigns roles within a folder by the names of its files, where only some are marked as masks. */
function assignWithin(files: readonly Undecided[]): void {
  const marked = files.filter(({ tokens }) => tokens.some(marksMask));
  if (marked.length > 0 && marked.length < files.length && files[0]!.role !== "mask") {
    for (const file of files) setByName(file, marked.includes(file) ? "mask" : "image");
  } else if (files[0]!.role === null && marked.length === files.length) {
    for (const file of files) {
      setByName(file, "mask");
      file.doubtful = true;
    }
  } else if (files[0]!.role === null) {
    markTwins(files);
    const masks = extensionsOf(files);
    if (masks !== null) { for (const file of files) setByName(file, masks.has(file) ? "mask" : "image"); }
  }
}

/** Notes the endings of a folder in which most names occur with several. */
function markTwins(files: readonly Undecided[]): void {
  const byName = [...Map.groupBy(files, ({ tokens }) => keyOfTokens(tokens)).values()];
  if (2 * byName.filter(({ length }) => length === 2).length < byName.length) return;
  for (const file of files) file.twin = endingOf(file.path);
}

function endingOf(path: string): string {
  return `.${/\.([^.]*)$/.exec(path)?.[1]?.toLowerCase()}`;
}

function setByName(file: Undecided, role: Role): void {
  file.role = role;
  Object.assign(file, { at: -1 });
}

/**
 * The files whose names are those of others with something behind or before them, if at least half of the others have
 * such a file; null if not.
 */
function extensionsOf(files: readonly Undecided[]): Set<Undecided> | null {
  const keys = new Map(files.map((file) => [keyOfTokens(file.tokens), file]));
  const masks = new Set<Undecided>();
  const bases = new Set<Undecided>();
  for (const file of files) {
    const { tokens } = file;
    for (let length = tokens.length - 1; length > 0; length--) {
      const [rest, reversed] = [tokens.slice(length), tokens.slice(0, tokens.length - length)];
      const base = rest.some(isWord) && keys.get(keyOfTokens(tokens.slice(0, length))) ||
        reversed.some(isWord) && keys.get(keyOfTokens(tokens.slice(tokens.length - length)));
      if (!base) continue;
      masks.add(file);
      bases.add(base);
      break;
    }
  }
  const others = files.length - masks.size;
  return masks.size > 0 && 2 * bases.size >= others && ![...bases].some((base) => masks.has(base))
    ? masks
    : null;
}

function isWord(token: string): boolean {
  return /\p{L}/u.test(token);
}

/** Files that are decoded to tell images from masks, per series. */
const SAMPLES = 3;

/** Masks have at least this share of their pixels in their most frequent values. */
const LEAST_FLATNESS = 0.9;

/** Assigns what names leave open. */
async function assignRest(files: readonly Undecided[], shared: number, flatness: Flatness): Promise<void> {
  if (!files.some(({ role }) => role !== "mask")) {
    for (const file of files) if (file.doubtful) file.role = null;
  }
  const open = files.filter(({ role }) => role === null);
  if (open.length === 0) return;
  const has = (role: Role) => files.some((file) => file.role === role);
  const series = [...Map.groupBy(open, (file) => seriesOf(file, shared))].map(([name, files]) => ({
    name,
    files,
  }));
  if (has("mask") && has("image")) {
    // A folder that is only a split, such as `test` without masks.
    for (const file of open) {
      if (roleFolderOf(file, shared) === -1 && file.twin === undefined) file.role = "image";
    }
    return;
  }
  if (has("mask") || has("image") && series.length === 1) {
    const role = has("mask") ? "image" : "mask";
    for (const file of open) {
      file.role = role;
      Object.assign(file, { at: file.twin === undefined ? roleFolderOf(file, shared) : -1 });
    }
    return;
  }
  const scored = await Promise.all(
    series.map(async ({ files }) => ({ files, score: await scoreOf(files, flatness) })),
  );
  for (const { files, score } of scored) {
    if (score === null) continue;
    for (const file of files) {
      file.role = score >= LEAST_FLATNESS ? "mask" : "image";
      Object.assign(file, { at: file.twin === undefined ? roleFolderOf(file, shared) : -1 });
    }
  }
  if (has("image") && has("mask")) return;
  // Images without masks, or masks without images, are no pairs.
  for (const file of open) file.role = null;
}

/** Files that are the same kind of thing: of one folder name, or of one ending in one folder. */
function seriesOf(file: Undecided, shared: number): string {
  const at = roleFolderOf(file, shared);
  return file.twin ?? (at === -1 ? endingOf(file.path) : keyOfTokens(tokensOf(file.folders[at]!)));
}

/** The deepest folder that is not only a split. */
function roleFolderOf({ folders }: RoleFile, shared: number): number {
  return folders.findLastIndex((name, at) => at >= shared && !isSplitName(name));
}

async function scoreOf(files: readonly RoleFile[], flatness: Flatness): Promise<number | null> {
  const step = Math.max(1, Math.floor(files.length / SAMPLES));
  const scores: number[] = [];
  for (let at = 0; at < files.length && scores.length < SAMPLES; at += step) {
    const score = await flatness(files[at]!.path);
    if (score !== null) scores.push(score);
  }
  return scores.length === 0 ? null : scores.sort((a, b) => a - b)[scores.length >> 1]!;
}
