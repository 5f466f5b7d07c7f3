/**
 * Listed files that are missing, and files of the folder that are not listed but have nearly the same name.
 *
 * @module
 */
import { join, relative, sep } from "node:path";
import { isTaken, listFolder } from "../fs/paths.ts";
import { isImageName } from "../image/formats.ts";
import { listTree } from "./list_tree.ts";

/** A file that is probably meant by a listed name. */
export interface FileLink {
  /** Its path within the folder, with `/`. */
  readonly file: string;
  /** How many other files it could as well be. */
  readonly others: number;
  /** In what the names differ: `upper and lower case`. */
  readonly differences: readonly string[];
  /** Whether it is certainly the same file: it is the only one, and only the Unicode form of its name differs. */
  readonly isSame: boolean;
}

/** Files that are compared with one name. */
const MAX_CANDIDATES = 8;

/** A difference that has a message of its own. */
const FOLDER = "folder";

/** What is certain to be the same: macOS and Windows write the same letters differently. */
const SAME = "Unicode form";

/** Ways in which names differ that mean the same file, each with what makes such names equal. */
const DIFFERENCES: readonly { readonly what: string; readonly level: (name: string) => string }[] = [
  { what: "slashes", level: (name) => name.replaceAll("\\", "/") },
  { what: "percent escapes", level: decodePercent },
  { what: SAME, level: (name) => name.normalize("NFC") },
  { what: "upper and lower case", level: (name) => name.toLowerCase() },
  { what: FOLDER, level: (name) => name.slice(name.lastIndexOf("/") + 1) },
  { what: "ending", level: (name) => isImageName(name) ? name.slice(0, name.lastIndexOf(".")) : name },
];

/** A link for each of the listed names whose file is missing, if a file of the folder, at any depth, is like it. */
export async function findLinks(folder: string, names: ReadonlySet<string>): Promise<Map<string, FileLink>> {
  const top = new Set((await listFolder(folder)).map(({ name }) => name));
  const links = new Map<string, FileLink>();
  if ([...names].every((name) => top.has(name))) return links;
  // On Linux, a backslash is part of a name.
  const files = (await listTree(folder)).map((path) => relative(folder, path).replaceAll(sep, "/"));
  const existing = new Set(files);
  const unlisted = files.filter((file) => !names.has(file) && isImageName(file));
  const byForm = Map.groupBy(unlisted, (file) => file.normalize("NFC"));
  const byLoosened = Map.groupBy(unlisted, (file) => loosened(file));
  for (const name of names) {
    if (existing.has(name)) continue;
    const link = closest(name, byForm.get(name.normalize("NFC")) ?? byLoosened.get(loosened(name)) ?? []);
    // It may be behind a linked folder; and some file systems find it in either form.
    if (link === null || (!link.isSame && await isTaken(join(folder, name)))) continue;
    links.set(name, link);
  }
  // A file that two names could mean is certainly neither's.
  const meant = Map.groupBy(links, ([, { file }]) => file);
  for (const [name, link] of links) {
    if (meant.get(link.file)!.length > 1) links.set(name, { ...link, isSame: false });
  }
  return links;
}

/** The link in words, to follow a name: `"a.png" differs from it only in upper and lower case`. */
export function describeLink({ file, others, differences }: FileLink): string {
  if (others === 0 && differences.join() === FOLDER) {
    return describeSameName(file);
  }
  const more = others === 0 ? "" : ` (and so do ${others} more)`;
  return `${JSON.stringify(file)} differs from it only in ${differences.join(" and ")}${more}`;
}

/** A file that has the name in another folder, in words. */
export function describeSameName(file: string): string {
  return `${JSON.stringify(file)} has its name: file names start from the folder of the annotation file`;
}

function closest(name: string, files: readonly string[]): FileLink | null {
  // Of thousands of files with one name in their folders, any may be it.
  const candidates = files.slice(0, MAX_CANDIDATES).map((file) => ({
    file,
    differences: differencesOf(name, file),
  }))
    .sort((a, b) => a.differences.length - b.differences.length || (a.file < b.file ? -1 : 1));
  const [first] = candidates;
  if (first === undefined) return null;
  const { file, differences } = first;
  const same = candidates.filter((other) => other.differences.join() === differences.join());
  const others = same.length - 1 + files.length - candidates.length;
  return { file, others, differences, isSame: others === 0 && differences.join() === SAME };
}

/** In what two names differ that are equal otherwise. */
function differencesOf(a: string, b: string): string[] {
  let needed = DIFFERENCES;
  for (const difference of DIFFERENCES.toReversed()) {
    const fewer = needed.filter((other) => other !== difference);
    if (loosened(a, fewer) === loosened(b, fewer)) needed = fewer;
  }
  return needed.map(({ what }) => what);
}

function loosened(name: string, differences = DIFFERENCES): string {
  return differences.reduce((name, { level }) => level(name), name);
}

function decodePercent(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // a percent sign that is one
  }
}
