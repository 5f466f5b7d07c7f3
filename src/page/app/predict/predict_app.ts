/**
 * Prediction in the page: images are dropped, predicted one by one on this machine, looked at and saved.
 * This module is browser compatible.
 *
 * @module
 */
import type { RgbImage } from "../../../image/image.ts";
import type { Mask } from "../../../image/mask.ts";
import type { ImageNumbers } from "../../../prediction/image_report.ts";
import type { ModelInfo } from "../../api/model.ts";
import { plural } from "../../../format.ts";
import { fill, h } from "../dom.ts";
import { MOST_FILES } from "./file_input.ts";
import type { DownloadsPanel } from "./downloads_panel.ts";
import type { Engine } from "./engine.ts";
import { ImagePanel } from "./image_panel.ts";
import { drawItemNote } from "./item_note.ts";
import { drawModelChoice } from "./model_choice.ts";
import { drawNumbers, shortText } from "./numbers_panel.ts";
import { keepPrediction, measure, type PredictedImage } from "./predicted_image.ts";
import { PixelStore } from "./pixel_store.ts";
import { Queue } from "./queue.ts";
import { type Item, QueuePanel, type QueuePanelOptions } from "./queue_panel.ts";
import { createDownloads } from "./queue_downloads.ts";
import { DEFAULT_SETTINGS, type Settings } from "./settings.ts";
import { SettingsPanel } from "./settings_panel.ts";
import { Session, type SessionState } from "./session.ts";
import { StatusPanel } from "./status_panel.ts";

/** What surrounds the view. */
export interface PredictHost {
  /** The models to choose from; the first one unless `chosen` says otherwise. */
  readonly models: readonly ModelInfo[];
  /** The id of the model that is opened first. */
  readonly chosen?: string | undefined;
  /** The address of the Worker's script; the engine's own by default. */
  readonly worker?: () => Promise<string>;
  /** Called when another model is chosen. */
  readonly onModel?: (model: ModelInfo) => void;
  /** Called when a model is ready. */
  readonly onReady?: () => void;
  /** Says something to screen readers. */
  readonly announce: (text: string) => void;
  /** Shows a message for some seconds. */
  readonly toast: (text: string, kind?: "info" | "error") => void;
}

/** Milliseconds after which other masks are made while a slider moves, if making them took long. */
const SLOW_MS = 100;

/** The view; call `close` when it is gone. */
export class PredictApp {
  readonly #host: PredictHost;
  readonly #queue = new Queue<PredictedImage>(() => this.#changed());
  readonly #pixels = new PixelStore();
  readonly #session: Session;
  readonly #status: StatusPanel;
  readonly #list: QueuePanel;
  readonly #listOptions: QueuePanelOptions;
  readonly #middle: HTMLElement = h("section", { class: "predict-image", "aria-label": "Result" });
  readonly #side: HTMLElement = h("div", { class: "predict-side" });
  /** Numbers of images at the settings that they were computed with. */
  readonly #numbers = new WeakMap<
    PredictedImage,
    { readonly settings: Settings; readonly numbers: ImageNumbers }
  >();
  #model: ModelInfo;
  #engine: Engine | null = null;
  #image: ImagePanel | null = null;
  #settingsPanel: SettingsPanel | null = null;
  #downloads: DownloadsPanel | null = null;
  readonly #numbersPlace: HTMLElement = h("div", {});
  #settings: Settings = DEFAULT_SETTINGS;
  #shownId: number | null = null;
  /** Which result is drawn: it is not redrawn when another image changes. */
  #drawn: { readonly predicted: PredictedImage; readonly settings: Settings } | null = null;
  /** Which note is drawn in place of a result. */
  #drawnNote = "";
  #frame = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;
  #slowMs = 0;

  /** Draws into `root`, and opens a model. */
  constructor(root: HTMLElement, host: PredictHost) {
    this.#host = host;
    this.#model = host.models.find(({ id }) => id === host.chosen) ?? host.models[0]!;
    this.#session = new Session({
      ...(host.worker ? { worker: host.worker } : {}),
      onChange: (state) => this.#setState(state),
    });
    this.#status = new StatusPanel({ onRetry: () => this.#open(this.#model), announce: host.announce });
    this.#listOptions = {
      onAdd: (files) => {
        const room = MOST_FILES - this.#queue.counts.all;
        if (files.length > room) {
          host.toast(
            `The page takes ${plural(MOST_FILES, "image")} at a time; deno task predict takes any number`,
            "error",
          );
        }
        const [first] = this.#queue.add(files.slice(0, Math.max(0, room)));
        if (first !== undefined && this.#shownId === null) this.#show(first.id);
      },
      onShow: (id) => this.#show(id),
      // On narrow screens the image is below the list.
      onOpen: () =>
        this.#middle.getBoundingClientRect().top > innerHeight / 2 && this.#middle.scrollIntoView(),
      onCancel: (id) => this.#queue.cancel(id),
      onRetry: (id) => this.#queue.retry(id),
      onRemove: (id) => this.#remove([id]),
      onCancelAll: () => this.#queue.cancelAll(),
      onRemoveAll: () => this.#remove(this.#queue.items.map(({ id }) => id)),
      summary: (item) => this.#summary(item),
      toast: host.toast,
    };
    this.#list = new QueuePanel(this.#listOptions);
    root.append(
      h(
        "div",
        { class: "predict-head" },
        h("h1", {}, "Predict"),
        drawModelChoice(host.models, this.#model, (model) => this.#choose(model)),
      ),
      this.#status.element,
      h("div", { class: "predict-body" }, this.#list.element, this.#middle, this.#side),
    );
    this.#open(this.#model);
  }

  /** Frees the GPU and stops listening. */
  close(): void {
    this.#queue.start(null);
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    clearTimeout(this.#idle);
    this.#session.close();
    this.#list.close();
    this.#image?.close();
  }

  #choose(model: ModelInfo): void {
    this.#host.onModel?.(model);
    this.#open(model);
  }

  #open(model: ModelInfo): void {
    this.#model = model;
    this.#engine = null;
    this.#queue.start(null);
    this.#status.setModel(model);
    this.#session.open(new URL(model.url, document.baseURI).href);
  }

  #setState(state: SessionState): void {
    this.#status.setState(state);
    if (state.kind !== "ready" || state.engine === this.#engine) return;
    const { engine } = state;
    this.#engine = engine;
    this.#makePanels(engine);
    this.#queue.start(async ({ file }, signal) => {
      const predicted = keepPrediction(await engine.predict(file, { signal }));
      this.#pixels.use(predicted);
      return predicted;
    });
    this.#host.onReady?.();
  }

  #makePanels(engine: Engine): void {
    this.#settings = DEFAULT_SETTINGS;
    this.#drawn = null;
    this.#image?.close();
    this.#image = new ImagePanel(engine.model);
    this.#settingsPanel = new SettingsPanel(engine.model, (settings) => {
      this.#settings = settings;
      this.#scheduleMeasure();
    });
    this.#downloads = createDownloads({
      items: () => this.#queue.items,
      shownId: () => this.#shownId,
      provenance: () => ({ state: engine.state, file: this.#model.name, settings: this.#settings }),
      pixelsOf: (item) => this.#pixelsOf(item),
      onError: (error) => this.#host.toast(error.message, "error"),
    });
  }

  #done(): Item[] {
    return this.#queue.items.filter(({ state }) => state === "done");
  }

  #pixelsOf({ file, result }: Item): Promise<RgbImage> {
    return this.#pixels.pixels(result!, async () => (await this.#engine!.predict(file)).image);
  }

  #remove(ids: readonly number[]): void {
    const place = this.#queue.items.findIndex(({ id }) => id === this.#shownId);
    for (const id of ids) {
      const { result } = this.#queue.find(id) ?? {};
      if (result) this.#pixels.forget(result);
    }
    this.#queue.remove(...ids);
    if (this.#queue.find(this.#shownId ?? -1) !== null) return;
    const next = this.#queue.items[Math.min(place, this.#queue.items.length - 1)];
    this.#shownId = null;
    if (next !== undefined) this.#show(next.id);
    else this.#draw();
  }

  /** The queue changed: the list and, if it is the one that is shown, the image are drawn again. */
  #changed(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => {
      this.#updateList();
      this.#draw();
    });
  }

  #updateList(): void {
    this.#list.update(this.#queue.items, this.#queue.counts);
    this.#downloads?.setCount(this.#queue.counts.done);
  }

  #show(id: number): void {
    this.#shownId = id;
    this.#list.activate(id);
    this.#draw();
  }

  #draw(): void {
    const item = this.#shownId === null ? null : this.#queue.find(this.#shownId);
    const isDone = item?.state === "done" && this.#engine !== null;
    this.#showSide(isDone);
    if (item !== null && isDone) {
      const { predicted, settings } = this.#drawn ?? {};
      if (predicted === item.result && settings === this.#settings) return;
      this.#drawnNote = "";
      this.#drawResult(item);
      return;
    }
    this.#drawn = null;
    const note = item === null ? "" : [item.id, item.state, item.error, this.#engine === null].join();
    // What is drawn already stays: it may have the focus.
    if (note === this.#drawnNote && note !== "") return;
    this.#drawnNote = note;
    const isReady = this.#engine !== null;
    fill(this.#middle, item === null ? null : drawItemNote(item, isReady, this.#listOptions));
  }

  /** Shows or hides what is next to the image; elements that stay keep the focus. */
  #showSide(isShown: boolean): void {
    const parts = isShown ? [this.#numbersPlace, this.#settingsPanel!.element, this.#downloads!.element] : [];
    const children = [...this.#side.children];
    if (parts.length === children.length && parts.every((part, at) => part === children[at])) return;
    fill(this.#side, parts);
  }

  async #drawResult(item: Item): Promise<void> {
    const predicted = item.result!;
    this.#drawn = null;
    if (predicted.image === null) {
      fill(
        this.#middle,
        h("h2", { class: "predict-title" }, item.path),
        h("p", { class: "muted" }, "Decoding …"),
      );
    }
    let image: RgbImage;
    try {
      image = await this.#pixelsOf(item);
    } catch (error) {
      // The file may have been moved since.
      return this.#host.toast((error as Error).message, "error");
    }
    // Another image was chosen meanwhile.
    if (this.#shownId !== item.id || item.result !== predicted || this.#image === null) return;
    const masks: Mask[] = [];
    const start = performance.now();
    const numbers = this.#measure(item, (mask) => masks.push(mask));
    this.#slowMs = performance.now() - start;
    this.#drawn = { predicted, settings: this.#settings };
    this.#updateList();
    if (!this.#middle.contains(this.#image.element)) fill(this.#middle, this.#image.element);
    this.#image.show({ name: item.path, predicted, image, masks });
    fill(
      this.#numbersPlace,
      drawNumbers(numbers, predicted, this.#engine!.model.classes, (box) => this.#image?.mark(box)),
    );
  }

  #measure({ path, result }: Item, onMask?: (mask: Mask) => void): ImageNumbers {
    const settings = this.#settings;
    const { numbers } = measure(path, result!, this.#engine!.model, settings, ({ mask }) => onMask?.(mask));
    this.#numbers.set(result!, { settings, numbers });
    return numbers;
  }

  /** Other masks, at once if that is quick, or else when the slider rests. */
  #scheduleMeasure(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#draw();
      this.#updateList();
    }, this.#slowMs > SLOW_MS ? SLOW_MS : 0);
  }

  /** The numbers of an image for the list; those that are not known are computed when nothing else is to be done. */
  #summary(item: Item): string | null {
    const known = this.#numbers.get(item.result!);
    if (known?.settings === this.#settings) return shortText(known.numbers);
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#computeNext(), 50);
    return known ? shortText(known.numbers) : null;
  }

  #computeNext(): void {
    const next = this.#done().find(({ result }) => this.#numbers.get(result!)?.settings !== this.#settings);
    if (next === undefined || this.#engine === null) return;
    this.#measure(next);
    this.#updateList();
  }
}
