/**
 * The classes: which one is painted, and how many pixels each has. This module is browser compatible.
 *
 * @module
 */
import { fill, h, uniqueId } from "../../dom.ts";
import { classColor, colorToHex } from "../../../../image/palette.ts";
import { MAX_CLASS_NAME, MAX_CLASSES } from "../../../../image/class_spec.ts";
import type { EditorState } from "../editor_state.ts";
import { type Panel, panelElement, pixelsInWords } from "./panel.ts";

const IGNORED = "Pixels that count neither as a class nor as background";

/** Keys 1 to 9 choose the first classes. */
const KEYED = 9;

/** A list to choose from, and a field for another class. */
export function createClassPanel(state: EditorState): Panel {
  const group = uniqueId("class");
  const list = h("div", { class: "correct-classes", role: "radiogroup", "aria-label": "Class to paint" });
  const known = uniqueId("categories");
  const name = h("input", {
    type: "text",
    "aria-label": "Name of another class",
    maxlength: MAX_CLASS_NAME,
    list: known,
  });
  const add = () => {
    const text = name.value.replace(/\s+/g, " ").trim();
    if (text === "") return name.focus();
    const existing = state.document.classes.findIndex((each) => each.name === text);
    const { length } = state.document.classes;
    state.classIndex = existing >= 0 || length > MAX_CLASSES
      ? Math.max(0, existing)
      : state.document.addClass({
        name: text,
        color: colorToHex(classColor((length - 1) % MAX_CLASSES + 1)),
      });
    name.value = "";
    state.changed();
  };
  const form = h(
    "details",
    { class: "correct-add" },
    h("summary", {}, "Another class"),
    h(
      "form",
      {
        onsubmit: (event: Event) => {
          event.preventDefault();
          add();
        },
      },
      name,
      h(
        "datalist",
        { id: known },
        state.session.image.otherCategories.map((value) => h("option", { value })),
      ),
      h("button", { type: "submit" }, "Add"),
    ),
  );
  let shown = -1;
  let rows: { readonly input: HTMLInputElement; readonly area: HTMLElement }[] = [];
  const draw = () => {
    shown = state.document.classes.length;
    rows = state.document.classes.map((_, index) => ({
      input: h("input", {
        type: "radio",
        name: group,
        onchange: () => {
          state.classIndex = index;
          state.changed();
        },
      }),
      area: h("span", { class: "correct-area muted" }),
    }));
    fill(
      list,
      state.document.classes.map(({ name, color, kind }, index) =>
        h(
          "label",
          { class: "correct-class" },
          rows[index]!.input,
          h("span", {
            class: `correct-swatch${kind === "ignore" ? " correct-swatch-ignore" : ""}`,
            style: { "background-color": color },
            "aria-hidden": "true",
          }),
          h(
            "span",
            { class: "correct-class-name", title: kind === "ignore" ? IGNORED : null },
            name,
          ),
          rows[index]!.area,
          index < KEYED ? h("kbd", { "aria-hidden": "true" }, index + 1) : null,
        )
      ),
    );
  };
  return {
    element: panelElement("Class", list, form),
    update() {
      if (shown !== state.document.classes.length) draw();
      rows.forEach(({ input, area }, index) => {
        input.checked = state.classIndex === index;
        area.textContent = pixelsInWords(state.document.area(index));
      });
    },
  };
}
