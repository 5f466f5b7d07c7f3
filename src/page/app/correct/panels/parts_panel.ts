/**
 * The components of all classes, largest first: to walk through, accept and delete. This module is browser compatible.
 *
 * @module
 */
import { fill, h } from "../../dom.ts";
import type { EditorState } from "../editor_state.ts";
import { findParts, type Part } from "../model/components.ts";
import { componentAt } from "../model/flood.ts";
import { acceptPart, deletePart } from "../tools/part_tool.ts";
import { type Panel, panelElement, pixelsInWords } from "./panel.ts";

/** A component of a class. */
export interface ClassPart extends Part {
  readonly classIndex: number;
}

/** Most components in the list; the others are counted. */
const SHOWN = 50;

/** Milliseconds from a change until the components are searched again. */
const WAIT_MS = 250;

/** A panel with the list, and what a key needs of it. */
export interface PartsPanel extends Panel {
  /** Selects the next component that is not accepted. */
  next(): void;
  close(): void;
}

/** Lists components; `show` brings one into view. */
export function createPartsPanel(state: EditorState, show: (part: Part) => void): PartsPanel {
  const summary = h("p", { class: "muted" });
  const list = h("ul", { class: "correct-parts" });
  let parts: readonly ClassPart[] = [];
  let searched: unknown = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const search = () => {
    clearTimeout(timer);
    timer = undefined;
    searched = state.document.state;
    const found = listParts(state);
    parts = found ?? [];
    const accepted = parts.filter(({ isMarked }) => isMarked).length;
    summary.textContent = found === null
      ? "Too many components to list."
      : parts.length === 0
      ? "No components."
      : `${parts.length === 1 ? "1 component" : `${parts.length} components`}, ${accepted} accepted.`;
    fill(list, parts.slice(0, SHOWN).map(row));
    if (parts.length > SHOWN) list.append(h("li", { class: "muted" }, `and ${parts.length - SHOWN} more`));
  };
  const select = (part: ClassPart) => {
    const { classIndex, first } = part;
    const region = componentAt(state.document.layer(classIndex), first);
    state.selection = { classIndex, at: first, region, isProposal: false };
    show(part);
    state.changed();
  };
  const row = (part: ClassPart) => {
    const { name, color } = state.document.classes[part.classIndex]!;
    const act = (action: (state: EditorState) => void) => () => {
      select(part);
      action(state);
      state.changed();
    };
    const area = part.area.toLocaleString("en-US");
    const what = `${name}, ${pixelsInWords(part.area)}`;
    return h(
      "li",
      {},
      h(
        "button",
        {
          type: "button",
          class: "correct-part",
          onclick: () => select(part),
          "aria-label": `Show ${what}`,
          title: `Show ${what}`,
        },
        h("span", { class: "correct-swatch", style: { "background-color": color }, "aria-hidden": "true" }),
        h("span", {}, `${area} px`),
      ),
      part.isMarked
        ? h("span", { class: "correct-accepted" }, "accepted")
        : h("button", { type: "button", "aria-label": `Accept ${what}`, onclick: act(acceptPart) }, "Accept"),
      h("button", { type: "button", "aria-label": `Delete ${what}`, onclick: act(deletePart) }, "Delete"),
    );
  };
  return {
    element: panelElement("Components", summary, list),
    update() {
      if (searched === state.document.state || timer !== undefined) return;
      timer = setTimeout(search, searched === null ? 0 : WAIT_MS);
    },
    next() {
      if (searched !== state.document.state) search();
      const { selection } = state;
      const open = parts.filter(({ isMarked }) => !isMarked);
      const at = selection === null
        ? -1
        : open.findIndex(({ classIndex, first }) =>
          classIndex === selection.classIndex && selection.region.get(first.x, first.y)
        );
      const part = open[(at + 1) % open.length];
      if (part === undefined) return state.say("All components are accepted.");
      select(part);
      state.say(
        `${state.document.classes[part.classIndex]!.name}, ${
          pixelsInWords(part.area)
        }. Enter accepts, Delete removes.`,
      );
    },
    close: () => clearTimeout(timer),
  };
}

/** The components of all classes but ignored pixels, largest first; null if there are too many. */
export function listParts({ document }: Pick<EditorState, "document">): ClassPart[] | null {
  const parts: ClassPart[] = [];
  for (const [classIndex, { kind }] of document.classes.entries()) {
    if (kind === "ignore" || document.area(classIndex) === 0) continue;
    const found = findParts(document.layer(classIndex), document.accepted(classIndex));
    if (found === null) return null;
    parts.push(...found.map((part) => ({ ...part, classIndex })));
  }
  return parts.sort((a, b) => b.area - a.area);
}
