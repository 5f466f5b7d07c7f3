/**
 * Why the rest of an image is not known to be background, and the one click that says it is.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { h } from "../../dom.ts";
import type { EditorState } from "../editor_state.ts";
import { keyOf } from "../shortcuts.ts";
import type { Panel } from "./panel.ts";

/** A bar over the image, as long as pixels are ignored. */
export function createDoubtBar(state: EditorState, confirm: () => void): Panel {
  const reason = h("span", {});
  const element = h(
    "div",
    { class: "correct-doubt", role: "note" },
    reason,
    h(
      "button",
      { type: "button", title: `The rest is background (${keyOf("background")})`, onclick: confirm },
      "The rest is background",
      h("kbd", { "aria-hidden": "true" }, keyOf("background")),
    ),
  );
  return {
    element,
    update() {
      const { document, session: { image: { doubt } } } = state;
      const index = document.classes.findIndex(({ kind }) => kind === "ignore");
      const ignored = index < 0 ? 0 : document.area(index);
      // Datasets have ignored regions of their own, which ask nothing of anybody.
      const isMost = 2 * ignored > document.width * document.height;
      element.hidden = ignored === 0 || (doubt === null && !isMost);
      if (element.hidden) return;
      reason.textContent =
        `${doubt ?? "Most of the image is not judged yet."} Hatched pixels count neither as a class nor as ` +
        "background until you have looked at them.";
    },
  };
}
