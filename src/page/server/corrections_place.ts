/**
 * Where the corrections of a dataset are saved.
 *
 * @module
 */
import { isAbsolute, join, relative, resolve } from "node:path";
import { FOLDERS } from "../../fs/layout.ts";

/** The folder of the corrections of a dataset, and the name of its file without the ending. */
export interface CorrectionsPlace {
  /** The folder. */
  readonly folder: string;
  /** The name. */
  readonly name: string;
}

/** The name in a folder that holds the corrections of one dataset only. */
const ONLY = "corrections";

/**
 * Datasets within `dataset/` share `dataset/corrections`, the one folder that the board's permissions let it write, with a
 * file each: `dataset/mine` has `mine.coco.json`. Any other dataset has a folder of its own, `corrections/`.
 */
export function correctionsPlace(data: string): CorrectionsPlace {
  const shared = join(FOLDERS.data, ONLY);
  const inner = relative(resolve(FOLDERS.data), resolve(data));
  if (inner === "") return { folder: shared, name: ONLY };
  // Outside, or in a hidden folder, which is a task's own and no dataset of the user's.
  if (inner.startsWith(".") || isAbsolute(inner)) {
    return { folder: join(data, ONLY), name: ONLY };
  }
  const name = inner.replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[._-]+|[._-]+$/g, "").slice(0, 64);
  return { folder: shared, name: name || ONLY };
}
