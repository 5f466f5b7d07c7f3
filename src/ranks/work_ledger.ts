/**
 * What is done of a list of files, in a folder that all ranks share: a line per file. It outlives a rank that dies, so
 * that a second run does only what is missing.
 *
 * @module
 */
import { join } from "node:path";
import { readBoundedSync, readBoundedText } from "../fs/bounded_read.ts";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { isTaken, listFolder, readJson, removeTree } from "../fs/paths.ts";
import { readAt } from "../fs/read_at.ts";
import { appendWholeSync } from "../fs/write_whole.ts";
import { dealtTo, type Ranks } from "./share.ts";

/** A file of the list. */
export interface WorkItem {
  /** Its name, unique in the list; it decides which rank does it. */
  readonly name: string;
  /** What changes if the file does. */
  readonly stamp?: string | undefined;
}

/** How {@linkcode WorkLedger.open} begins. */
export interface LedgerOptions<Result> {
  /** The folder of the ledger, which is created. */
  readonly folder: string;
  /** Everything that results depend on: what was done under another key counts as missing. */
  readonly key: string;
  /** All files, in the order of the results. */
  readonly items: readonly WorkItem[];
  /** Who shares the work. */
  readonly ranks: Ranks;
  /** Keeps what an earlier run has done; otherwise everything is done again. */
  readonly missing: boolean;
  /** The file that an earlier result counts with; without it the work is missing. By default all results count. */
  readonly outputOf?: ((index: number, result: Result) => string) | undefined;
}

/** A line of a ledger. */
interface Entry<Result> extends WorkItem {
  readonly result: Result;
}

const KEY_FILE = "key.json";
const MISSING_FILE = "missing.txt";

/** Names of missing files in a message. */
const MOST_NAMES = 5;

/** A ledger is no larger: a line per file, in which a mask of many pixels may take long run lengths. */
const MAX_BYTES = 2 ** 28;

const doneFile = (rank: number) => `done-${rank}.jsonl`;
const ownFile = (rank: number) => `own-${rank}.json`;

/** What is done, and what this rank still has to do. Results are plain data for JSON, without NaN. */
export class WorkLedger<Result> {
  /** The indices of the files that this rank has to do. */
  readonly own: readonly number[];
  /** How many files were done before. */
  readonly kept: number;
  readonly #options: LedgerOptions<Result>;
  readonly #file: Deno.FsFile;
  #byteLength: number;

  private constructor(
    options: LedgerOptions<Result>,
    own: readonly number[],
    kept: number,
    file: Deno.FsFile,
  ) {
    this.own = own;
    this.kept = kept;
    this.#options = options;
    this.#file = file;
    this.#byteLength = file.statSync().size;
  }

  /** Deals the files that are not done among the ranks; every rank must call it. */
  static async open<Result>(options: LedgerOptions<Result>): Promise<WorkLedger<Result>> {
    const { folder, key, items, ranks, missing } = options;
    if (ranks.rank === 0) {
      const found = await readJson(join(folder, KEY_FILE)).catch(() => null);
      if (!missing || found !== key) {
        await removeTree(folder);
        await Deno.mkdir(folder, { recursive: true });
        await writeFileAtomic(join(folder, KEY_FILE), JSON.stringify(key));
      }
    }
    await ranks.exchange("");
    const done = await readDone<Result>(folder, items);
    for (const [index, result] of done.entries()) {
      if (result === undefined || options.outputOf === undefined) continue;
      if (!await isTaken(options.outputOf(index, result))) done[index] = undefined;
    }
    // Nobody may write before all have read.
    await ranks.exchange("");
    const own = items.flatMap(({ name }, index) =>
      done[index] === undefined && dealtTo(name, ranks.size) === ranks.rank ? [index] : []
    );
    const names = own.map((index) => items[index]!.name);
    await writeFileAtomic(join(folder, ownFile(ranks.rank)), JSON.stringify(names));
    const file = await Deno.open(join(folder, doneFile(ranks.rank)), {
      create: true,
      read: true,
      append: true,
    });
    const ledger = new WorkLedger<Result>(
      options,
      own,
      done.filter((result) => result !== undefined).length,
      file,
    );
    ledger.#endTornLine();
    return ledger;
  }

  /** Stores the result of a file that is this rank's. */
  add(index: number, result: Result): void {
    const entry: Entry<Result> = { ...this.#options.items[index]!, result };
    const bytes = new TextEncoder().encode(`${JSON.stringify(entry)}\n`);
    appendWholeSync(this.#file, this.#byteLength, bytes);
    this.#byteLength += bytes.length;
  }

  /**
   * On the first rank the results of all files in their order, undefined for those without one; null on the others. Every
   * rank must call it, once; then the folder is the first rank's.
   */
  async collect(): Promise<(Result | undefined)[] | null> {
    this.#file.close();
    const { ranks, folder, items } = this.#options;
    await ranks.exchange("");
    return ranks.rank === 0 ? await readDone<Result>(folder, items) : null;
  }

  /** A rank that was killed while it wrote leaves a torn line, which must not swallow the next one. */
  #endTornLine(): void {
    if (this.#byteLength === 0) return;
    const last = new Uint8Array(1);
    if (readAt(this.#file, this.#byteLength - 1, last) && last[0] === 10) return;
    appendWholeSync(this.#file, this.#byteLength, Uint8Array.of(10));
    this.#byteLength++;
  }
}

/**
 * Says what ranks that were lost have left undone, for the line that names them, and lists all of it in a file of the
 * ledger's folder; null if nothing is missing or known.
 */
export function describeMissing(folder: string, lost: readonly number[]): string | null {
  const missing: string[] = [];
  for (const rank of lost) {
    try {
      const read = (name: string) => new TextDecoder().decode(readBoundedSync(join(folder, name), MAX_BYTES));
      const own: string[] = JSON.parse(read(ownFile(rank)));
      const done = new Set<unknown>();
      for (const line of read(doneFile(rank)).split("\n")) {
        done.add(parseEntry(line)?.name);
      }
      missing.push(...own.filter((name) => !done.has(name)));
    } catch {
      // It had not begun.
    }
  }
  if (missing.length === 0) return null;
  const path = join(folder, MISSING_FILE);
  const names = missing.slice(0, MOST_NAMES).join(", ") + (missing.length > MOST_NAMES ? ", ..." : "");
  try {
    Deno.writeTextFileSync(path, missing.map((name) => `${name}\n`).join(""));
    return `${missing.length} of its files are missing: ${names} (all in ${path})`;
  } catch {
    return `${missing.length} of its files are missing: ${names}`;
  }
}

/** The results that any rank of any run has left. */
async function readDone<Result>(
  folder: string,
  items: readonly WorkItem[],
): Promise<(Result | undefined)[]> {
  const index = new Map(items.map(({ name }, at) => [name, at]));
  const results = new Array<Result | undefined>(items.length).fill(undefined);
  for (const { name: file } of await listFolder(folder)) {
    if (!/^done-\d+\.jsonl$/.test(file)) continue;
    for (const line of (await readBoundedText(join(folder, file), MAX_BYTES)).split("\n")) {
      const entry = parseEntry(line) as Entry<Result> | null;
      const at = entry === null ? undefined : index.get(entry.name);
      if (at !== undefined && items[at]!.stamp === entry!.stamp) results[at] = entry!.result;
    }
  }
  return results;
}

/** Null for a torn line. */
function parseEntry(line: string): Entry<unknown> | null {
  try {
    return line === "" ? null : JSON.parse(line);
  } catch {
    return null;
  }
}
