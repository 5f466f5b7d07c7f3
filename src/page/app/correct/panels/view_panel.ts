/**
 * How image and masks are shown. This module is browser compatible.
 *
 * @module
 */
import { h } from "../../dom.ts";
import { createSlider } from "../../widgets/slider.ts";
import type { EditorState } from "../editor_state.ts";
import { keyOf } from "../shortcuts.ts";
import { createTick, type Panel, panelElement } from "./panel.ts";

/** Opacity, outlines, brightness and contrast. */
export function createViewPanel(state: EditorState): Panel {
  const { view } = state.all;
  const percent = (value: number) => `${Math.round(100 * value)} %`;
  const opacity = createSlider({
    label: "Opacity",
    min: 0.05,
    max: 1,
    step: 0.05,
    value: view.opacity,
    format: percent,
    onInput: (opacity) => state.setView({ opacity }),
  });
  const brightness = createSlider({
    label: "Brightness",
    min: 0.25,
    max: 3,
    step: 0.05,
    value: view.brightness,
    format: percent,
    onInput: (brightness) => state.setView({ brightness }),
  });
  const contrast = createSlider({
    label: "Contrast",
    min: 0.25,
    max: 3,
    step: 0.05,
    value: view.contrast,
    format: percent,
    onInput: (contrast) => state.setView({ contrast }),
  });
  const filled = createTick(`Fill areas (${keyOf("outline")})`, (filled) => state.setView({ filled }));
  const hidden = createTick(`Hide masks (${keyOf("hide")})`, (isHidden) => {
    state.areMasksHidden = isHidden;
    state.changed();
  });
  const reset = h("button", {
    type: "button",
    onclick: () => state.setView({ brightness: 1, contrast: 1 }),
  }, "Reset brightness and contrast");
  return {
    element: panelElement(
      "View",
      filled.element,
      hidden.element,
      opacity.element,
      brightness.element,
      contrast.element,
      reset,
    ),
    update() {
      opacity.value = view.opacity;
      brightness.value = view.brightness;
      contrast.value = view.contrast;
      filled.checked = view.filled;
      hidden.checked = state.areMasksHidden;
      reset.hidden = view.brightness === 1 && view.contrast === 1;
    },
  };
}
