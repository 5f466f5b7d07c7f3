/**
 * Components: click one, then accept it, delete it, or fill its holes. One of the version to compare with can be taken.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { holesOf } from "../model/components.ts";
import { componentAt } from "../model/flood.ts";
import type { Point } from "../model/brush.ts";
import type { EditorTool, Selection, ToolHost, ToolInput, ToolShape } from "./tool.ts";

/** Selects components. */
export class PartTool implements EditorTool {
  readonly #host: ToolHost;

  constructor(host: ToolHost) {
    this.#host = host;
  }

  down({ points }: ToolInput): void {
    const selection = findPart(this.#host, points[0]!);
    this.#host.selection = selection;
    if (selection === null) this.#host.say("No component here.");
    else this.#host.say(describe(this.#host, selection));
    this.#host.redraw();
  }

  move(): void {}

  up(): void {}

  cancel(): void {}

  leave(): void {}

  key(key: string): boolean {
    if (this.#host.selection === null) return false;
    if (key === "Enter" || key === "a") acceptPart(this.#host);
    else if (key === "Delete" || key === "Backspace") deletePart(this.#host);
    else if (key === "h") fillPart(this.#host);
    else if (key === "Escape") this.#host.selection = null;
    else return false;
    this.#host.redraw();
    return true;
  }

  shape(): ToolShape | null {
    return null;
  }
}

/** The component at a position: of the chosen class if it has one there, then of others, then of what is compared. */
function findPart(host: ToolHost, at: Point): Selection | null {
  const { document, classIndex, settings } = host;
  const order = [
    classIndex,
    ...document.classes.map((_, index) => index).filter((index) => index !== classIndex),
  ];
  for (const isProposal of [false, true]) {
    for (const index of order) {
      const layer = isProposal ? host.compared(index) : document.layer(index);
      if (!layer?.get(Math.floor(at.x), Math.floor(at.y))) continue;
      return { classIndex: index, at, region: componentAt(layer, at, settings.connectivity), isProposal };
    }
  }
  return null;
}

function describe({ document }: ToolHost, { classIndex, region, isProposal }: Selection): string {
  const pixels = region.count().toLocaleString("en-US");
  const { name } = document.classes[classIndex]!;
  return isProposal
    ? `${name}: ${pixels} pixels of the version to compare with. Enter takes them.`
    : `${name}: ${pixels} pixels. Enter accepts, Delete removes, H fills holes.`;
}

/** Marks the selected component as accepted, or takes it from the version to compare with. */
export function acceptPart(host: ToolHost): void {
  const { selection, document, settings } = host;
  if (selection === null) return;
  const { classIndex, region, isProposal } = selection;
  document.edit("Accept component", (edit) => {
    if (isProposal) edit.add(classIndex, region, settings.rule);
    edit.accept(classIndex, region);
  });
  host.selection = null;
  host.say("Component accepted.");
}

/** Deletes the selected component. */
export function deletePart(host: ToolHost): void {
  const { selection, document } = host;
  if (selection === null || selection.isProposal) return;
  document.edit("Delete component", (edit) => edit.remove(selection.classIndex, selection.region));
  host.selection = null;
  host.say("Component deleted.");
}

/** Fills the holes of the selected component. */
export function fillPart(host: ToolHost): void {
  const { selection, document, settings } = host;
  if (selection === null || selection.isProposal) return;
  const holes = holesOf(selection.region);
  const changed = document.edit("Fill holes", (edit) => edit.add(selection.classIndex, holes, settings.rule));
  host.selection = null;
  host.say(changed ? "Holes filled." : "It has no holes.");
}
