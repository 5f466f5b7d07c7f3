/**
 * Drafts in the browser's own database: what is painted and not yet saved outlives a closed tab and a crash.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "../../../image/image.ts";
import { type Draft, isDraft } from "./model/draft.ts";

const [DATABASE, STORE] = ["unet-corrections", "drafts"];

/** A draft and where it lies. */
export interface FoundDraft {
  readonly key: string;
  readonly draft: Draft;
}

/** The drafts of one image. Each tab keeps its own, so that two never overwrite each other's. */
export class DraftStore {
  readonly #prefix: string;
  readonly #tab = tabName();

  /** `image` identifies the image among all that this browser has seen. */
  constructor(image: string) {
    this.#prefix = `${image}/`;
  }

  /** Where this tab keeps its draft. */
  get key(): string {
    return this.#prefix + this.#tab;
  }

  /** Keeps a draft in place of the last one. */
  async keep(draft: Draft): Promise<void> {
    await inStore("readwrite", (store) => store.put(draft, this.key));
  }

  /** Removes this tab's draft, or another one. */
  async drop(key: string = this.key): Promise<void> {
    await inStore("readwrite", (store) => store.delete(key));
  }

  /** The newest draft that no other open tab works on; null if there is none. */
  async find(size: Size): Promise<FoundDraft | null> {
    const range = IDBKeyRange.bound(this.#prefix, `${this.#prefix}\uffff`);
    const keys = await inStore("readonly", (store) => store.getAllKeys(range));
    const values = await inStore("readonly", (store) => store.getAll(range));
    const open = await openTabs();
    const found = keys.flatMap((key, i): FoundDraft[] => {
      const tab = String(key).slice(this.#prefix.length);
      const draft: unknown = values[i];
      if (tab !== this.#tab && open.has(tab)) return [];
      return isDraft(draft, size) ? [{ key: String(key), draft }] : [];
    });
    return found.sort((a, b) => b.draft.time - a.draft.time)[0] ?? null;
  }
}

let tab: string | undefined;

/** This tab's name, the same after a reload; a lock says that it is open. */
function tabName(): string {
  if (tab !== undefined) return tab;
  const kept = sessionStorage.getItem("correct-tab");
  tab = kept ?? crypto.randomUUID();
  sessionStorage.setItem("correct-tab", tab);
  // Held until the tab is closed, however that happens.
  navigator.locks.request(lockName(tab), () => new Promise(() => {})).catch(() => {});
  return tab;
}

function lockName(name: string): string {
  return `correct-tab/${name}`;
}

async function openTabs(): Promise<Set<string>> {
  const { held = [] } = await navigator.locks.query();
  return new Set(
    held.flatMap(({ name }) => name?.startsWith(lockName("")) ? name.slice(lockName("").length) : []),
  );
}

let database: Promise<IDBDatabase> | undefined;

function openDatabase(): Promise<IDBDatabase> {
  return database ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Runs one request; resolves when its transaction is complete, and so on the disk. */
async function inStore<T>(
  mode: IDBTransactionMode,
  ask: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const transaction = (await openDatabase()).transaction(STORE, mode);
  const request = ask(transaction.objectStore(STORE));
  return await new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = transaction.onerror = () => reject(transaction.error ?? request.error);
  });
}
