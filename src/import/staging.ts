/**
 * Where an import is built until it is complete: a hidden folder next to its output, which an interrupted run leaves for
 * the next one to resume.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { SPLIT_NAMES } from "../dataset/roles.ts";
import { OVERVIEW_FILE } from "../fs/layout.ts";
import { takeLock } from "../fs/lock.ts";
import { isTaken, listFolder, readJson, removeTree } from "../fs/paths.ts";

/** In the output: marks it as an import, and tells what it was made from. */
export const IMPORT_RECORD = "import.json";

/** Identifies the record. */
export const RECORD_KIND = "imported dataset";

/** What the record says of an import that a later run may repeat. */
export interface ImportRecord {
  /** {@linkcode RECORD_KIND}. */
  readonly kind: string;
  /** Of the source and the options. */
  readonly fingerprint: string;
  /** What was reported. */
  readonly report: unknown;
}

/** The record of an import in a folder; null if there is none. */
export async function readImportRecord(output: string): Promise<ImportRecord | null> {
  const record = await readJson(join(output, IMPORT_RECORD)) as Partial<ImportRecord> | null;
  return record?.kind === RECORD_KIND && typeof record.fingerprint === "string"
    ? record as ImportRecord
    : null;
}

/** Throws an Error unless `output` is missing, empty, or an earlier import without additions. */
export async function assertReplaceable(output: string): Promise<void> {
  const shown = JSON.stringify(output);
  const hint = "hint: choose another --output, or replace it with --force";
  if (await isTaken(output) && !(await Deno.stat(output).catch(() => null))?.isDirectory) {
    throw new Error(`Cannot import to ${shown}: it is not a folder\n${hint}`);
  }
  const names = (await listFolder(output)).map(({ name }) => name);
  if (names.length === 0) return;
  const own: readonly string[] = [...SPLIT_NAMES, IMPORT_RECORD, OVERVIEW_FILE, ".cache"];
  const foreign = names.filter((name) => !own.includes(name)).sort()[0];
  if (await readImportRecord(output) === null) {
    throw new Error(`Cannot import to ${shown}: it holds something that this task did not make\n${hint}`);
  }
  if (foreign !== undefined) {
    const name = JSON.stringify(foreign);
    throw new Error(`Cannot import to ${shown}: it holds ${name}, which this task did not make\n${hint}`);
  }
}

/** The hidden folder of an import, locked until it is disposed of. */
export class Staging implements Disposable {
  readonly #output: string;
  readonly #folder: string;
  readonly #lock: Deno.FsFile;

  private constructor(output: string, folder: string, lock: Deno.FsFile) {
    this.#output = output;
    this.#folder = folder;
    this.#lock = lock;
  }

  /** Opens the folder; throws an Error if another import to the same output is running. */
  static async open(output: string): Promise<Staging> {
    const folder = join(dirname(output), `.${basename(output)}.import`);
    await Deno.mkdir(folder, { recursive: true });
    const lock = await Deno.open(join(folder, "lock"), { write: true, create: true });
    if (!await takeLock(lock)) {
      lock.close();
      throw new Error(
        `Cannot import to ${JSON.stringify(output)}: another import to it is running\n` +
          "hint: wait until it is done, or choose another --output",
      );
    }
    const staging = new Staging(output, folder, lock);
    // Killed between the two renames of a commit.
    if (await isTaken(staging.#old) && !await isTaken(output)) await Deno.rename(staging.#old, output);
    await removeTree(staging.#old);
    return staging;
  }

  /** The file of what was read. */
  get spool(): string {
    return join(this.#folder, "images.jsonl");
  }

  /** The folder that becomes the output. */
  get result(): string {
    return join(this.#folder, "result");
  }

  get #old(): string {
    return join(this.#folder, "old");
  }

  /** Makes the result the output. */
  async commit(): Promise<void> {
    if (await isTaken(this.#output)) await Deno.rename(this.#output, this.#old);
    await Deno.rename(this.result, this.#output);
    await removeTree(this.#folder);
  }

  /** Removes the folder: there is nothing to resume. */
  async discard(): Promise<void> {
    await removeTree(this.#folder);
  }

  /** Releases the lock. */
  [Symbol.dispose](): void {
    this.#lock.close();
  }
}
