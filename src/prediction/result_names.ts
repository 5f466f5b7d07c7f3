/**
 * The names of what `predict` writes for an image.
 *
 * @module
 */
import { basename, extname, join, resolve } from "node:path";
import { listFolder, readJson } from "../fs/paths.ts";
import { FAILURES_FILE } from "./image_files.ts";
import { OUTPUT_ENDINGS } from "./result_files.ts";

/** Whose results exist under a name in the output folder: the path of an image, or null if unknown. */
export type ResultOwners = ReadonlyMap<string, string | null>;

/** What else {@linkcode outputNames} may know. */
export interface NameOptions {
  /** As {@linkcode findOwners} finds them; none by default. */
  readonly owners?: ResultOwners;
  /** The folder of each image's results within the output folder, `""` for the output folder itself, the default. */
  readonly subfolders?: readonly string[] | undefined;
  /** The endings of all files of an image; {@linkcode OUTPUT_ENDINGS} by default. */
  readonly endings?: readonly string[] | undefined;
  /** Paths that no result may have. */
  readonly reserved?: readonly string[] | undefined;
}

/**
 * The names of the results in the output folder, without ending: the names of the images, in their subfolders. If
 * several images have the same name, all but the first get a number, and so does one whose results would overwrite an
 * input image, a reserved path, or those of another image; an image that has results keeps their name, and they are
 * replaced.
 */
export function outputNames(files: readonly string[], folder: string, options: NameOptions = {}): string[] {
  const { owners = new Map(), subfolders, endings = Object.values(OUTPUT_ENDINGS), reserved = [] } = options;
  // In lower case: on some disks A.png and a.png are the same file.
  const kept = new Set([...files, ...reserved].map((file) => resolve(file).toLowerCase()));
  const taken = new Set<string>([FAILURES_FILE.replace(/\.json$/, "")]);
  const claim = (name: string, file: string): boolean => {
    const key = name.toLowerCase();
    const owner = owners.get(key);
    if (taken.has(key) || (owner !== undefined && owner !== resolve(file))) return false;
    const free = endings.every((ending) => !kept.has(resolve(folder, name + ending).toLowerCase()));
    if (free) taken.add(key);
    return free;
  };
  const stems = files.map((file, index) => join(subfolders?.[index] ?? "", basename(file, extname(file))));
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

/** Whose results exist in the output folder, or its subfolders, under the names that these images may get. */
export async function findOwners(
  files: readonly string[],
  folder: string,
  subfolders?: readonly string[],
): Promise<ResultOwners> {
  const stems = new Map<string, Set<string>>();
  files.forEach((file, index) => {
    const subfolder = subfolders?.[index] ?? "";
    const stem = basename(file, extname(file)).toLowerCase();
    if (!stems.has(subfolder)) stems.set(subfolder, new Set());
    stems.get(subfolder)!.add(stem);
  });
  const owners = new Map<string, string | null>();
  for (const [subfolder, names] of stems) {
    for (const { name } of await listFolder(join(folder, subfolder))) {
      const ending = Object.values(OUTPUT_ENDINGS).find((ending) => name.endsWith(ending));
      if (ending === undefined) continue;
      const stem = name.slice(0, -ending.length).toLowerCase();
      if (!names.has(stem) && !names.has(stem.replace(/-\d+$/, ""))) continue;
      const key = join(subfolder, stem).toLowerCase();
      const path = join(folder, subfolder, name);
      if (ending === OUTPUT_ENDINGS.json) owners.set(key, ownerOf(await readJson(path)));
      else if (!owners.has(key)) owners.set(key, null);
    }
  }
  return owners;
}

/** The image of a result; `picture` was its name in version 0.1.0. */
function ownerOf(result: unknown): string | null {
  const { image, picture } = (result ?? {}) as { image?: unknown; picture?: unknown };
  const path = image ?? picture;
  return typeof path === "string" ? resolve(path) : null;
}
