/**
 * What a panel next to the image is. This module is browser compatible.
 *
 * @module
 */
import { type Child, h, uniqueId } from "../../dom.ts";

/** A part of the editor. */
export interface Panel {
  readonly element: HTMLElement;
  /** Shows the present state. */
  update(): void;
}

/** A region with a heading. */
export function panelElement(title: string, ...children: Child[]): HTMLElement {
  const id = uniqueId("panel");
  return h(
    "section",
    { class: "panel correct-panel", "aria-labelledby": id },
    h("h2", { id }, title),
    children,
  );
}

/** A choice of one of several values. */
export interface Choice<T extends string> {
  readonly element: HTMLElement;
  value: T;
}

/** A labeled choice. */
export function createChoice<T extends string>(
  label: string,
  options: readonly (readonly [value: T, text: string])[],
  onChange: (value: T) => void,
): Choice<T> {
  const id = uniqueId("choice");
  const select = h(
    "select",
    { id, onchange: () => onChange(select.value as T) },
    options.map(([value, text]) => h("option", { value }, text)),
  );
  return {
    element: h("div", { class: "correct-choice" }, h("label", { for: id }, label), select),
    get value() {
      return select.value as T;
    },
    set value(value: T) {
      select.value = value;
    },
  };
}

/** A labeled box to tick. */
export interface Tick {
  readonly element: HTMLElement;
  checked: boolean;
}

/** Makes a box to tick. */
export function createTick(label: string, onChange: (checked: boolean) => void): Tick {
  const input = h("input", { type: "checkbox", onchange: () => onChange(input.checked) });
  return {
    element: h("label", { class: "correct-tick" }, input, label),
    get checked() {
      return input.checked;
    },
    set checked(value: boolean) {
      input.checked = value;
    },
  };
}

/** A number of pixels in words. */
export function pixelsInWords(count: number): string {
  return count === 1 ? "1 pixel" : `${count.toLocaleString("en-US")} pixels`;
}
