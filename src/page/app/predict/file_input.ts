/**
 * Files that are dropped, pasted or chosen, with the paths of those in folders.
 * This module is browser compatible.
 *
 * @module
 */
import { isImageName } from "../../../image/formats.ts";
import type { QueuedFile } from "./queue.ts";

/** Most images of a page: the probabilities of one at 512 px have 1 MB, and a folder chosen by mistake may hold a disk. */
export const MOST_FILES = 2_000;

/** Files that were found, and how many were left out. */
export interface FoundFiles {
  /** The images. */
  readonly files: readonly QueuedFile[];
  /** Files of folders that are no images by their names. */
  readonly others: number;
}

/** Whether a file of a folder is tried: by its name, or as the browser calls it, such as `image/avif`; not if hidden. */
export function isImageFile({ name, type }: Pick<File, "name" | "type">): boolean {
  return !name.startsWith(".") && (isImageName(name) || type.startsWith("image/"));
}

/** Files of a file field. Those that were chosen one by one are all tried, whatever their names. */
export function filesOfField(files: Iterable<File>): FoundFiles {
  const all = [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
  return select(all, ({ file }) => file.webkitRelativePath === "" || isImageFile(file));
}

/** Files of a paste. */
export function filesOfPaste(transfer: DataTransfer | null): FoundFiles {
  const files = [...transfer?.files ?? []].map((file) => ({ path: file.name, file }));
  return select(files, () => true);
}

/** Files of a drop, and of the folders in it at any depth. */
export async function filesOfDrop(transfer: DataTransfer): Promise<FoundFiles> {
  // The entries are gone after the event: they are taken before anything is awaited.
  const items = [...transfer.items].filter(({ kind }) => kind === "file").map((item) => ({
    entry: item.webkitGetAsEntry?.() ?? null,
    file: item.getAsFile(),
  }));
  const found: (QueuedFile & { readonly isGiven: boolean })[] = [];
  for (const { entry, file } of items) {
    if (entry?.isDirectory) await walk(entry as FileSystemDirectoryEntry, found);
    else if (file !== null) found.push({ path: file.name, file, isGiven: true });
  }
  return select(found, ({ file, isGiven }) => isGiven || isImageFile(file));
}

async function walk(
  folder: FileSystemDirectoryEntry,
  found: (QueuedFile & { readonly isGiven: boolean })[],
): Promise<void> {
  for (const entry of await listEntries(folder)) {
    if (found.length > MOST_FILES) return;
    if (entry.isDirectory) await walk(entry as FileSystemDirectoryEntry, found);
    else {
      const file = await new Promise<File | null>((resolve) =>
        (entry as FileSystemFileEntry).file(resolve, () => resolve(null))
      );
      if (file !== null) found.push({ path: entry.fullPath.replace(/^\//, ""), file, isGiven: false });
    }
  }
}

/** All entries of a folder by name: the reader gives 100 at a time, in any order. */
async function listEntries(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const entries: FileSystemEntry[] = [];
  while (entries.length <= MOST_FILES) {
    const next = await new Promise<FileSystemEntry[]>((resolve) =>
      reader.readEntries(resolve, () => resolve([]))
    );
    if (next.length === 0) break;
    entries.push(...next);
  }
  return entries.sort((a, b) => a.name < b.name ? -1 : 1);
}

function select<F extends QueuedFile>(all: readonly F[], isTaken: (file: F) => boolean): FoundFiles {
  const images = all.filter(isTaken);
  const files = images.map(({ path, file }) => ({ path, file }));
  return { files, others: all.length - images.length };
}
