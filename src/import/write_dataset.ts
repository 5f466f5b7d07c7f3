/**
 * Writes what was read of a source in the product's own form: a folder per split, with the images unchanged and their
 * regions as exact RLE.
 *
 * @module
 */
import { join } from "node:path";
import { ANNOTATION_FILE } from "../coco/coco_file.ts";
import type { Licence } from "../dataset/licences.ts";
import { parseRuns, runsCoverage } from "../coco/rle.ts";
import type { SplitName } from "../dataset/roles.ts";
import { ifFound, isTaken } from "../fs/paths.ts";
import { writeFailure } from "../fs/write_failure.ts";
import { writeWhole } from "../fs/write_whole.ts";
import { MAX_BYTES } from "../image/limits.ts";
import type { ImportImage } from "./import_kind.ts";
import { baseName, folderOf, type SourceTree } from "./source_tree.ts";
import type { SpooledImage } from "./spool.ts";

/** A category of the result. */
export interface WrittenCategory {
  /** Its id, from 1 on. */
  readonly id: number;
  /** Its name. */
  readonly name: string;
}

/** Where an image goes. */
export interface Placement {
  /** Its split. */
  readonly split: SplitName;
  /** Its name in the split's folder. */
  readonly fileName: string;
  /** Its bytes, if it is no file of the source. */
  readonly bytes?: ImportImage["bytes"] | undefined;
}

/** What a split of the result holds. */
export interface SplitCounts {
  /** Its images. */
  images: number;
  /** Those of them with a region. */
  annotated: number;
  /** Their regions. */
  annotations: number;
}

/** A name for each image in its split: its own, or, where two collide (ignoring case), one with its folders before it. */
export function nameImages(
  images: readonly { path: string; fileName?: string | undefined; split: SplitName }[],
): string[] {
  const keyOf = (split: SplitName, name: string) => `${split}/${name.toLowerCase()}`;
  const own = images.map(({ path, fileName }) => fileName ?? baseName(path));
  const counts = new Map<string, number>();
  for (const [at, { split }] of images.entries()) {
    const key = keyOf(split, own[at]!);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const taken = new Set(counts.keys());
  return images.map(({ path, split }, at) => {
    const name = own[at]!;
    if (counts.get(keyOf(split, name)) === 1) return name;
    const parts = folderOf(path).split("/").filter((part) => part !== "");
    let longer = name;
    for (let round = 2; taken.has(keyOf(split, longer)); round++) {
      longer = `${parts.pop() ?? round}_${longer}`;
    }
    taken.add(keyOf(split, longer));
    return longer;
  });
}

/**
 * Links an image into the result where the file system and the permissions allow it, else copies it; `embedded` reads an
 * image that is no file of its own.
 */
export async function placeImage(
  tree: SourceTree,
  path: string,
  target: string,
  embedded?: ImportImage["bytes"] | undefined,
): Promise<"linked" | "copied"> {
  if (await isTaken(target)) await Deno.remove(target);
  const disk = tree.diskPath(path);
  try {
    if (embedded !== undefined || disk === null) {
      const bytes = await (embedded?.() ?? tree.read(path, MAX_BYTES));
      await Deno.writeFile(target, bytes, { createNew: true });
      return "copied";
    }
    const real = await Deno.realPath(disk);
    if (await mayLink(real) && await linked(real, target)) return "linked";
    await Deno.copyFile(real, target);
    return "copied";
  } catch (error) {
    throw writeFailure(target, error, "make room and run the same command again: it resumes");
  }
}

/** A link needs the permission to write its origin, which must not be asked for. */
async function mayLink(path: string): Promise<boolean> {
  return (await Deno.permissions.query({ name: "write", path })).state === "granted";
}

async function linked(path: string, target: string): Promise<boolean> {
  try {
    await Deno.link(path, target);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw error;
    return false; // another file system, or one without links
  }
}

/** Writes the annotation file of a split, image by image, and counts. `idsOf` are the ids of a region's categories. */
export async function writeAnnotations(
  folder: string,
  images: () => AsyncIterable<{ image: SpooledImage; fileName: string }>,
  categories: readonly WrittenCategory[],
  idsOf: (category: string) => readonly number[],
  { description, licences = [] }: { description: string; licences?: readonly Licence[] | undefined },
): Promise<{ counts: SplitCounts; byCategory: ReadonlyMap<number, number> }> {
  const byCategory = new Map<number, number>();
  const counts: SplitCounts = { images: 0, annotated: 0, annotations: 0 };
  const path = join(folder, ANNOTATION_FILE);
  if (await ifFound(Deno.lstat(path)) !== null) await Deno.remove(path);
  using file = await Deno.open(path, { write: true, createNew: true });
  const out = new JsonWriter(file);
  const licenses = licences.map((licence, index) => ({ id: index + 1, ...licence }));
  const head = { info: { description }, licenses, categories };
  await out.write(`${JSON.stringify(head).slice(0, -1)},"images":[`);
  for await (const { image: { width, height }, fileName } of images()) {
    const separator = counts.images++ === 0 ? "" : ",";
    await out.write(
      `${separator}\n${JSON.stringify({ id: counts.images, file_name: fileName, width, height })}`,
    );
  }
  await out.write(`\n],"annotations":[`);
  let imageId = 0;
  for await (const { image } of images()) {
    imageId++;
    let drawn = 0;
    for (const { category, counts: text } of image.regions) {
      const { width, height } = image as Required<SpooledImage>;
      const { pixels, left, top, right, bottom } = runsCoverage(parseRuns(text), height);
      if (pixels === 0) continue;
      for (const category_id of idsOf(category)) {
        const separator = counts.annotations++ === 0 ? "" : ",";
        drawn++;
        byCategory.set(category_id, (byCategory.get(category_id) ?? 0) + 1);
        const entry = {
          id: counts.annotations,
          image_id: imageId,
          category_id,
          segmentation: { size: [height, width], counts: text },
          area: pixels,
          bbox: [left, top, right - left, bottom - top],
          iscrowd: 0,
        };
        await out.write(`${separator}\n${JSON.stringify(entry)}`);
      }
    }
    if (drawn > 0) counts.annotated++;
  }
  await out.write("\n]}\n");
  await out.flush();
  await file.sync();
  return { counts, byCategory };
}

/** Characters that are collected before they are written. */
const BATCH = 2 ** 18;

/** Collects small pieces of text. */
class JsonWriter {
  readonly #file: Deno.FsFile;
  #pending: string[] = [];
  #length = 0;

  constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  async write(text: string): Promise<void> {
    this.#pending.push(text);
    this.#length += text.length;
    if (this.#length > BATCH) await this.flush();
  }

  async flush(): Promise<void> {
    const text = this.#pending.join("");
    this.#pending = [];
    this.#length = 0;
    await writeWhole(this.#file, new TextEncoder().encode(text));
  }
}
