/**
 * What the editor does with its state, and says of it, without the page.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Compared, EditorState } from "./editor_state.ts";
import { BitTiles } from "./model/bit_tiles.ts";
import type { Point } from "./model/brush.ts";
import { layersOf } from "./model/masks.ts";
import type { Session } from "./session.ts";

/** What the masks were when the image was opened. */
export function referenceOf({ image }: Session): Compared {
  const label = image.newest === null
    ? image.annotation === null ? "an empty mask" : "the annotation"
    : `revision ${image.newest.revision}`;
  return { label, layers: layersOf(image, image.newest?.regions ?? image.annotation ?? []) };
}

/** Says that everything that is neither a class nor annotated as ignored is background. */
export function confirmBackground(state: EditorState): void {
  const index = state.document.classes.findIndex(({ kind }) => kind === "ignore");
  if (index < 0 || state.document.area(index) === 0) return state.say("Nothing of this image is in doubt.");
  state.document.edit("The rest is background", (edit) => edit.set(index, new BitTiles(state.document)));
  state.say("The rest of the image is background now. Undo takes that back.");
}

/** The pixel, its classes, and its intensity, in words. */
export function describePixel({ document, intensities }: EditorState, { x, y }: Point): string {
  const [column, row] = [Math.floor(x), Math.floor(y)];
  if (column < 0 || row < 0 || column >= document.width || row >= document.height) return "";
  const names = document.classesAt(column, row).map((index) => document.classes[index]!.name);
  const level = intensities === null ? "" : ` · ${intensities.data[row * intensities.width + column]}`;
  return `${column}, ${row}${level} · ${names.join(", ") || "background"}`;
}
