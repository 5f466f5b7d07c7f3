/**
 * Undo and redo, in memory that is bounded: a step keeps only the bits that it changed.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { TILE_WORDS } from "./bit_tiles.ts";

/** The changed bits of one tile of a layer: applied to the tile before they give the one after, and the reverse. */
export interface Patch {
  /** The layer. */
  readonly layer: number;
  /** The tile. */
  readonly tile: number;
  /** One bit per pixel: 1 where it changed. */
  readonly bits: Uint32Array;
}

/** What one action of the user changed. */
export interface Step {
  /** What was done, for messages: `Brush`. */
  readonly label: string;
  /** At least one. */
  readonly patches: readonly Patch[];
}

/** Bytes that a history may keep by default. */
const DEFAULT_BYTES = 64 * 2 ** 20;

/** Most steps that a history keeps. */
const MAX_STEPS = 10_000;

/** The steps that can be undone and redone. The oldest go when there are too many; the last one always stays. */
export class History {
  readonly #maxBytes: number;
  #done: Entry[] = [];
  #undone: Entry[] = [];
  #bytes = 0;
  #nextId = 1;

  /** A history of at most `maxBytes` bytes of patches. */
  constructor(maxBytes: number = DEFAULT_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Identifies the present content: the same number, the same pixels. */
  get state(): number {
    return this.#done.at(-1)?.id ?? this.#base;
  }

  /** The step that {@linkcode undo} would return, or null. */
  get nextUndo(): Step | null {
    return this.#done.at(-1)?.step ?? null;
  }

  /** The step that {@linkcode redo} would return, or null. */
  get nextRedo(): Step | null {
    return this.#undone.at(-1)?.step ?? null;
  }

  /** Bytes of the kept patches. */
  get byteLength(): number {
    return this.#bytes;
  }

  /** The state before the oldest step that is still kept. */
  #base = 0;

  /** Adds what was done; what was undone before can no longer be redone. */
  add(step: Step): void {
    for (const entry of this.#undone) this.#bytes -= byteLength(entry.step);
    this.#undone = [];
    this.#done.push({ step, id: this.#nextId++ });
    this.#bytes += byteLength(step);
    let dropped = 0;
    while (this.#isFull(dropped)) this.#bytes -= byteLength(this.#done[dropped++]!.step);
    if (dropped > 0) this.#base = this.#done.splice(0, dropped).at(-1)!.id;
  }

  /** Takes the last step back; the caller applies its patches. Null if there is none. */
  undo(): Step | null {
    return move(this.#done, this.#undone);
  }

  /** Takes the last undone step again; the caller applies its patches. Null if there is none. */
  redo(): Step | null {
    return move(this.#undone, this.#done);
  }

  #isFull(dropped: number): boolean {
    const left = this.#done.length - dropped;
    return left > 1 && (this.#bytes > this.#maxBytes || left > MAX_STEPS);
  }
}

interface Entry {
  readonly step: Step;
  readonly id: number;
}

function move(from: Entry[], to: Entry[]): Step | null {
  const entry = from.pop();
  if (entry === undefined) return null;
  to.push(entry);
  return entry.step;
}

function byteLength({ patches }: Step): number {
  return patches.length * TILE_WORDS * Uint32Array.BYTES_PER_ELEMENT;
}
