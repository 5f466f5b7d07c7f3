/**
 * Recombines COCO annotation files: entries keep all their fields except ids and file names.
 *
 * @module
 */
import { type Entry, isEntry, readImages } from "../coco/coco_images.ts";
import { type CocoId, keyOf, readId, writeExactly } from "../coco/ids.ts";
import type { NamedImage } from "./names.ts";

/** An image in a new annotation file. */
export interface RenamedImage extends NamedImage {
  /** Its id in the old file. */
  readonly imageId: CocoId;
  /** Its path in the new split's folder. */
  readonly newName: string;
}

/** The entries of one old file. */
interface Source {
  readonly images: ReadonlyMap<CocoId | null, Entry>;
  readonly annotations: ReadonlyMap<CocoId | null, readonly Entry[]>;
  /** New ids by {@linkcode keyOf} the old ones. */
  readonly categories: ReadonlyMap<string | null, number>;
  readonly licenses: ReadonlyMap<string | null, number>;
}

/** Collects the annotation files of a dataset, and writes those of new splits of its images. */
export class AnnotationMerger {
  readonly #sources = new Map<string, Source>();
  readonly #categories = new IdTable();
  readonly #licenses = new IdTable();
  #info: Entry = {};

  /** Adds an annotation file that `readCoco` accepts, parsed by {@linkcode parseCoco}. */
  add(split: string, file: unknown): void {
    const root = isEntry(file) ? file : {};
    if (this.#sources.size === 0 && isEntry(root.info)) this.#info = root.info;
    const list = (key: string) => {
      const value = root[key];
      return Array.isArray(value) ? value.filter(isEntry) : [];
    };
    // The same images, with the same annotations, as `readCoco` finds in the file.
    const { byKey } = readImages(list("images"), []);
    const imageOf = (id: unknown) => byKey.get(keyOf(id) ?? "")?.id ?? null;
    this.#sources.set(split, {
      images: new Map(list("images").map((image) => [imageOf(image.id), image] as const).reverse()),
      annotations: Map.groupBy(list("annotations"), (annotation) => imageOf(annotation.image_id)),
      categories: this.#categories.add(list("categories"), (category) => String(category.name)),
      licenses: this.#licenses.add(
        list("licenses"),
        ({ id: _, ...license }) => JSON.stringify(license, writeExactly),
      ),
    });
  }

  /**
   * The text of an annotation file that lists these images: ids of images and annotations count from 1, those of
   * categories are the same in every file, and unlisted ones become null. `note` precedes the description.
   */
  textOf(assigned: readonly RenamedImage[], note: string): string {
    const images: Entry[] = [];
    const annotations: Entry[] = [];
    for (const { split, imageId, newName } of assigned) {
      const source = this.#sources.get(split)!;
      const image = source.images.get(imageId)!;
      const id = images.length + 1;
      const license = "license" in image
        ? { license: source.licenses.get(keyOf(image.license)) ?? null }
        : {};
      images.push({ ...image, id, file_name: newName, ...license });
      for (const annotation of source.annotations.get(imageId) ?? []) {
        const category_id = source.categories.get(keyOf(annotation.category_id)) ?? null;
        annotations.push({ ...annotation, id: annotations.length + 1, image_id: id, category_id });
      }
    }
    const { description } = this.#info;
    const was = typeof description === "string" && description !== "" ? `: ${description}` : "";
    return `${
      JSON.stringify({
        info: { ...this.#info, description: note + was },
        licenses: this.#licenses.entries,
        categories: this.#categories.entries,
        images,
        annotations,
      }, writeExactly)
    }\n`;
  }
}

/** Entries of several files with unique ids; equal entries of two files share an id. */
class IdTable {
  readonly entries: Entry[] = [];
  readonly #identities = new Map<number, string>();

  /** Adds the entries of a file; `identityOf` is an entry without its id. Returns the new ids by old ones. */
  add(entries: readonly Entry[], identityOf: (entry: Entry) => string): Map<string, number> {
    const ids = new Map<string, number>();
    const known = new Map<string, { entry: Entry; own: CocoId; identity: string }>();
    for (const entry of entries) {
      const read = readId(entry.id);
      if (read === null || known.has(read.key)) continue;
      known.set(read.key, { entry, own: read.id, identity: identityOf(entry) });
    }
    for (const [key, { own, identity }] of known) {
      if (typeof own === "number" && this.#identities.get(own) === identity) ids.set(key, own);
    }
    for (const [key, { entry, own, identity }] of known) {
      if (ids.has(key)) continue;
      const used = new Set(ids.values());
      const equal = [...this.#identities].find(([id, other]) => other === identity && !used.has(id))?.[0];
      const id = equal ?? (typeof own === "number" && !this.#identities.has(own) ? own : this.#newId());
      if (equal === undefined) this.entries.push({ ...entry, id });
      this.#identities.set(id, identity);
      ids.set(key, id);
    }
    return ids;
  }

  #newId(): number {
    return Math.max(0, ...this.#identities.keys()) + 1;
  }
}
