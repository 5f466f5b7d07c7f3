/**
 * Finds the images that paths and patterns name, and chooses the names of their results.
 *
 * @module
 */
import { basename, extname, join, normalize, resolve } from "node:path";
import { ifFound } from "../fs/paths.ts";
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
  for (const path of paths) {
    const found = await imagesAt(path);
    if (typeof found === "string") problems.push({ path, message: found });
    else found.forEach((file) => files.add(normalize(file)));
  }
  return { files: [...files], problems };
}

/** The images that one path leads to, or the reason why there are none. */
async function imagesAt(path: string): Promise<string[] | string> {
  const info = await ifFound(Deno.stat(path));
  if (info?.isDirectory) {
    const files = await imagesIn(path);
    return files.length > 0 ? files : `Cannot find an image in the folder ${JSON.stringify(path)}`;
  }
  if (info !== null) return [path];
  if (!isPattern(path)) return `Cannot find ${JSON.stringify(path)}: no such file or folder`;
  const files: string[] = [];
  for (const match of await expandPattern(path)) {
    if ((await ifFound(Deno.stat(match)))?.isDirectory) files.push(...await imagesIn(match));
    else if (await looksLikeImage(match)) files.push(match);
  }
  return files.length > 0 ? files : `Cannot find an image that matches ${JSON.stringify(path)}`;
}

async function imagesIn(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (!name.startsWith(".") && (await ifFound(Deno.stat(path)))?.isFile && await looksLikeImage(path)) {
      files.push(path);
    }
  }
  return files.sort();
}

async function looksLikeImage(path: string): Promise<boolean> {
  if (extname(path) !== "") return isImageName(path);
  try {
    using file = await Deno.open(path);
    const head = new Uint8Array(HEAD_BYTES);
    detectFormat(head.subarray(0, await file.read(head) ?? 0));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return false;
  }
}

/**
 * The names of the results in the output folder, without ending: the names of the images. If several images have the
 * same name, all but the first get a number, and so does one whose results would overwrite an input image.
 */
export function outputNames(files: readonly string[], folder: string): string[] {
  // In lower case: on some disks A.png and a.png are the same file.
  const images = new Set(files.map((file) => resolve(file).toLowerCase()));
  const free = (name: string) =>
    Object.values(OUTPUT_ENDINGS).every((ending) =>
      !images.has(resolve(folder, name + ending).toLowerCase())
    );
  const stems = files.map((file) => basename(file, extname(file)));
  const taken = new Set<string>();
  const names = stems.map((stem) => {
    if (taken.has(stem.toLowerCase()) || !free(stem)) return undefined;
    taken.add(stem.toLowerCase());
    return stem;
  });
  // Numbered names come last, so that an image with such a name keeps it.
  return names.map((name, index) => {
    if (name !== undefined) return name;
    for (let number = 2;; number++) {
      const numbered = `${stems[index]}-${number}`;
      if (taken.has(numbered.toLowerCase()) || !free(numbered)) continue;
      taken.add(numbered.toLowerCase());
      return numbered;
    }
  });
}
