/**
 * One action of the user on the layers of a document: a brush stroke, a polygon, a flooded region.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { BitTiles } from "./bit_tiles.ts";
import type { Patch, Step } from "./history.ts";
import { mapWords, xorWords } from "./tile_words.ts";

/**
 * What painting does to pixels of other classes: `replace` takes them away, so that each pixel has one class; `keep`
 * paints only where no other class is; `overlap` leaves them as they are. Pixels of an ignored class and of any other
 * never overlap, since ignored ones count in nothing: whatever is painted last replaces the other.
 */
export type OverlapRule = "replace" | "keep" | "overlap";

/** A class that can be painted. */
export interface EditableClass {
  /** Its name: the category of its annotations. */
  readonly name: string;
  /** Its color, as `#rrggbb`. */
  readonly color: string;
  /** `ignore` for pixels that count neither as a class nor as background. */
  readonly kind?: "class" | "ignore";
}

/** What an {@linkcode Edit} may do with its document. */
export interface EditHost {
  readonly classes: readonly EditableClass[];
  readonly layers: readonly BitTiles[];
  replace(layer: number, tile: number, words: Uint32Array | null): void;
  changed(tiles: ReadonlySet<number>): void;
  finish(step: Step): void;
}

/** One action of the user while it lasts. */
export class Edit {
  readonly #host: EditHost;
  readonly #label: string;
  /** The tiles as they were, by layer. */
  readonly #before = new Map<number, Map<number, Uint32Array | null>>();
  #isOpen = true;

  /** Used by {@linkcode LabelDocument.begin}. */
  constructor(host: EditHost, label: string) {
    this.#host = host;
    this.#label = label;
  }

  /** Whether it touched anything. */
  get hasChanges(): boolean {
    return this.#before.size > 0;
  }

  /** Paints a region in a class. */
  add(index: number, region: BitTiles, rule: OverlapRule): void {
    const { classes } = this.#host;
    const others = classes.map((_, i) => i).filter((i) => i !== index);
    const losing = others.filter((i) =>
      rule === "replace" || isIgnored(classes[i]!) !== isIgnored(classes[index]!)
    );
    const kept = rule === "keep"
      ? others.filter((i) => isIgnored(classes[index]!) || !isIgnored(classes[i]!))
      : [];
    this.#change((change) => {
      eachTile(region, (tile, bits) => {
        const free = kept.reduce((rest, i) => this.#without(rest, 2 * i, tile), bits);
        change(2 * index, tile, (words, at) => words | free[at]!);
        for (const layer of losing.flatMap((i) => [2 * i, 2 * i + 1])) {
          change(layer, tile, (words, at) => words & ~free[at]!);
        }
      });
    });
  }

  /** Erases a region from a class, or from all if `index` is null. */
  remove(index: number | null, region: BitTiles): void {
    const classes = index === null ? this.#host.classes.map((_, i) => i) : [index];
    this.#change((change) => {
      eachTile(region, (tile, bits) => {
        for (const layer of classes.flatMap((i) => [2 * i, 2 * i + 1])) {
          change(layer, tile, (words, at) => words & ~bits[at]!);
        }
      });
    });
  }

  /** Replaces all pixels of a class. */
  set(index: number, region: BitTiles): void {
    this.#change((change) => {
      for (let tile = 0; tile < region.tileCount; tile++) {
        const bits = region.tile(tile);
        change(2 * index, tile, (_, at) => bits ? bits[at]! : 0);
        change(2 * index + 1, tile, (words, at) => bits ? words & bits[at]! : 0);
      }
    });
  }

  /** Marks a component of a class as accepted. */
  accept(index: number, region: BitTiles): void {
    this.#change((change) => {
      eachTile(region, (tile, bits) => change(2 * index + 1, tile, (words, at) => words | bits[at]!));
    });
  }

  /** Ends the action. Returns whether anything changed; an action without effect is no step of undo. */
  end(): boolean {
    if (!this.#isOpen) return false;
    this.#isOpen = false;
    const patches: Patch[] = [];
    for (const [layer, tiles] of this.#before) {
      for (const [tile, before] of tiles) {
        const bits = xorWords(before, this.#host.layers[layer]!.tile(tile));
        if (bits !== null) patches.push({ layer, tile, bits });
      }
    }
    this.#host.finish({ label: this.#label, patches });
    return patches.length > 0;
  }

  /** Takes everything back and ends the action. */
  cancel(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const changed = new Set<number>();
    for (const [layer, tiles] of this.#before) {
      for (const [tile, before] of tiles) {
        this.#host.replace(layer, tile, before);
        changed.add(tile);
      }
    }
    this.#host.changed(changed);
    this.#host.finish({ label: this.#label, patches: [] });
  }

  /** Collects the changes of one call, and tells them once. */
  #change(make: (change: ChangeTile) => void): void {
    if (!this.#isOpen) throw new TypeError(`Cannot change a mask: the action "${this.#label}" has ended`);
    const changed = new Set<number>();
    make((layer, tile, word) => {
      const before = this.#host.layers[layer]!.tile(tile);
      const after = mapWords(before, word);
      if (after === undefined) return;
      const kept = this.#before.get(layer) ?? new Map<number, Uint32Array | null>();
      this.#before.set(layer, kept);
      if (!kept.has(tile)) kept.set(tile, before as Uint32Array | null);
      this.#host.replace(layer, tile, after);
      changed.add(tile);
    });
    if (changed.size > 0) this.#host.changed(changed);
  }

  /** `bits` without the pixels of a layer. */
  #without(bits: Readonly<Uint32Array>, layer: number, tile: number): Readonly<Uint32Array> {
    const words = this.#host.layers[layer]!.tile(tile);
    return words === null ? bits : bits.map((word, at) => word & ~words[at]!);
  }
}

function isIgnored({ kind }: EditableClass): boolean {
  return kind === "ignore";
}

type ChangeTile = (layer: number, tile: number, word: (words: number, at: number) => number) => void;

function eachTile(region: BitTiles, visit: (tile: number, bits: Readonly<Uint32Array>) => void): void {
  for (let tile = 0; tile < region.tileCount; tile++) {
    const bits = region.tile(tile);
    if (bits !== null) visit(tile, bits);
  }
}
