/**
 * Layers of a document from the masks that the server knows, and back.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "../../../../image/image.ts";
import { classColor, colorToHex } from "../../../../image/palette.ts";
import type { CorrectionClass, MaskRegion } from "../../../api/corrections.ts";
import { BitTiles } from "./bit_tiles.ts";
import { type FilledClass, LabelDocument } from "./label_document.ts";
import { decodeTiles, encodeTiles } from "./layer_rle.ts";
import { mapWords } from "./tile_words.ts";

/** The masks of each category, several of one united. Throws as `decodeTiles` for masks that are none of this image. */
export function layersOf(size: Size, regions: readonly MaskRegion[]): Map<string, BitTiles> {
  const layers = new Map<string, BitTiles>();
  for (const { category, rle } of regions) {
    const layer = decodeTiles(size, rle);
    const known = layers.get(category);
    if (known === undefined) layers.set(category, layer);
    else combine(known, layer, (words, others) => words | others);
  }
  return layers;
}

/**
 * A document of an image with these masks. If it is in doubt that what they leave out is background, that is ignored
 * until somebody says otherwise.
 */
export function createDocument(
  size: Size,
  classes: readonly CorrectionClass[],
  layers: ReadonlyMap<string, BitTiles>,
  isInDoubt: boolean,
): LabelDocument {
  const filled = withLayers(classes, layers);
  if (!isInDoubt) return new LabelDocument(size, filled);
  const rest = restOf(size, layers.values());
  return new LabelDocument(
    size,
    filled.map((each) => {
      if (each.kind !== "ignore") return each;
      if (each.pixels) combine(rest, each.pixels, (words, others) => words | others);
      return { ...each, pixels: rest };
    }),
  );
}

/** Replaces the masks of all classes, as one step of undo; categories that are not listed become classes. */
export function replaceMasks(
  document: LabelDocument,
  label: string,
  layers: ReadonlyMap<string, BitTiles>,
): void {
  for (const name of layers.keys()) {
    if (document.classes.some((each) => each.name === name)) continue;
    document.addClass({ name, color: colorToHex(classColor(document.classes.length % 254 + 1)) });
  }
  document.edit(label, (edit) => {
    document.classes.forEach(({ name }, index) =>
      edit.set(index, layers.get(name) ?? new BitTiles(document))
    );
  });
}

/** The masks of a document, without empty ones. */
export function regionsOf(document: LabelDocument): MaskRegion[] {
  return document.classes.flatMap(({ name }, index) =>
    document.area(index) === 0 ? [] : { category: name, rle: encodeTiles(document.layer(index)) }
  );
}

/** The pixels that no layer has. */
export function restOf(size: Size, layers: Iterable<BitTiles>): BitTiles {
  const rest = BitTiles.fromRuns(size, [0, size.width * size.height]);
  for (const layer of layers) combine(rest, layer, (words, others) => words & ~others);
  return rest;
}

/** The number of pixels that one layer has and another has not. */
export function countMissing(layer: BitTiles, other: BitTiles): number {
  const left = layer.clone();
  combine(left, other, (words, others) => words & ~others);
  return left.count();
}

function withLayers(
  classes: readonly CorrectionClass[],
  layers: ReadonlyMap<string, BitTiles>,
): FilledClass[] {
  const listed = new Set(classes.map(({ name }) => name));
  const others = [...layers.keys()].filter((name) => !listed.has(name)).map((name, i): CorrectionClass => ({
    name,
    color: colorToHex(classColor((classes.length + i) % 254 + 1)),
    kind: "class",
  }));
  return [...classes, ...others].map((each) => ({ ...each, pixels: layers.get(each.name) ?? null }));
}

/** Changes a mask word by word where the other one has pixels. */
function combine(target: BitTiles, other: BitTiles, word: (words: number, others: number) => number): void {
  for (let tile = 0; tile < other.tileCount; tile++) {
    const others = other.tile(tile);
    if (others === null) continue;
    const after = mapWords(target.tile(tile), (words, at) => word(words, others[at]!));
    if (after !== undefined) target.setTile(tile, after);
  }
}
