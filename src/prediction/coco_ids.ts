/**
 * Ids of images and categories in a COCO file of predictions.
 * This module is browser compatible.
 *
 * @module
 */
import type { CocoId } from "../coco/ids.ts";

/** Ids of images by file name, and of categories by name. */
export interface CocoIds {
  /** The id of the image of a file name. */
  image(fileName: string): CocoId;
  /** The id of the category of a class. */
  category(className: string): CocoId;
}

/** Ids from 1, in the order of images and classes. */
export function countedIds(fileNames: readonly string[], classes: readonly string[]): CocoIds {
  const images = new Map(fileNames.map((name, index) => [name, index + 1]));
  return {
    image: (name) => images.get(name)!,
    category: (name) => classes.indexOf(name) + 1,
  };
}
