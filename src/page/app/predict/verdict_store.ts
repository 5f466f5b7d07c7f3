/**
 * Keeps verdicts of self-tests in the browser (IndexedDB), by adapter, browser, and hash of the kernels and their tests.
 * Where nothing can be kept, as in private windows, every visit tests again.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { GpuDescription } from "../../../gpu/adapter.ts";
import { kernelFingerprint } from "../../../self_test/fingerprint.ts";
import type { Remembered, VerdictMemory, Verdicts } from "../../../self_test/verdicts.ts";

/** Milliseconds for which verdicts hold, 30 days: a browser does not tell the version of the driver. */
const MOST_AGE = 30 * 24 * 3600 * 1000;

/** Most entries that are kept: those of other browser versions and kernels are removed. */
const MOST_ENTRIES = 8;

const STORE = "verdicts";

/** What is kept of an adapter. */
interface Entry {
  readonly testedAt: number;
  readonly verdicts: Verdicts;
}

/** The database of a name as a memory of verdicts. */
export class VerdictStore implements VerdictMemory {
  readonly #name: string;
  readonly #retest: boolean;

  /** With `retest`, earlier verdicts are forgotten. */
  constructor(name: string, retest = false) {
    this.#name = name;
    this.#retest = retest;
  }

  /** What is remembered of the adapter. */
  async read(gpu: GpuDescription): Promise<Remembered> {
    if (this.#retest) return { verdicts: {} };
    const key = await keyOf(gpu);
    const entry = await this.#use("readonly", (store) => store.get(key)).catch(() => undefined);
    return { verdicts: isCurrent(entry) ? entry.verdicts : {} };
  }

  /** Adds verdicts to the adapter's entry. */
  async write(gpu: GpuDescription, verdicts: Verdicts): Promise<void> {
    try {
      const key = await keyOf(gpu);
      const before = await this.#use("readonly", (store) => store.get(key));
      const kept = isCurrent(before) && !this.#retest ? before : { testedAt: Date.now(), verdicts: {} };
      const entry: Entry = { testedAt: kept.testedAt, verdicts: { ...kept.verdicts, ...verdicts } };
      const keys = await this.#use("readonly", (store) => store.getAllKeys());
      if (keys.length >= MOST_ENTRIES && !keys.includes(key)) {
        await this.#use("readwrite", (store) => store.clear());
      }
      await this.#use("readwrite", (store) => store.put(entry, key));
    } catch {
      // The next visit tests again.
    }
  }

  async #use<T>(mode: IDBTransactionMode, use: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    const opening = indexedDB.open(this.#name, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    const database = await settled(opening);
    try {
      return await settled(use(database.transaction(STORE, mode).objectStore(STORE)));
    } finally {
      database.close();
    }
  }
}

/** Milliseconds after which a database counts as none: one that is blocked or damaged may never answer. */
const PATIENCE = 2000;

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error("Cannot use the database: it does not answer")), PATIENCE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** What an entry is found by: it holds for exactly this. */
async function keyOf({ adapter, kernels }: GpuDescription): Promise<string> {
  const { description, vendor } = adapter;
  const { userAgent } = navigator;
  return JSON.stringify([description, vendor, userAgent, kernels, await kernelFingerprint()]);
}

function isCurrent(entry: unknown): entry is Entry {
  const { testedAt, verdicts } = (entry ?? {}) as Partial<Entry>;
  return typeof testedAt === "number" && Math.abs(Date.now() - testedAt) < MOST_AGE &&
    typeof verdicts === "object" && verdicts !== null &&
    Object.values(verdicts).every((verdict) => typeof verdict === "boolean");
}
