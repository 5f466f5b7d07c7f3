/**
 * The images that wait for their prediction: one at a time, in the order in which they were added.
 * This module is browser compatible.
 *
 * @module
 */

/** Where an image is on its way. */
export type ItemState = "waiting" | "working" | "done" | "failed" | "cancelled";

/** An image to predict. */
export interface QueuedFile {
  /** Its path below what was dropped or chosen, with slashes. */
  readonly path: string;
  /** Its content. */
  readonly file: File;
}

/** An image in the queue. */
export interface QueueItem<Result> extends QueuedFile {
  /** Unique in the queue. */
  readonly id: number;
  /** Where it is. */
  readonly state: ItemState;
  /** What came out; null unless it is done. */
  readonly result: Result | null;
  /** Why it failed; a second line `hint: ...` says the way out. */
  readonly error: string | null;
}

/** How many images are in which state. */
export type QueueCounts = Readonly<Record<ItemState | "all", number>>;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Predicts an image; rejects if it cannot, or when the signal is aborted. */
export type Work<Result> = (item: QueuedFile, signal: AbortSignal) => Promise<Result>;

/** A queue. A failed image does not stop the next ones. */
export class Queue<Result> {
  readonly #items: Mutable<QueueItem<Result>>[] = [];
  readonly #onChange: (item: QueueItem<Result> | null) => void;
  #work: Work<Result> | null = null;
  #running: { readonly id: number; readonly abort: AbortController } | null = null;
  #next = 0;

  /** `onChange` gets the item that changed, or null if items were added or removed. */
  constructor(onChange: (item: QueueItem<Result> | null) => void) {
    this.#onChange = onChange;
  }

  /** All images. */
  get items(): readonly QueueItem<Result>[] {
    return this.#items;
  }

  /** How many are in which state. */
  get counts(): QueueCounts {
    const counts = { waiting: 0, working: 0, done: 0, failed: 0, cancelled: 0, all: this.#items.length };
    for (const { state } of this.#items) counts[state]++;
    return counts;
  }

  /** The image of this id. */
  find(id: number): QueueItem<Result> | null {
    return this.#items.find((item) => item.id === id) ?? null;
  }

  /** Adds images, but none that is there already; returns those that were added. */
  add(files: readonly QueuedFile[]): QueueItem<Result>[] {
    const key = ({ path, file }: QueuedFile) => JSON.stringify([path, file.size, file.lastModified]);
    const known = new Set(this.#items.map(key));
    const added: Mutable<QueueItem<Result>>[] = [];
    for (const { path, file } of files) {
      if (known.has(key({ path, file }))) continue;
      known.add(key({ path, file }));
      added.push({ id: this.#next++, path, file, state: "waiting", result: null, error: null });
    }
    if (added.length === 0) return [];
    this.#items.push(...added);
    this.#onChange(null);
    this.#pump();
    return added;
  }

  /** Begins, or begins again with another model: what was predicted waits again. Null stops. */
  start(work: Work<Result> | null): void {
    this.#work = work;
    this.#running?.abort.abort();
    this.#running = null;
    for (const item of this.#items) {
      if (item.state === "done" || item.state === "working") Object.assign(item, WAITING);
    }
    this.#onChange(null);
    this.#pump();
  }

  /** Takes an image out of the order; if it is being computed, its result is dropped. */
  cancel(id: number): void {
    const item = this.#find(id);
    if (item === null || (item.state !== "waiting" && item.state !== "working")) return;
    item.state = "cancelled";
    this.#onChange(item);
    this.#drop(id);
  }

  /** Cancels all that is not done. */
  cancelAll(): void {
    for (const { id } of [...this.#items]) this.cancel(id);
  }

  /** Predicts a failed or cancelled image after all. */
  retry(id: number): void {
    const item = this.#find(id);
    if (item === null || (item.state !== "failed" && item.state !== "cancelled")) return;
    Object.assign(item, WAITING);
    this.#onChange(item);
    this.#pump();
  }

  /** Removes images with their results. */
  remove(...ids: readonly number[]): void {
    const gone = new Set(ids);
    const kept = this.#items.filter(({ id }) => !gone.has(id));
    if (kept.length === this.#items.length) return;
    this.#items.splice(0, this.#items.length, ...kept);
    this.#onChange(null);
    for (const id of ids) this.#drop(id);
  }

  #find(id: number): Mutable<QueueItem<Result>> | null {
    return this.#items.find((item) => item.id === id) ?? null;
  }

  #drop(id: number): void {
    if (this.#running?.id !== id) return;
    this.#running.abort.abort();
    this.#running = null;
    this.#pump();
  }

  #pump(): void {
    if (this.#running !== null || this.#work === null) return;
    const item = this.#items.find(({ state }) => state === "waiting");
    if (item === undefined) return;
    const running = { id: item.id, abort: new AbortController() };
    this.#running = running;
    item.state = "working";
    this.#onChange(item);
    this.#run(item, this.#work, running.abort.signal).finally(() => {
      if (this.#running !== running) return;
      this.#running = null;
      this.#pump();
    });
  }

  async #run(item: Mutable<QueueItem<Result>>, work: Work<Result>, signal: AbortSignal): Promise<void> {
    let outcome: Partial<QueueItem<Result>>;
    try {
      outcome = { state: "done", result: await work(item, signal) };
    } catch (error) {
      outcome = { state: "failed", error: error instanceof Error ? error.message : `${error}` };
    }
    // It was cancelled or removed, or waits for another model.
    if (signal.aborted) return;
    Object.assign(item, outcome);
    this.#onChange(item);
  }
}

const WAITING = { state: "waiting", result: null, error: null } as const;
