/**
 * A slider with its label and value. This module is browser compatible.
 *
 * @module
 */
import { h, uniqueId } from "../dom.ts";

/** Settings of {@linkcode createSlider}. */
export interface SliderOptions {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly value: number;
  /** How the value reads; defaults to its digits. */
  readonly format?: (value: number) => string;
  /** Called while it moves. */
  readonly onInput: (value: number) => void;
}

/** A slider. */
export interface Slider {
  readonly element: HTMLElement;
  readonly input: HTMLInputElement;
  /** The value; setting it calls nothing. */
  value: number;
}

/** Makes a slider; keys move it by a step. */
export function createSlider(
  { label, min, max, step, value, format = String, onInput }: SliderOptions,
): Slider {
  const id = uniqueId("slider");
  const output = h("output", { for: id, class: "slider-value" });
  const show = () => {
    const text = format(input.valueAsNumber);
    output.textContent = text;
    input.setAttribute("aria-valuetext", text);
  };
  const input = h("input", { id, type: "range", min, max, step });
  input.addEventListener("input", () => {
    show();
    onInput(input.valueAsNumber);
  });
  input.valueAsNumber = value;
  show();
  return {
    element: h("div", { class: "slider" }, h("label", { for: id }, label), input, output),
    input,
    get value() {
      return input.valueAsNumber;
    },
    set value(value: number) {
      input.valueAsNumber = value;
      show();
    },
  };
}
