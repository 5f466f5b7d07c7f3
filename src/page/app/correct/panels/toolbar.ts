/**
 * The tools, undo and redo. This module is browser compatible.
 *
 * @module
 */
import { h } from "../../dom.ts";
import type { EditorState } from "../editor_state.ts";
import { type Command, keyOf, SHORTCUTS, type ToolName } from "../shortcuts.ts";
import type { Panel } from "./panel.ts";

const TOOLS: readonly ToolName[] = ["brush", "eraser", "polygon", "flood", "part", "move"];

/** Buttons that run commands. */
export function createToolbar(state: EditorState, run: (command: Command) => void): Panel {
  const labelOf = (command: Command) => SHORTCUTS.find((each) => each.command === command)!.label;
  const button = (command: Command, text = labelOf(command)) =>
    h(
      "button",
      {
        type: "button",
        class: "correct-tool",
        title: `${labelOf(command)} (${keyOf(command)})`,
        "aria-keyshortcuts": keyOf(command).replace("Ctrl", "Control"),
        onclick: () => run(command),
      },
      h("span", {}, text),
      h("kbd", { "aria-hidden": "true" }, keyOf(command)),
    );
  const tools = TOOLS.map((tool) => [tool, button(tool, tool === "move" ? "Move" : labelOf(tool))] as const);
  const undo = button("undo");
  const redo = button("redo");
  return {
    element: h(
      "div",
      { class: "correct-tools" },
      h(
        "div",
        { role: "group", "aria-label": "Tools", class: "correct-tool-group" },
        tools.map(([, each]) => each),
      ),
      h("div", { role: "group", "aria-label": "History", class: "correct-tool-group" }, undo, redo),
      h(
        "div",
        { role: "group", "aria-label": "Help", class: "correct-tool-group" },
        button("help", "Shortcuts"),
      ),
    ),
    update() {
      for (const [tool, each] of tools) each.setAttribute("aria-pressed", `${state.tool === tool}`);
      const { undoLabel, redoLabel } = state.document;
      undo.disabled = undoLabel === null;
      undo.title = undoLabel === null ? "Nothing to undo" : `Undo: ${undoLabel} (${keyOf("undo")})`;
      redo.disabled = redoLabel === null;
      redo.title = redoLabel === null ? "Nothing to redo" : `Redo: ${redoLabel} (${keyOf("redo")})`;
    },
  };
}
