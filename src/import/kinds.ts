/**
 * The kinds of datasets that can be imported: the one registry.
 *
 * @module
 */
import { type ImportKind, NothingToImport, type Recognition, type RecognizeOptions } from "./import_kind.ts";
import { COCO_FILES } from "./kinds/coco.ts";
import { LABELME } from "./kinds/labelme.ts";
import { MASK_FOLDERS } from "./kinds/mask_folders.ts";
import { NNUNET } from "./kinds/nnunet.ts";
import { PASCAL_VOC } from "./kinds/voc.ts";
import { YOLO_SEGMENTATION } from "./kinds/yolo.ts";
import type { SourceTree } from "./source_tree.ts";

/** Every kind, in the order in which a source is tried: annotation files say more than names of folders. */
export const IMPORT_KINDS: readonly ImportKind[] = [
  NNUNET,
  COCO_FILES,
  YOLO_SEGMENTATION,
  LABELME,
  PASCAL_VOC,
  MASK_FOLDERS,
];

/** The recognition of the first kind that knows the source; throws an Error with a hint if none does. */
export async function recognizeSource(tree: SourceTree, options: RecognizeOptions): Promise<Recognition> {
  let nothing: NothingToImport | null = null;
  for (const kind of IMPORT_KINDS) {
    try {
      const recognition = await kind.recognize(tree, options);
      if (recognition !== null) return recognition;
    } catch (error) {
      if (!(error instanceof NothingToImport)) throw error;
      nothing ??= error;
    }
  }
  if (nothing !== null) throw nothing;
  const layouts = IMPORT_KINDS.map(({ layout }) => layout).join("; ");
  throw new Error(
    `Cannot import ${JSON.stringify(tree.name)}: it has ${describeFiles(tree)}, none of: ${layouts}\n` +
      "hint: name the folders within it by --images and --masks",
  );
}

/** Endings that are counted in a message. */
const SHOWN_ENDINGS = 4;

function describeFiles({ files }: SourceTree): string {
  if (files.length === 0) return "no files";
  const endings = Map.groupBy(
    files,
    ({ path }) => /\.[^./]{1,8}$/.exec(path)?.[0].toLowerCase() ?? "no ending",
  );
  const counts = [...endings].map(([ending, { length }]) => ({ ending, length })).sort((a, b) =>
    b.length - a.length
  );
  const shown = counts.slice(0, SHOWN_ENDINGS).map(({ ending, length }) => `${length} ${ending}`);
  return `${shown.join(", ")}${counts.length > SHOWN_ENDINGS ? " and other" : ""} files`;
}
