/**
 * An image of an evaluation: its panes, its numbers, and the threshold that changes both.
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "../../../image/image.ts";
import { inputSize } from "../../../image/input_frame.ts";
import type { AuditFinding } from "../../../evaluation/audit.ts";
import type { EvaluationResults, ImageResult, ImageTruth } from "../../api/results.ts";
import { fill, h } from "../dom.ts";
import { type Page, viewHash } from "../view.ts";
import { evaluateHint, ImageStore, type ShownImage } from "./image_store.ts";
import { paneLegend } from "./legend.ts";
import { MeasuredImage, sameScores, scoreOf } from "./measured_image.ts";
import { type NumberColumn, numbersTable } from "./numbers_table.ts";
import { type PaneName, PANES, Panes } from "./panes.ts";
import { comparedMasks, isSameTruth, MOST_NATIVE_PIXELS, nativeMasks, withoutTruth } from "./shown_masks.ts";
import { classSpecs } from "./shown_classes.ts";
import { createThreshold, type ThresholdControl, thresholdText } from "./threshold_control.ts";

/** What is shown of the list of images. */
export interface Selection {
  readonly name: string;
  /** The scores in the evaluation's file; null if it has none. */
  readonly result: ImageResult | null;
  readonly finding: AuditFinding | null;
  /** Its place among the listed images, from 1, and their number. */
  readonly place: number;
  readonly count: number;
}

/** Settings of an {@linkcode ImageDetail}. */
export interface DetailOptions {
  readonly page: Page;
  readonly results: EvaluationResults;
  /** Goes to the image before (-1) or after (1). */
  readonly onStep: (by: -1 | 1) => void;
}

/** Keys that work everywhere, or on a pane, and what they do. */
const KEYS: readonly (readonly [readonly string[], string])[] = [
  [["←", "→"], "previous, next image"],
  [["+", "−"], "zoom a pane"],
  [["0"], "fit"],
  [["1"], "native resolution"],
  [["Shift", "arrows"], "pan"],
];

/** The detail; append `element`, and call `close` when it is gone. */
export class ImageDetail {
  readonly element: HTMLElement;
  readonly #options: DetailOptions;
  readonly #store: ImageStore;
  readonly #panes = new Panes();
  readonly #threshold: ThresholdControl;
  readonly #title = h("h2", { class: "detail-title" });
  readonly #place = h("span", { class: "muted detail-place" });
  readonly #links = h("span", { class: "detail-links" });
  readonly #notes = h("div", { class: "detail-notes" });
  readonly #numbers = h("div", { class: "detail-numbers" });
  readonly #legend = h("div", {});
  readonly #native: HTMLInputElement;
  #selection: Selection | null = null;
  #image: ShownImage | null = null;
  /** The class that is shown; null for all. */
  #class: number | null = null;
  #split: string | null = null;
  /** The probabilities of the class and image that are shown. */
  #probabilities:
    | { readonly of: MeasuredImage; readonly class: number | null; readonly values: Float32Array }
    | null = null;
  #frame = 0;

  constructor(options: DetailOptions) {
    this.#options = options;
    this.#store = new ImageStore(options.page.api, options.results);
    const { maps, settings } = options.results;
    this.#threshold = createThreshold(maps?.threshold ?? settings.threshold, () => this.#schedule());
    this.#native = h("input", { type: "checkbox", onchange: () => this.#draw() });
    const step = (by: -1 | 1, text: string, label: string, key: string) =>
      h("button", {
        type: "button",
        "aria-label": label,
        title: `${label} (${key})`,
        onclick: () => options.onStep(by),
      }, text);
    this.element = h(
      "section",
      { class: "detail", "aria-label": "Image" },
      h(
        "div",
        { class: "detail-head" },
        h(
          "div",
          { class: "detail-steps" },
          step(-1, "‹", "Previous image", "left arrow"),
          step(1, "›", "Next image", "right arrow"),
        ),
        this.#title,
        this.#place,
        this.#links,
      ),
      this.#notes,
      h(
        "div",
        { class: "detail-controls" },
        this.#threshold.element,
        this.#paneButtons(),
        this.#panes.buttons,
        h(
          "label",
          {
            class: "detail-native",
            title: "As predict writes them; the numbers stay those of the compared masks",
          },
          this.#native,
          "Masks at the image's own size",
        ),
      ),
      this.#legend,
      this.#panes.element,
      h(
        "p",
        { class: "muted detail-keys" },
        KEYS.map(([keys, what]) => h("span", {}, keys.map((key) => h("kbd", {}, key)), ` ${what}`)),
      ),
    );
    // The last cell of the grid, in view while the threshold moves.
    this.#panes.element.append(this.#numbers);
  }

  /** The threshold that is shown; null for the most probable class. */
  get threshold(): number | null {
    return this.#threshold.value;
  }

  /** The split's name in the dataset, to which links lead. */
  setDatasetSplit(name: string | null): void {
    this.#split = name;
    if (this.#selection) this.#drawHead(this.#selection);
  }

  /** Shows an image with the masks of a class, of all for null; `ahead` are images that are probably shown next. */
  async show(selection: Selection, classIndex: number | null, ahead: readonly string[]): Promise<void> {
    this.#selection = selection;
    this.#class = classIndex;
    this.#drawHead(selection);
    this.element.setAttribute("aria-busy", "true");
    const image = await this.#store.get(selection.name);
    // Somebody may have gone on meanwhile.
    if (this.#selection !== selection) return;
    this.#image = image;
    this.#draw();
    this.element.removeAttribute("aria-busy");
    this.element.dataset.shown = selection.name;
    for (const name of ahead) this.#store.get(name);
  }

  close(): void {
    this.#selection = null;
    cancelAnimationFrame(this.#frame);
    this.#panes.close();
    this.#store.close();
  }

  #paneButtons(): HTMLElement {
    const choices: [PaneName | null, string][] = [
      [null, "All"],
      ...(Object.entries(PANES) as [PaneName, string][]),
    ];
    const buttons = choices.map(([name, text]) =>
      h("button", {
        type: "button",
        "aria-pressed": name === null,
        onclick: () => {
          this.#panes.choose(name);
          for (const button of buttons) button.setAttribute("aria-pressed", `${button.textContent === text}`);
        },
      }, text)
    );
    for (const button of buttons) button.setAttribute("aria-pressed", `${button.textContent === "All"}`);
    return h("div", { class: "segmented", role: "group", "aria-label": "Panes" }, buttons);
  }

  #drawHead({ name, place, count, finding }: Selection): void {
    this.#title.textContent = name;
    this.#place.textContent = `${place} of ${count}`;
    const { maps } = this.#options.results;
    fill(
      this.#links,
      finding && maps
        ? h(
          "button",
          { type: "button", onclick: () => this.#panes.lookAt(finding.box, this.#comparedSize()) },
          "Go to the finding",
        )
        : null,
      this.#split === null
        ? null
        : h("a", { class: "button", href: viewHash("correct", this.#split, name) }, "Correct this mask"),
    );
  }

  #schedule(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    const [image, selection] = [this.#image, this.#selection];
    if (image === null || selection === null) return;
    const { results } = this.#options;
    const maps = image.maps instanceof Error ? null : image.maps;
    const truth = image.truth instanceof Error ? null : image.truth;
    const pixels = image.pixels instanceof Error ? null : image.pixels;
    const size = pixels ?? maps?.entry ?? truth ??
      inputSize(results.settings);
    this.#threshold.isEnabled = maps !== null;
    this.#native.disabled = maps === null || size.width * size.height > MOST_NATIVE_PIXELS;
    const isNative = this.#native.checked && !this.#native.disabled;
    const all = classSpecs(results);
    const classes = this.#class === null ? [...all.keys()] : [this.#class];
    const made = isNative
      ? nativeMasks({ maps: maps!, truth }, results.maps!, classes, this.threshold)
      : comparedMasks({ maps, truth }, classes, this.threshold);
    // What nobody annotated is not shown as empty.
    const masks = results.annotated ? made : withoutTruth(made);
    const colors = all.length > 1 ? classes.map((index) => all[index]!.color) : null;
    this.#panes.show({
      name: image.name,
      size,
      pixels,
      masks,
      colors,
      probabilities: maps && this.#probabilitiesOf(maps),
      mapSize: maps?.size ?? this.#comparedSize(),
      comparedSize: this.#comparedSize(),
      box: selection.finding?.box ?? null,
    });
    const named = colors && classes.map((index) => all[index]!);
    fill(this.#legend, paneLegend(named, masks.ignored !== null));
    this.#drawNumbers(maps, selection);
    this.#drawNotes(image, maps, truth, selection);
  }

  /** The same array as long as image and class are the same, so that its colors are made once. */
  #probabilitiesOf(maps: MeasuredImage): Float32Array {
    const kept = this.#probabilities;
    if (kept?.of === maps && kept.class === this.#class) return kept.values;
    const values = this.#class === null ? maps.highest() : maps.probabilities(this.#class);
    this.#probabilities = { of: maps, class: this.#class, values };
    return values;
  }

  #drawNumbers(maps: MeasuredImage | null, { result }: Selection): void {
    const { results } = this.#options;
    const { settings } = results;
    const className = this.#className();
    const evaluated: NumberColumn = {
      title: "Evaluated",
      note: thresholdText(settings.threshold),
      score: result && scoreOf(result, className),
    };
    const now: NumberColumn = {
      title: "Now",
      note: thresholdText(this.threshold),
      score: maps && scoreOf(maps.score(this.threshold, settings.spacing), className),
    };
    const { width, height } = this.#comparedSize();
    const pixels = width * height;
    const pixelArea = settings.spacing && maps
      ? settings.spacing[0] * settings.spacing[1] * maps.entry.width * maps.entry.height / pixels
      : null;
    const { annotated } = results;
    const units = { unit: settings.unit, pixels, pixelArea, annotated };
    fill(this.#numbers, numbersTable(result === null ? [now] : [evaluated, now], units));
  }

  /** The size at which the masks of the shown image were compared. */
  #comparedSize(): Size {
    const { settings } = this.#options.results;
    const { maps, pixels, truth } = this.#image ?? {};
    if (settings.compared === "image") {
      for (const known of [maps, pixels, truth]) {
        if (known && !(known instanceof Error)) return known instanceof MeasuredImage ? known.entry : known;
      }
    }
    return inputSize(settings);
  }

  /** The class whose numbers are shown; null for the means over all, or if there is only one. */
  #className(): string | null {
    const all = classSpecs(this.#options.results);
    return this.#class === null || all.length < 2 ? null : all[this.#class]!.name;
  }

  #drawNotes(
    image: ShownImage,
    maps: MeasuredImage | null,
    truth: ImageTruth | null,
    { result, finding }: Selection,
  ): void {
    const { results } = this.#options;
    const notes: string[] = [];
    if (finding) notes.push(`Finding: ${finding.class ? `${finding.class}, ` : ""}${finding.reason}.`);
    if (image.pixels instanceof Error) notes.push(`${image.pixels.message}.`);
    if (maps === null) {
      notes.push(
        `${(image.maps as Error).message}: no prediction is shown. To store them, ${evaluateHint(results)}`,
      );
    } else if (
      result && !sameScores(maps.score(results.settings.threshold, results.settings.spacing), result)
    ) {
      notes.push(`The stored maps are of another evaluation than these numbers: ${evaluateHint(results)}`);
    }
    if (maps && truth && results.annotated && !isSameTruth(maps, truth)) {
      notes.push(
        "The annotation of this image has changed since the evaluation; the evaluated one is compared here.",
      );
    }
    fill(this.#notes, notes.map((note) => h("p", { class: "note" }, note)));
  }
}
