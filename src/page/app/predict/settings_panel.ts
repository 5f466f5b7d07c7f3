/**
 * The fields of what makes masks of probabilities; they count for all images.
 * This module is browser compatible.
 *
 * @module
 */
import { h, uniqueId } from "../dom.ts";
import { createSlider } from "../widgets/slider.ts";
import type { EngineModel } from "./engine.ts";
import { thresholdOf } from "./predicted_image.ts";
import { DEFAULT_SETTINGS, parseMinArea, parseSpacing, type Settings } from "./settings.ts";

/** A field of one value. */
interface Field {
  readonly element: HTMLElement;
  /** Shows what the settings say. */
  show(settings: Settings): void;
}

/** The fields; add `element` to the page. */
export class SettingsPanel {
  readonly element: HTMLElement;
  readonly #onChange: (settings: Settings) => void;
  readonly #fields: readonly Field[];
  #settings: Settings = DEFAULT_SETTINGS;

  /** Fields for a model. */
  constructor(model: EngineModel, onChange: (settings: Settings) => void) {
    this.#onChange = onChange;
    this.#fields = [this.#threshold(model), this.#minArea(), this.#largest(), this.#spacing()];
    this.element = h(
      "section",
      { class: "panel predict-settings", "aria-label": "Settings for all images" },
      h("h2", {}, "Settings", h("span", { class: "muted predict-aside" }, " for all images")),
      this.#fields.map(({ element }) => element),
      h("button", { type: "button", onclick: () => this.#set(DEFAULT_SETTINGS, true) }, "Reset"),
    );
    this.#show();
  }

  /** The settings. */
  get settings(): Settings {
    return this.#settings;
  }

  #set(change: Partial<Settings>, show = false): void {
    this.#settings = { ...this.#settings, ...change };
    if (show) this.#show();
    this.#onChange(this.#settings);
  }

  #show(): void {
    for (const field of this.#fields) field.show(this.#settings);
  }

  #threshold(model: EngineModel): Field {
    const own = thresholdOf(model, DEFAULT_SETTINGS);
    const slider = createSlider({
      label: "Threshold",
      min: 0,
      max: 1,
      step: 0.01,
      value: own ?? 0.5,
      format: (value) => value.toFixed(2),
      onInput: (threshold) => {
        box.checked = false;
        this.#set({ threshold });
      },
    });
    const id = uniqueId("own");
    const box = h("input", {
      type: "checkbox",
      id,
      onchange: () => {
        if (box.checked && own !== null) slider.value = own;
        this.#set({ threshold: box.checked ? null : slider.value });
      },
    });
    const label = own === null ? "Most probable class" : `The model's own, ${own}`;
    return {
      element: h(
        "div",
        {},
        slider.element,
        h("p", { class: "predict-check" }, box, h("label", { for: id }, label)),
      ),
      show({ threshold }) {
        box.checked = threshold === null;
        slider.value = threshold ?? own ?? 0.5;
      },
    };
  }

  #minArea(): Field {
    const field = this.#text({
      label: "Remove lesions below, in pixels",
      inputmode: "numeric",
      placeholder: "0",
      read: (text) => ({ minArea: parseMinArea(text) }),
    });
    return { ...field, show: ({ minArea }) => field.write(minArea === 0 ? "" : `${minArea}`) };
  }

  #largest(): Field {
    const id = uniqueId("largest");
    const box = h("input", { type: "checkbox", id, onchange: () => this.#set({ largest: box.checked }) });
    return {
      element: h(
        "p",
        { class: "predict-check" },
        box,
        h("label", { for: id }, "Keep only the largest lesion"),
      ),
      show({ largest }) {
        box.checked = largest;
      },
    };
  }

  #spacing(): Field {
    const field = this.#text({
      label: "Pixel spacing in mm: x, or x,y",
      inputmode: "decimal",
      placeholder: "as the file states",
      read: (text) => ({ spacing: parseSpacing(text) }),
    });
    return {
      ...field,
      show: ({ spacing }) => field.write(spacing === null ? "" : `${spacing[1]},${spacing[0]}`),
    };
  }

  /** A text field that says what is expected when it gets something else. */
  #text({ label, inputmode, placeholder, read }: {
    readonly label: string;
    readonly inputmode: string;
    readonly placeholder: string;
    readonly read: (text: string) => Partial<Settings>;
  }): { readonly element: HTMLElement; write(text: string): void } {
    const [id, problemId] = [uniqueId("field"), uniqueId("problem")];
    const problem = h("span", { class: "predict-problem", id: problemId, role: "alert" });
    const mark = (text: string) => {
      problem.textContent = text;
      input.setAttribute("aria-invalid", `${text !== ""}`);
    };
    const input = h("input", {
      type: "text",
      id,
      inputmode,
      placeholder,
      autocomplete: "off",
      "aria-describedby": problemId,
      oninput: () => {
        try {
          this.#set(read(input.value));
          mark("");
        } catch (error) {
          mark((error as Error).message);
        }
      },
    });
    return {
      element: h("div", { class: "field" }, h("label", { for: id }, label), input, problem),
      write(text) {
        input.value = text;
        mark("");
      },
    };
  }
}
