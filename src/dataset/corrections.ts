/**
 * Corrections files on disk: read as untrusted, and grown by one record at a time.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { decodeJson } from "../coco/text.ts";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { readBounded } from "../fs/bounded_read.ts";
import { FolderLock, HeldError } from "../fs/folder_lock.ts";
import { ifFound, listFolder, removeFile } from "../fs/paths.ts";
import { isTemporaryName } from "../fs/temporary_name.ts";
import { addCorrection, type CorrectionRecord } from "./corrections_append.ts";
import {
  type CorrectedImage,
  type Correction,
  type Corrections,
  type CorrectionsDocument,
  EMPTY_DOCUMENT,
  parseCorrections,
} from "./corrections_format.ts";

export { type Before, CorrectionConflict, type CorrectionRecord } from "./corrections_append.ts";
export type {
  CorrectedImage,
  CorrectedRegion,
  Correction,
  CorrectionImage,
  Corrections,
  CorrectionSource,
} from "./corrections_format.ts";

/** How the name of a corrections file ends. */
export const CORRECTIONS_ENDING = ".coco.json";

/** The largest file: some ten thousand corrections. */
const MAX_BYTES = 2 ** 26;

/** Milliseconds to wait for another process that saves: more than the five seconds after which it counts as dead. */
const WAIT_MS = 15_000;

/** Milliseconds between looks at the lock. */
const LOOK_MS = 10;

/** The newest version of an image's masks. */
export function newestOf({ corrections }: Pick<CorrectedImage, "corrections">): Correction {
  return corrections.at(-1)!;
}

/**
 * Reads a corrections file.
 *
 * @throws {Deno.errors.NotFound} if there is none
 * @throws {RangeError} for a file of more than 64 MiB
 * @throws {SyntaxError} for a file that is not one of corrections, naming the first entry that is wrong
 */
export async function readCorrections(path: string): Promise<Corrections> {
  return (await read(path)).content;
}

async function read(path: string): Promise<{ document: CorrectionsDocument; content: Corrections }> {
  const name = JSON.stringify(path);
  return parseCorrections(decodeJson(await readBounded(path, MAX_BYTES), name), name);
}

/**
 * Adds a version of an image's masks to a corrections file, which is made if it is missing. Versions that it holds stay.
 * Processes that save at the same time wait for each other; one that is killed leaves the file as it was, or with the
 * record.
 *
 * @throws {CorrectionConflict} if the image has another newest revision than the record's `base`
 * @throws {TypeError | RangeError} for an invalid record
 * @throws {Error} as {@linkcode readCorrections} if the file is damaged, and if it cannot be written
 */
export async function appendCorrection(
  path: string,
  record: CorrectionRecord,
): Promise<{ revision: number }> {
  await Deno.mkdir(dirname(path), { recursive: true });
  await using lock = await takeLock(path);
  const before = await ifFound(read(path)) ?? {
    document: EMPTY_DOCUMENT,
    content: { categories: [], images: [], records: 0 },
  };
  const { document, revision } = addCorrection(before, record);
  const bytes = new TextEncoder().encode(formatDocument(document));
  if (bytes.length > MAX_BYTES) {
    throw new RangeError(
      `Cannot save a correction to ${JSON.stringify(path)}: it would have more than ${MAX_BYTES} bytes\n` +
        "hint: save to another corrections file; train takes several",
    );
  }
  await removeLeft(path);
  // The wait for the disk may have been long enough for another machine to take this process for dead.
  await lock.check();
  await writeFileAtomic(path, bytes, { prove: true });
  return { revision };
}

/** Waits for other processes. */
async function takeLock(path: string): Promise<FolderLock> {
  const until = performance.now() + WAIT_MS;
  for (;;) {
    try {
      const lock = await FolderLock.take(join(dirname(path), `.${basename(path)}.lock`));
      try {
        await lock.confirmed;
        return lock;
      } catch (error) {
        await lock[Symbol.asyncDispose]();
        throw error;
      }
    } catch (error) {
      if (!(error instanceof HeldError)) throw error;
      if (performance.now() > until) {
        throw new Error(
          `Cannot save a correction to ${JSON.stringify(path)}: another process has been saving for ` +
            `${WAIT_MS / 1000} s\nhint: save again; if it stays, end that process`,
          { cause: error },
        );
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }
}

/** Removes what killed processes left; whoever holds the lock is the only one that writes. */
async function removeLeft(path: string): Promise<void> {
  for (const { name } of await listFolder(dirname(path))) {
    if (name.startsWith(`${basename(path)}.`) && isTemporaryName(name)) {
      await removeFile(join(dirname(path), name));
    }
  }
}

/** A line per entry of each list, so that versions of the file can be compared. */
function formatDocument(document: CorrectionsDocument): string {
  const fields = Object.entries(document).map(([key, value]) => {
    const lines = Array.isArray(value) && value.length > 0
      ? `[\n${value.map((entry) => JSON.stringify(entry)).join(",\n")}\n]`
      : JSON.stringify(value);
    return `${JSON.stringify(key)}:${lines}`;
  });
  return `{${fields.join(",\n")}}\n`;
}
