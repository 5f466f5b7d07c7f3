/**
 * Folders as the detection of datasets sees them.
 *
 * @module
 */
import { join } from "node:path";
import { requireLinkWithin } from "../fs/links.ts";

/** The content of a folder: names sorted, links followed, hidden entries omitted. */
export class Folder {
  /** Its path. */
  readonly path: string;
  /** The names of its files. */
  readonly files: readonly string[];
  /** The names of the folders in it. */
  readonly folders: readonly string[];
  readonly #children = new Map<string, Promise<Folder>>();

  /** Created by {@linkcode Folder.read}. */
  private constructor(
    path: string,
    readonly root: string,
    files: readonly string[],
    folders: readonly string[],
  ) {
    this.path = path;
    this.files = files;
    this.folders = folders;
  }

  /**
   * Reads a folder; throws an Error with a hint if there is none, and for a link in it that leaves `root`, the real path
   * of the dataset.
   */
  static async read(path: string, root?: string): Promise<Folder> {
    const files: string[] = [];
    const folders: string[] = [];
    let real = root;
    try {
      real ??= await Deno.realPath(path);
      for await (const { name, isDirectory, isSymlink } of Deno.readDir(path)) {
        if (name.startsWith(".")) continue;
        if (isSymlink) await requireLinkWithin(real, join(path, name));
        const target = isSymlink ? await Deno.stat(join(path, name)).catch(() => null) : { isDirectory };
        if (target !== null) (target.isDirectory ? folders : files).push(name);
      }
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
        throw new Error(`Cannot find the dataset: ${JSON.stringify(path)} is not a folder\n${GET_DATASET}`);
      }
      throw error;
    }
    return new Folder(path, real, files.sort(), folders.sort());
  }

  /** One of its {@linkcode Folder.folders}, read once. */
  child(name: string): Promise<Folder> {
    let child = this.#children.get(name);
    if (child === undefined) this.#children.set(name, child = Folder.read(join(this.path, name), this.root));
    return child;
  }
}

/** How to get a dataset. */
export const GET_DATASET =
  "hint: `deno task download` and `deno task unzip` fetch one, `deno task phantom` creates one";
