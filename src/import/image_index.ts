/**
 * Reads each image of a source once, and keeps in memory what splits and classes are made from.
 *
 * @module
 */
import type { ImageSignature } from "../dataset/near_duplicates.ts";
import type { LeftOutFiles, Recognition } from "./import_kind.ts";
import { decodeInOrder } from "./map_in_order.ts";
import { readImportImage, signatureOf } from "./read_image.ts";
import type { SourceTree } from "./source_tree.ts";
import type { Spool, SpooledImage } from "./spool.ts";

/** What is kept in memory of the images that can be used. */
export interface ImageIndex {
  /** The index of each usable image among those of the recognition, and what it is compared by. */
  readonly usable: { readonly at: number; readonly signature: ImageSignature | null }[];
  /** The categories that some region uses. */
  readonly used: Set<string>;
  /** What cannot be used, by reason. */
  readonly leftOut: readonly LeftOutFiles[];
}

/** Reads what the spool does not hold yet, and indexes it. */
export async function readImages(
  { tree, recognition: { images }, spool, compare }: {
    tree: SourceTree;
    recognition: Recognition;
    spool: Spool;
    compare: boolean;
  },
  onProgress: (done: number, total: number) => void,
): Promise<ImageIndex> {
  const index: ImageIndex & { problems: { path: string; problem: string }[] } = {
    usable: [],
    used: new Set(),
    leftOut: [],
    problems: [],
  };
  let done = 0;
  const note = (image: SpooledImage) => {
    const at = done++;
    const { path, problem, regions } = image;
    if (problem !== undefined) index.problems.push({ path, problem });
    else index.usable.push({ at, signature: compare ? signatureOf(image) : null });
    for (const { category } of regions) index.used.add(category);
    onProgress(done, images.length);
  };
  for await (const image of spool.images()) note(image);
  const rest = images.slice(done);
  for await (const image of decodeInOrder(rest, (image) => readImportImage(tree, image, compare))) {
    await spool.append(image);
    note(image);
  }
  const byReason = Map.groupBy(index.problems, ({ problem }) => problem);
  const leftOut = [...byReason].map(([reason, items]) => ({ reason, files: items.map(({ path }) => path) }));
  if (index.usable.length === 0) throw nothingLeft(tree, leftOut);
  return { ...index, leftOut };
}

function nothingLeft(tree: SourceTree, leftOut: readonly LeftOutFiles[]): Error {
  const first = leftOut[0];
  const why = first === undefined ? "it has no image" : `${first.files[0]}: ${first.reason}`;
  return new Error(
    `Cannot import ${JSON.stringify(tree.name)}: no image can be used: ${why}\n` +
      "hint: look at that image and its mask; --images and --masks choose other folders",
  );
}
