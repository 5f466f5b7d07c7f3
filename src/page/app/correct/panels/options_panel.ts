/**
 * What the chosen tool goes by. This module is browser compatible.
 *
 * @module
 */
import { h } from "../../dom.ts";
import { createSlider } from "../../widgets/slider.ts";
import type { EditorState } from "../editor_state.ts";
import { BRUSH_SIZES } from "../model/brush.ts";
import type { ToolName } from "../shortcuts.ts";
import { acceptPart, deletePart, fillPart } from "../tools/part_tool.ts";
import { createChoice, createTick, type Panel, panelElement } from "./panel.ts";

/** The sliders' places of brush sizes: fine steps for small ones. */
const SIZES = [
  1,
  2,
  3,
  4,
  5,
  6,
  8,
  10,
  12,
  16,
  20,
  24,
  32,
  40,
  48,
  64,
  80,
  96,
  128,
  192,
  256,
  384,
  512,
  1024,
];

/** The next smaller or larger size of the brush. */
export function otherBrushSize(size: number, step: -1 | 1): number {
  if (step === 1) return SIZES.find((each) => each > size) ?? BRUSH_SIZES.most;
  return SIZES.findLast((each) => each < size) ?? BRUSH_SIZES.least;
}

/** Which tools have an option. */
const PAINTING: readonly ToolName[] = ["brush", "eraser", "polygon", "flood"];

/** Options of the tools; `flood` hears of other thresholds. */
export function createOptionsPanel(state: EditorState, flood: { settingsChanged(): void }): Panel {
  const set = (change: Parameters<EditorState["setTools"]>[0]) => {
    state.setTools(change);
    flood.settingsChanged();
  };
  const { settings } = state;
  const size = createSlider({
    label: "Brush size",
    min: 0,
    max: SIZES.length - 1,
    step: 1,
    value: Math.max(0, SIZES.indexOf(settings.brushSize)),
    format: (place) => `${SIZES[place]} px`,
    onInput: (place) => state.setTools({ brushSize: SIZES[place]! }),
  });
  const source = createChoice("Flood by", [["image", "Intensity of the image"], [
    "probability",
    "Probability",
  ]], (
    floodSource,
  ) => set({ floodSource }));
  const tolerance = createSlider({
    label: "Tolerance",
    min: 0,
    max: 128,
    step: 1,
    value: settings.tolerance,
    format: (value) => `± ${value}`,
    onInput: (tolerance) => set({ tolerance }),
  });
  const least = createSlider({
    label: "From probability",
    min: 0,
    max: 1,
    step: 0.01,
    value: settings.leastProbability,
    format: (value) => value.toFixed(2),
    onInput: (leastProbability) => set({ leastProbability }),
  });
  const touching = createChoice(
    "Connected at",
    [["8", "sides and corners"], ["4", "sides only"]],
    (value) => set({ connectivity: value === "4" ? 4 : 8 }),
  );
  const holes = createTick("Fill holes", (fillHoles) => set({ fillHoles }));
  const rule = createChoice("Pixels of other classes", [
    ["replace", "are replaced"],
    ["keep", "are kept: paint around them"],
    ["overlap", "stay: classes may overlap"],
  ], (rule) => state.setTools({ rule }));
  const eraseAll = createTick("Erase all classes", (eraseAll) => state.setTools({ eraseAll }));
  const act = (text: string, action: (state: EditorState) => void) => {
    const button = h("button", { type: "button", onclick: () => (action(state), state.changed()) }, text);
    return button;
  };
  const accept = act("Accept", acceptPart);
  const remove = act("Delete", deletePart);
  const fillHoles = act("Fill holes", fillPart);
  const parts = h("div", { class: "correct-buttons" }, accept, remove, fillHoles);
  const hint = h("p", { class: "muted correct-hint" });
  const element = panelElement(
    "Tool",
    hint,
    size.element,
    source.element,
    tolerance.element,
    least.element,
    touching.element,
    holes.element,
    rule.element,
    eraseAll.element,
    parts,
  );
  return {
    element,
    update() {
      const { tool, settings, selection } = state;
      hint.textContent = HINTS[tool];
      size.value = Math.max(0, SIZES.indexOf(settings.brushSize));
      source.value = settings.floodSource;
      touching.value = `${settings.connectivity}` as "4" | "8";
      holes.checked = settings.fillHoles;
      rule.value = settings.rule;
      eraseAll.checked = settings.eraseAll;
      const shows = (shown: { readonly element: HTMLElement } | HTMLElement, isShown: boolean) => {
        ("element" in shown ? shown.element as HTMLElement : shown).hidden = !isShown;
      };
      shows(size, tool === "brush" || tool === "eraser");
      shows(source, tool === "flood");
      shows(tolerance, tool === "flood" && settings.floodSource === "image");
      shows(least, tool === "flood" && settings.floodSource === "probability");
      shows(touching, tool === "flood" || tool === "part");
      shows(holes, tool === "flood");
      shows(rule, PAINTING.includes(tool) && tool !== "eraser" && state.document.classes.length > 2);
      shows(eraseAll, tool === "eraser" && state.document.classes.length > 1);
      shows(parts, tool === "part");
      accept.disabled = selection === null;
      accept.textContent = selection?.isProposal ? "Take" : "Accept";
      remove.disabled = fillHoles.disabled = selection === null || selection.isProposal;
    },
  };
}

const HINTS: Readonly<Record<ToolName, string>> = {
  brush: "Drag to paint. With Alt: erase.",
  eraser: "Drag to erase. With Alt: paint.",
  polygon: "Click corner by corner, or drag. Double click or Enter closes.",
  flood: "Click a pixel: what is connected and similar is painted. Then move the slider until it fits.",
  part: "Click a component to accept it, delete it, or fill its holes.",
  move: "Drag to move the image.",
};
