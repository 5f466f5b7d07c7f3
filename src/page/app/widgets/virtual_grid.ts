/**
 * Tiles of any number in rows as wide as the page: only those in view exist. Arrow keys move, Enter opens.
 * This module is browser compatible.
 *
 * @module
 */
import { h, uniqueId } from "../dom.ts";
import { movedTile, tilesInView } from "./grid_order.ts";

/** A tile on the page. */
export interface Tile {
  /** What it shows. */
  readonly element: HTMLElement;
  /** What it is called by screen readers. */
  readonly label: string;
  /** Called when it leaves the view, such as to stop loading its image. */
  close?(): void;
}

/** Settings of a {@linkcode VirtualGrid}. */
export interface VirtualGridOptions<Item> {
  /** What the grid holds, for screen readers. */
  readonly label: string;
  /** What tells an item from all others. */
  readonly key: (item: Item) => string;
  /** Makes an item's tile. */
  readonly tile: (item: Item) => Tile;
  /** Least width and the height of a tile in pixels, with the gap after it. */
  readonly width: number;
  readonly height: number;
  /** What is shown in place of no items. */
  readonly empty: string;
  /** Called when a tile is clicked, or Enter is pressed on it. */
  readonly onOpen: (item: Item) => void;
}

/** Rows beyond the edges that exist, too. */
const SPARE_ROWS = 2;

/** The grid; add its `element` to the page. */
export class VirtualGrid<Item> {
  /** The list, which scrolls. */
  readonly element: HTMLElement;
  readonly #options: VirtualGridOptions<Item>;
  readonly #space: HTMLElement;
  readonly #empty: HTMLElement;
  readonly #observer: ResizeObserver;
  readonly #drawn = new Map<string, { item: Item; index: number; tile: Tile; element: HTMLElement }>();
  #items: readonly Item[] = [];
  #active: string | null = null;
  #columns = 1;
  #frame = 0;

  /** An empty grid. */
  constructor(options: VirtualGridOptions<Item>) {
    this.#options = options;
    this.#space = h("div", { class: "vg-space", role: "presentation" });
    this.#empty = h("p", { class: "vt-empty muted", hidden: true }, options.empty);
    this.element = h(
      "div",
      {
        class: "vg",
        role: "listbox",
        tabindex: 0,
        "aria-label": options.label,
        onkeydown: (event: KeyboardEvent) => this.#press(event),
        onscroll: () => this.#schedule(),
      },
      this.#space,
      this.#empty,
    );
    this.#observer = new ResizeObserver(() => this.#schedule());
    this.#observer.observe(this.element);
  }

  /** The items in their order. */
  get items(): readonly Item[] {
    return this.#items;
  }

  /** Replaces all items; tiles of items that are the same objects as before stay. */
  setItems(items: readonly Item[]): void {
    this.#items = items;
    this.#empty.hidden = items.length > 0;
    this.#draw();
  }

  /** Makes an item the active one, and brings it into view. */
  activate(key: string): void {
    const index = this.#items.findIndex((item) => this.#options.key(item) === key);
    if (index >= 0) this.#moveTo(index);
  }

  /** Stops listening, and all that its tiles wait for. */
  close(): void {
    cancelAnimationFrame(this.#frame);
    this.#observer.disconnect();
    for (const { tile } of this.#drawn.values()) tile.close?.();
    this.#drawn.clear();
  }

  #press(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const { key, height, onOpen } = this.#options;
    const index = this.#items.findIndex((item) => key(item) === this.#active);
    const rows = Math.max(1, Math.floor(this.element.clientHeight / height) - 1);
    const to = movedTile(event.key, { index, count: this.#items.length, columns: this.#columns, rows });
    if (to !== null) this.#moveTo(to);
    else if (event.key === "Enter" && index >= 0) onOpen(this.#items[index]!);
    else return;
    event.preventDefault();
  }

  #moveTo(index: number): void {
    this.#measure();
    const { key, height } = this.#options;
    this.#active = key(this.#items[index]!);
    const top = Math.floor(index / this.#columns) * height;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + height > scrollTop + clientHeight) this.element.scrollTop = top + height - clientHeight;
    this.#draw();
  }

  #schedule(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #measure(): void {
    const { width, height } = this.#options;
    this.#columns = Math.max(1, Math.floor(this.#space.clientWidth / width));
    this.#space.style.height = `${Math.ceil(this.#items.length / this.#columns) * height}px`;
  }

  /** Makes the tiles that have come into view, and removes the others. */
  #draw(): void {
    this.#measure();
    const { key, height } = this.#options;
    const { first, end } = tilesInView({
      scrollTop: this.element.scrollTop,
      viewHeight: this.element.clientHeight,
      height,
      columns: this.#columns,
      count: this.#items.length,
      spare: SPARE_ROWS,
    });
    const wanted = new Map(this.#items.slice(first, end).map((item, at) => [key(item), first + at]));
    for (const [name, { item, tile, element }] of this.#drawn) {
      const index = wanted.get(name);
      if (index !== undefined && this.#items[index] === item) continue;
      tile.close?.();
      element.remove();
      this.#drawn.delete(name);
    }
    let before: Element | null = null;
    for (const [name, index] of wanted) {
      const known = this.#drawn.get(name);
      const drawn = known ?? this.#create(name, this.#items[index]!);
      drawn.index = index;
      this.#place(drawn.element, name, index);
      // Screen readers follow the order of the elements.
      const place: Element | null = before === null
        ? this.#space.firstElementChild
        : before.nextElementSibling;
      if (place !== drawn.element) this.#space.insertBefore(drawn.element, place);
      before = drawn.element;
    }
    const active = this.#active === null ? undefined : this.#drawn.get(this.#active);
    if (active) this.element.setAttribute("aria-activedescendant", active.element.id);
    else this.element.removeAttribute("aria-activedescendant");
  }

  #create(name: string, item: Item) {
    const tile = this.#options.tile(item);
    const element = h("div", {
      class: "vg-tile",
      role: "option",
      id: uniqueId("tile"),
      "aria-label": tile.label,
      onclick: () => {
        const { index } = this.#drawn.get(name)!;
        this.#moveTo(index);
        this.#options.onOpen(item);
      },
    }, tile.element);
    const drawn = { item, index: 0, tile, element };
    this.#drawn.set(name, drawn);
    return drawn;
  }

  #place(element: HTMLElement, name: string, index: number): void {
    const column = index % this.#columns;
    const share = 100 / this.#columns;
    element.style.width = `${share}%`;
    element.style.left = `${column * share}%`;
    element.style.top = `${Math.floor(index / this.#columns) * this.#options.height}px`;
    element.style.height = `${this.#options.height}px`;
    element.setAttribute("aria-posinset", `${index + 1}`);
    element.setAttribute("aria-setsize", `${this.#items.length}`);
    element.setAttribute("aria-selected", `${name === this.#active}`);
  }
}
