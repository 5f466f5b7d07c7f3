/**
 * The list of images, and the ways to add some. This module is browser compatible.
 *
 * @module
 */
import { plural } from "../../../format.ts";
import { h, on } from "../dom.ts";
import { VirtualTable } from "../widgets/virtual_table.ts";
import { filesOfDrop, filesOfField, filesOfPaste, type FoundFiles } from "./file_input.ts";
import type { PredictedImage } from "./predicted_image.ts";
import type { QueueCounts, QueuedFile, QueueItem } from "./queue.ts";

/** An image in the list. */
export type Item = QueueItem<PredictedImage>;

/** What the list needs. */
export interface QueuePanelOptions {
  readonly onAdd: (files: readonly QueuedFile[]) => void;
  readonly onShow: (id: number) => void;
  /** Called after it if the image was clicked, or Enter was pressed. */
  readonly onOpen: () => void;
  readonly onCancel: (id: number) => void;
  readonly onRetry: (id: number) => void;
  readonly onRemove: (id: number) => void;
  readonly onCancelAll: () => void;
  readonly onRemoveAll: () => void;
  /** What a predicted image is summed up as; null if that is not known yet. */
  readonly summary: (item: Item) => string | null;
  readonly toast: (text: string, kind?: "info" | "error") => void;
}

/** A row: a new one for each state of an image, so that the table draws it again. */
interface Row {
  readonly item: Item;
  readonly state: Item["state"];
  readonly text: string;
}

/** The list; add its `element` to the page, and call `close` when it is gone. */
export class QueuePanel {
  readonly element: HTMLElement;
  readonly #options: QueuePanelOptions;
  readonly #table: VirtualTable<Row>;
  readonly #counts: HTMLElement = h("p", { class: "predict-counts", role: "status" });
  readonly #bar: HTMLProgressElement = h("progress", { "aria-label": "Predicted images", max: 1, value: 0 });
  readonly #cancelAll: HTMLButtonElement;
  readonly #removeAll: HTMLButtonElement;
  readonly #drop: HTMLElement;
  readonly #list: HTMLElement;
  readonly #closers: (() => void)[];
  #rows = new Map<number, Row>();

  /** An empty list. */
  constructor(options: QueuePanelOptions) {
    this.#options = options;
    this.#cancelAll = h("button", { type: "button", onclick: options.onCancelAll }, "Cancel all");
    this.#removeAll = h("button", { type: "button", onclick: options.onRemoveAll }, "Remove all");
    this.#table = new VirtualTable<Row>({
      label: "Images",
      key: ({ item }) => `${item.id}`,
      columns: [
        {
          key: "image",
          title: "Image",
          width: "minmax(110px, 1fr)",
          cell: ({ item }) => drawPath(item.path),
        },
        {
          key: "result",
          title: "Area",
          width: "96px",
          cell: ({ state, text }) => h("span", { class: `predict-state predict-${state}` }, text),
        },
        { key: "actions", title: "", width: "68px", cell: (row) => this.#actions(row) },
      ],
      onActive: ({ item }) => options.onShow(item.id),
      onOpen: options.onOpen,
    });
    this.#drop = this.#dropZone();
    this.#list = h(
      "div",
      { class: "predict-list", hidden: true },
      this.#counts,
      this.#bar,
      this.#table.element,
      h("div", { class: "predict-list-actions" }, this.#cancelAll, this.#removeAll),
    );
    this.element = h("section", { class: "predict-queue", "aria-label": "Images" }, this.#drop, this.#list);
    this.#closers = this.#listen();
  }

  /** Shows the images and how far they are. */
  update(items: readonly Item[], counts: QueueCounts): void {
    const rows = new Map<number, Row>();
    for (const item of items) {
      const text = describeItem(item, this.#options.summary);
      const before = this.#rows.get(item.id);
      const isSame = before?.item === item && before.state === item.state && before.text === text;
      rows.set(item.id, isSame ? before : { item, state: item.state, text });
    }
    this.#rows = rows;
    this.#table.setRows([...rows.values()]);
    this.#list.hidden = items.length === 0;
    this.element.classList.toggle("predict-has-images", items.length > 0);
    const { all, done, failed, cancelled, waiting, working } = counts;
    this.#counts.textContent = `${done} of ${plural(all, "image")} predicted` +
      (failed > 0 ? `, ${failed} failed` : "") + (cancelled > 0 ? `, ${cancelled} canceled` : "");
    this.#bar.max = Math.max(1, all);
    this.#bar.value = done + failed + cancelled;
    this.#bar.hidden = waiting + working === 0;
    this.#cancelAll.disabled = waiting + working === 0;
  }

  /** Marks the image that is shown. */
  activate(id: number): void {
    this.#table.activate(`${id}`);
  }

  /** Stops listening. */
  close(): void {
    this.#closers.forEach((close) => close());
  }

  #actions({ item, state }: Row): HTMLElement {
    const { onCancel, onRemove, onRetry } = this.#options;
    const button = (text: string, label: string, act: (id: number) => void) =>
      h("button", {
        type: "button",
        class: "predict-action",
        "aria-label": `${label} ${item.path}`,
        title: label,
        onclick: () => act(item.id),
      }, text);
    return h(
      "span",
      { class: "predict-actions" },
      state === "waiting" || state === "working" ? button("■", "Cancel", onCancel) : null,
      state === "failed" || state === "cancelled" ? button("↻", "Try again", onRetry) : null,
      button("×", "Remove", onRemove),
    );
  }

  #dropZone(): HTMLElement {
    const field = (isFolder: boolean) =>
      h("input", {
        type: "file",
        multiple: true,
        webkitdirectory: isFolder,
        class: "visually-hidden",
        tabindex: -1,
        "aria-label": isFolder ? "Folder of images" : "Images",
        onchange: ({ target }: Event) => {
          const input = target as HTMLInputElement;
          this.#add(filesOfField(input.files ?? []));
          // The same file may be chosen again.
          input.value = "";
        },
      });
    const [files, folder] = [field(false), field(true)];
    return h(
      "div",
      { class: "predict-drop" },
      h("p", { class: "predict-drop-title" }, "Drop images or folders here"),
      h("p", { class: "muted" }, "or paste them. PNG, JPEG, TIFF, WebP, BMP and GIF."),
      h(
        "div",
        { class: "predict-choose" },
        h("button", { type: "button", class: "primary", onclick: () => files.click() }, "Choose images"),
        h("button", { type: "button", onclick: () => folder.click() }, "Choose a folder"),
      ),
      files,
      folder,
    );
  }

  /** Images may be dropped anywhere on the page, and pasted at any time. */
  #listen(): (() => void)[] {
    let depth = 0;
    const mark = (change: number) => {
      depth = Math.max(0, depth + change);
      document.documentElement.classList.toggle("predict-dragging", depth > 0);
    };
    const hasFiles = ({ dataTransfer }: DragEvent) => [...dataTransfer?.types ?? []].includes("Files");
    return [
      on(document, "dragenter", (event: DragEvent) => hasFiles(event) && mark(1)),
      on(document, "dragleave", (event: DragEvent) => hasFiles(event) && mark(-1)),
      on(document, "dragover", (event: DragEvent) => hasFiles(event) && event.preventDefault()),
      on(document, "drop", async (event: DragEvent) => {
        mark(-Infinity);
        if (!hasFiles(event)) return;
        event.preventDefault();
        this.#add(await filesOfDrop(event.dataTransfer!));
      }),
      on(document, "paste", (event: ClipboardEvent) => {
        const found = filesOfPaste(event.clipboardData);
        if (found.files.length === 0) return;
        event.preventDefault();
        this.#add(found);
      }),
      () => mark(-Infinity),
    ];
  }

  #add({ files, others }: FoundFiles): void {
    const { onAdd, toast } = this.#options;
    if (files.length === 0) return toast("There is no image in what was dropped or chosen", "error");
    if (others > 0) toast(`${plural(others, "file")} without an image left out`);
    onAdd(files);
  }
}

/** Characters of a path in the list, and of its end: that tells image 12 from image 13. */
const [MOST, END] = [16, 9];

function drawPath(path: string): HTMLElement {
  const isLong = path.length > MOST;
  const text = isLong ? `${path.slice(0, MOST - END - 1)}…${path.slice(-END)}` : path;
  return h("span", { title: path, "aria-label": isLong ? path : null }, text);
}

function describeItem(item: Item, summary: (item: Item) => string | null): string {
  switch (item.state) {
    case "waiting":
      return "waiting";
    case "working":
      return "predicting …";
    case "cancelled":
      return "canceled";
    case "failed":
      return "failed";
    case "done":
      return summary(item) ?? "predicted";
  }
}
