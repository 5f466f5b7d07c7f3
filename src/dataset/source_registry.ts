/**
 * The kinds of datasets that can be read: the one registry.
 *
 * @module
 */
import { COCO_SOURCE } from "./coco_source.ts";
import type { DatasetSource, Split, SplitListing } from "./dataset_source.ts";

/** Every kind, in the order in which a folder is tried. */
export const SOURCES: readonly DatasetSource[] = [COCO_SOURCE];

/** Reads the annotations of a split; throws an Error if it has none. */
export function openSplit(split: Split): Promise<SplitListing> {
  const source = SOURCES.find(({ name }) => name === split.source);
  if (source === undefined) {
    throw new Error(`Cannot read split ${JSON.stringify(split.name)}: its folder has no annotation file`);
  }
  return source.open(split);
}
