/**
 * Writes the splits of an import.
 *
 * @module
 */
import { basename, join } from "node:path";
import { SPLIT_NAMES, type SplitName } from "../dataset/roles.ts";
import { removeTree } from "../fs/paths.ts";
import type { ImportClasses } from "./import_classes.ts";
import type { Recognition } from "./import_kind.ts";
import type { PlacedImage } from "./place_images.ts";
import type { SourceTree } from "./source_tree.ts";
import type { Spool } from "./spool.ts";
import { placeImage, type SplitCounts, writeAnnotations } from "./write_dataset.ts";

/** A split of the result. */
export interface ImportedSplit extends Readonly<SplitCounts> {
  /** Its name. */
  readonly name: SplitName;
}

/** Writes the folder of every split that has images. */
export async function writeSplits(
  { tree, spool, placements, classes, licences }: {
    tree: SourceTree;
    spool: Spool;
    placements: readonly (PlacedImage | null)[];
    classes: ImportClasses;
    licences: Recognition["licences"];
  },
  folder: string,
  onProgress: (done: number, total: number) => void,
): Promise<{ counts: ImportedSplit[]; annotations: ReadonlyMap<string, number> }> {
  // Of an interrupted run; its images may be in other splits.
  await removeTree(folder);
  const placed = placements.filter((placement) => placement !== null);
  const counts: ImportedSplit[] = [];
  const annotations = new Map<string, number>();
  let done = 0;
  for (const name of SPLIT_NAMES) {
    const own = placed.filter(({ split }) => split === name);
    if (own.length === 0) continue;
    await Deno.mkdir(join(folder, name), { recursive: true });
    for (const { path, fileName, bytes } of own) {
      await placeImage(tree, path, join(folder, name, fileName), bytes);
      onProgress(++done, placed.length);
    }
    const images = async function* () {
      let at = 0;
      for await (const image of spool.images()) {
        const placement = placements[at++];
        if (placement?.split === name) yield { image, fileName: placement.fileName };
      }
    };
    const about = { description: `Imported from ${basename(tree.name)}`, licences };
    const split = await writeAnnotations(
      join(folder, name),
      images,
      classes.categories,
      classes.idsOf,
      about,
    );
    counts.push({ name, ...split.counts });
    for (const [id, count] of split.byCategory) {
      const category = classes.categories.find((category) => category.id === id)!.name;
      annotations.set(category, (annotations.get(category) ?? 0) + count);
    }
  }
  return { counts, annotations };
}
