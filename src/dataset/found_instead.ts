/**
 * What is in a folder in which no dataset was found, and what is missing for one.
 *
 * @module
 */
import { readBounded } from "../fs/bounded_read.ts";
import { basename, dirname, join, relative } from "node:path";
import { isEntry } from "../coco/coco_images.ts";
import { ANNOTATION_FILE } from "../coco/coco_file.ts";
import { isImageName } from "../image/formats.ts";
import { GET_DATASET } from "./folder.ts";
import { listTree } from "./list_tree.ts";
import { SPLIT_NAMES } from "./roles.ts";

/** Larger JSON files are not opened to find out what they are. */
const MAX_JSON_BYTES = 2 ** 26;

/** Most JSON files that are opened. */
const MAX_JSON_FILES = 20;

/** A COCO file that is not where it is looked for; paths are relative to the folder. */
interface StrayCoco {
  readonly path: string;
  /** The folder of its images; null if they were not found. */
  readonly images: string | null;
}

/** What a folder without a dataset contains instead, and a hint; for messages. */
export async function describeInstead(folder: string): Promise<string> {
  const paths = (await listTree(folder)).map((path) => relative(folder, path).replaceAll("\\", "/"));
  const stray = await findCoco(folder, paths);
  const command = `deno task import ${/^[\w./-]+$/.test(folder) ? folder : JSON.stringify(folder)}`;
  if (stray !== null) return describeStray(stray, command);
  if (paths.length === 0) return `it is empty\n${GET_DATASET}`;
  const images = paths.filter(isImageName).length;
  const what = `it contains ${countFiles(paths.length)}, ${images} of them images, but no COCO file`;
  return images === 0
    ? `${what}\n${GET_DATASET}`
    : `${what}\nhint: ${command} converts images with masks or other annotations to one`;
}

function describeStray({ path, images }: StrayCoco, command: string): string {
  const split = `a split is a folder ${
    SPLIT_NAMES.join("/, ")
  }/ with the images and their ${ANNOTATION_FILE} in it`;
  const what = `${path} is COCO, but must be called ${ANNOTATION_FILE} and lie next to its images`;
  if (images === null) return `${what}, which were not found\nhint: ${split}`;
  const target = join(images, ANNOTATION_FILE);
  const name = basename(images);
  const known: readonly string[] = SPLIT_NAMES;
  const rename = known.includes(name)
    ? ""
    : `, and rename ${images === "." ? "the folder" : images} to ${splitOf(path)}`;
  return `${what}\nhint: ${command} converts it; by hand, ${split}: move the file to ${target}${rename}`;
}

/** The split that a file like `instances_val2017.json` is of. */
function splitOf(path: string): string {
  const name = basename(path).toLowerCase();
  return name.includes("val") ? "valid" : name.includes("test") ? "test" : "train";
}

async function findCoco(folder: string, paths: readonly string[]): Promise<StrayCoco | null> {
  const files = paths.filter((path) => path.toLowerCase().endsWith(".json"));
  for (const path of files.slice(0, MAX_JSON_FILES)) {
    const image = await firstImage(join(folder, path));
    if (image === null) continue;
    const name = basename(image);
    // Of several files of this name, the one whose folders are those that the file lists.
    const places = paths.filter((other) => basename(other) === name);
    const place = places.find((other) => `/${other}`.endsWith(`/${image}`)) ?? places[0];
    return { path, images: place === undefined ? null : dirname(place) };
  }
  return null;
}

/** The file name of the first image of a COCO file; null if it is not one, "" if it lists none. */
async function firstImage(path: string): Promise<string | null> {
  try {
    if ((await Deno.stat(path)).size > MAX_JSON_BYTES) return null;
    const root: unknown = JSON.parse(new TextDecoder().decode(await readBounded(path, 2 ** 27)));
    if (!isEntry(root) || !Array.isArray(root.images)) return null;
    const image: unknown = root.images[0];
    return isEntry(image) && typeof image.file_name === "string"
      ? image.file_name.replaceAll("\\", "/")
      : null;
  } catch {
    // Neither readable nor JSON: not a COCO file that anyone could use.
    return null;
  }
}

function countFiles(count: number): string {
  return count === 1 ? "1 file" : `${count} files`;
}
