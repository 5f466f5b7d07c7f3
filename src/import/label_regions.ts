/**
 * From the samples of a label image to regions, one per category.
 *
 * @module
 */
import { RunList } from "../coco/run_list.ts";
import type { Size } from "../image/image.ts";
import type { ImportRegion } from "./import_kind.ts";

/**
 * The regions of values, row-major; `categoriesOf` is called once per value, and returns no category for background. A
 * pixel may belong to several categories. Sorted by category as they occur, column by column.
 */
export function labelRegions(
  { width, height }: Size,
  values: ArrayLike<number>,
  categoriesOf: (value: number) => readonly string[],
): ImportRegion[] {
  const runs = new Map<string, RunList>();
  const lists = new Map<number, readonly RunList[]>();
  const listsOf = (value: number) => {
    let found = lists.get(value);
    if (found === undefined) {
      found = categoriesOf(value).map((category) => {
        let list = runs.get(category);
        if (list === undefined) runs.set(category, list = new RunList());
        return list;
      });
      lists.set(value, found);
    }
    return found;
  };
  let [start, current] = [0, values[0]!];
  const pixels = width * height;
  const close = (end: number) => {
    for (const list of listsOf(current)) list.add(start, end);
    start = end;
  };
  for (let x = 0, at = 0; x < width; x++) {
    for (let y = 0, from = x; y < height; y++, at++, from += width) {
      const value = values[from]!;
      if (value === current) continue;
      close(at);
      current = value;
    }
  }
  close(pixels);
  return [...runs].map(([category, list]) => ({ category, runs: list.finish(pixels) }));
}
