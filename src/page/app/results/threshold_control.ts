/**
 * The threshold above which a pixel is foreground: a slider, a field for exact values, and the way back to the evaluated
 * one.
 * This module is browser compatible.
 *
 * @module
 */
import { h, uniqueId } from "../dom.ts";
import { createSlider } from "../widgets/slider.ts";

/** What the threshold is called. */
export function thresholdText(threshold: number | null): string {
  return threshold === null ? "most probable class" : `threshold ${threshold}`;
}

/** The control. */
export interface ThresholdControl {
  readonly element: HTMLElement;
  /** The threshold; null for the most probable class. Setting it calls nothing. */
  value: number | null;
  /** Whether it can be moved. */
  isEnabled: boolean;
}

/** Makes a control that begins with the evaluated threshold. */
export function createThreshold(
  evaluated: number | null,
  onChange: (threshold: number | null) => void,
): ThresholdControl {
  let value = evaluated;
  const change = (next: number | null) => {
    set(next);
    onChange(next);
  };
  const slider = createSlider({
    label: "Threshold",
    min: 0,
    max: 1,
    step: 0.01,
    value: evaluated ?? 0.5,
    format: () => "",
    onInput: (next) => change(next),
  });
  const id = uniqueId("threshold");
  const field = h("input", {
    id,
    type: "number",
    min: 0,
    max: 1,
    step: 0.001,
    class: "threshold-field",
    placeholder: "–",
    oninput: () => {
      const { valueAsNumber } = field;
      if (valueAsNumber >= 0 && valueAsNumber <= 1) change(valueAsNumber);
    },
    // What cannot be used is not left standing.
    onchange: () => set(value),
  });
  const reset = h(
    "button",
    { type: "button", onclick: () => change(evaluated) },
    evaluated === null ? "Most probable class" : `As evaluated (${evaluated})`,
  );
  const set = (next: number | null) => {
    value = next;
    slider.value = next ?? 0.5;
    slider.input.setAttribute("aria-valuetext", thresholdText(next));
    if (document.activeElement !== field || field.valueAsNumber !== next) {
      field.value = next === null ? "" : `${next}`;
    }
    reset.setAttribute("aria-pressed", `${next === evaluated}`);
  };
  set(evaluated);
  const element = h(
    "div",
    { class: "threshold" },
    slider.element,
    h("label", { for: id, class: "visually-hidden" }, "Threshold, exactly"),
    field,
    reset,
  );
  return {
    element,
    get value() {
      return value;
    },
    set value(next) {
      set(next);
    },
    get isEnabled() {
      return !field.disabled;
    },
    set isEnabled(isEnabled) {
      for (const each of [slider.input, field, reset]) each.disabled = !isEnabled;
    },
  };
}
