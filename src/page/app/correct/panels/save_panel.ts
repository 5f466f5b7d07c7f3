/**
 * Who corrects, what is still in doubt, and saving. This module is browser compatible.
 *
 * @module
 */
import { h, uniqueId } from "../../dom.ts";
import type { EditorState } from "../editor_state.ts";
import { keepSettings } from "../settings.ts";
import { type Command, keyOf } from "../shortcuts.ts";
import type { Panel } from "./panel.ts";

/** The bar with the annotator's name and the buttons that save. */
export interface SavePanel extends Panel {
  /** The name as typed; asks for one, and returns null, if there is none. */
  annotator(): string | null;
}

/** Makes the bar. */
export function createSavePanel(state: EditorState, run: (command: Command) => void): SavePanel {
  const id = uniqueId("annotator");
  const name = h("input", {
    id,
    type: "text",
    autocomplete: "name",
    maxlength: 200,
    value: state.all.annotator,
    oninput: () => {
      state.all.annotator = name.value;
      keepSettings(state.all);
      name.removeAttribute("aria-invalid");
    },
  });
  const button = (command: Command, text: string, primary: boolean) =>
    h(
      "button",
      {
        type: "button",
        class: primary ? "primary" : null,
        title: `${text} (${keyOf(command)})`,
        "aria-keyshortcuts": keyOf(command).replace("Ctrl", "Control"),
        onclick: () => run(command),
      },
      text,
      h("kbd", { "aria-hidden": "true" }, keyOf(command)),
    );
  const save = button("save", "Save", false);
  const saveNext = button("save-next", "Save and next", true);
  const status = h("span", { class: "correct-status", role: "status" });
  return {
    element: h(
      "div",
      { class: "correct-save" },
      h("div", { class: "correct-annotator" }, h("label", { for: id }, "Annotator"), name),
      status,
      h("div", { class: "correct-buttons" }, save, saveNext),
    ),
    annotator() {
      if (name.value.trim() !== "") return name.value;
      name.setAttribute("aria-invalid", "true");
      name.focus();
      state.say("Please type your name first: it is saved with the masks.");
      return null;
    },
    update() {
      const { document, session, isSaving } = state;
      save.disabled = saveNext.disabled = isSaving;
      const revision = session.image.newest?.revision;
      status.textContent = isSaving
        ? "Saving …"
        : document.isDirty
        ? "Not saved yet; a draft is kept in this browser"
        : revision === undefined
        ? "Not corrected yet"
        : `Saved as revision ${revision}`;
      status.classList.toggle("correct-status-dirty", document.isDirty);
    },
  };
}
