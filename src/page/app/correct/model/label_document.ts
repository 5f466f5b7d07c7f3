/**
 * The masks of an image while they are edited: one layer per class at the image's own size, with undo and redo.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "../../../../image/image.ts";
import { BitTiles, countBits } from "./bit_tiles.ts";
import { Edit, type EditableClass, type EditHost } from "./edit.ts";
import { History, type Step } from "./history.ts";
import { xorWords } from "./tile_words.ts";

export type { EditableClass } from "./edit.ts";

/** Where a document changed: tiles of {@linkcode BitTiles}. */
export type ChangeListener = (tiles: ReadonlySet<number>) => void;

/** A class with its pixels. */
export interface FilledClass extends EditableClass {
  /** Its pixels; none if absent. The document takes it over. */
  readonly pixels?: BitTiles | null;
  /** The pixels of its accepted components; none if absent. The document takes it over. */
  readonly accepted?: BitTiles | null;
}

/** Options of {@linkcode LabelDocument}. */
export interface DocumentOptions {
  /** Bytes that undo may keep; defaults to 64 MiB. */
  readonly historyBytes?: number;
}

/** The layers of all classes, and of the marks that say which components were accepted. */
export class LabelDocument implements Size {
  readonly width: number;
  readonly height: number;
  readonly #classes: EditableClass[] = [];
  /** Two layers per class: its pixels, and the pixels of its accepted components. */
  readonly #layers: BitTiles[] = [];
  readonly #areas: number[] = [];
  readonly #history: History;
  readonly #listeners = new Set<ChangeListener>();
  #saved = 0;
  #edit: Edit | null = null;

  /**
   * A document of these classes. Throws a RangeError for a size out of bounds or a class named twice, a TypeError for
   * pixels of another size.
   */
  constructor(size: Size, classes: readonly FilledClass[], options: DocumentOptions = {}) {
    this.width = size.width;
    this.height = size.height;
    this.#history = new History(options.historyBytes);
    for (const each of classes) this.addClass(each);
  }

  /** The classes. */
  get classes(): readonly EditableClass[] {
    return this.#classes;
  }

  /** Adds a class, and returns its index. Throws as the constructor. */
  addClass({ name, color, kind = "class", pixels, accepted }: FilledClass): number {
    if (this.#classes.some((each) => each.name === name)) {
      throw new RangeError(`Cannot add class ${JSON.stringify(name)}: there is one of this name`);
    }
    for (const layer of [pixels ?? new BitTiles(this), accepted ?? new BitTiles(this)]) {
      if (layer.width !== this.width || layer.height !== this.height) {
        throw new TypeError(
          `Cannot add class ${JSON.stringify(name)}: its mask has ${layer.width} x ${layer.height} pixels, ` +
            `the image ${this.width} x ${this.height}`,
        );
      }
      this.#layers.push(layer);
      this.#areas.push(layer.count());
    }
    return this.#classes.push({ name, color, kind }) - 1;
  }

  /** The pixels of a class; not to be changed but by an {@linkcode Edit}. */
  layer(index: number): BitTiles {
    return this.#layers[2 * index]!;
  }

  /** The pixels of the accepted components of a class. */
  accepted(index: number): BitTiles {
    return this.#layers[2 * index + 1]!;
  }

  /** The number of pixels of a class. */
  area(index: number): number {
    return this.#areas[2 * index]!;
  }

  /** The classes of a pixel. */
  classesAt(x: number, y: number): number[] {
    return this.#classes.flatMap((_, index) => this.layer(index).get(x, y) ? index : []);
  }

  /** Whether there are changes that {@linkcode markSaved} does not know. */
  get isDirty(): boolean {
    return this.#history.state !== this.#saved || (this.#edit?.hasChanges ?? false);
  }

  /** Identifies the content: the same number, the same pixels. */
  get state(): number {
    return this.#history.state;
  }

  /** Remembers the content of `state`, by default the present one, as saved. */
  markSaved(state: number = this.state): void {
    this.#saved = state;
  }

  /** What would be undone, or null. */
  get undoLabel(): string | null {
    return this.#history.nextUndo?.label ?? null;
  }

  /** What would be done again, or null. */
  get redoLabel(): string | null {
    return this.#history.nextRedo?.label ?? null;
  }

  /** Starts an action of the user; it becomes one step of undo at its end. Ends one that is still open. */
  begin(label: string): Edit {
    this.#edit?.end();
    const host: EditHost = {
      classes: this.#classes,
      layers: this.#layers,
      replace: (layer, tile, words) => this.#replace(layer, tile, words),
      changed: (tiles) => this.#notify(tiles),
      finish: (step) => {
        this.#edit = null;
        if (step.patches.length > 0) this.#history.add(step);
        this.#notify(new Set());
      },
    };
    return this.#edit = new Edit(host, label);
  }

  /** Ends an action that is still open. */
  endEdit(): void {
    this.#edit?.end();
  }

  /** Does an action in one go. Returns whether anything changed. */
  edit(label: string, action: (edit: Edit) => void): boolean {
    const edit = this.begin(label);
    try {
      action(edit);
    } catch (error) {
      edit.cancel();
      throw error;
    }
    return edit.end();
  }

  /** Undoes the last step and returns what it was; null if there is none. */
  undo(): string | null {
    this.#edit?.end();
    return this.#apply(this.#history.undo());
  }

  /** Does the last undone step again and returns what it was; null if there is none. */
  redo(): string | null {
    this.#edit?.end();
    return this.#apply(this.#history.redo());
  }

  /** Calls `listener` after every change; the function that it returns ends that. */
  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #apply(step: Step | null): string | null {
    if (step === null) return null;
    for (const { layer, tile, bits } of step.patches) {
      this.#replace(layer, tile, xorWords(this.#layers[layer]!.tile(tile), bits));
    }
    this.#notify(new Set(step.patches.map(({ tile }) => tile)));
    return step.label;
  }

  #replace(layer: number, tile: number, words: Uint32Array | null): void {
    const before = this.#layers[layer]!.tile(tile);
    this.#areas[layer]! += (words ? countBits(words) : 0) - (before ? countBits(before) : 0);
    this.#layers[layer]!.setTile(tile, words);
  }

  #notify(tiles: ReadonlySet<number>): void {
    for (const listener of this.#listeners) listener(tiles);
  }
}
