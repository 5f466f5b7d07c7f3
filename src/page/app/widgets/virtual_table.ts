/**
 * A table of any length: only the rows in view exist. Arrow keys move, Enter opens, Space selects, headings sort.
 * This module is browser compatible.
 *
 * @module
 */
import { h, uniqueId } from "../dom.ts";
import { type Column, headingCell, refill, rowCell, selectCell, selectHeading } from "./table_cells.ts";
import { movedRow, rowsInView, type Sort, sortedBy } from "./table_order.ts";

export type { Column } from "./table_cells.ts";

/** Settings of a {@linkcode VirtualTable}. */
export interface VirtualTableOptions<Row> {
  /** What the table holds, for screen readers. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  /** What tells a row from all others; it stays when the row's values change. */
  readonly key: (row: Row) => string;
  /** The order at first; the rows' own if absent. */
  readonly sort?: Sort;
  /** Pixels; defaults to 32. Every row has it. */
  readonly rowHeight?: number;
  /** What is shown in place of no rows. */
  readonly empty?: string;
  /** Called when a row is clicked twice, or Enter is pressed on it. */
  readonly onOpen?: (row: Row) => void;
  /** Called when another row becomes the active one, by keys or a click. */
  readonly onActive?: (row: Row) => void;
  /** Lets rows be selected by a checkbox or Space; called with the keys of those that are. */
  readonly onSelect?: (keys: ReadonlySet<string>) => void;
  /** Called when the order has changed. */
  readonly onSort?: (sort: Sort) => void;
}

/** Rows beyond the edges that exist, too. */
const SPARE_ROWS = 8;

/** The table; add its `element` to the page. */
export class VirtualTable<Row> {
  /** The grid, which scrolls. */
  readonly element: HTMLElement;
  readonly #options: VirtualTableOptions<Row>;
  readonly #rowHeight: number;
  readonly #head: HTMLElement;
  readonly #body: HTMLElement;
  readonly #empty: HTMLElement;
  readonly #id = uniqueId("table");
  readonly #drawn = new Map<string, { row: Row; element: HTMLElement; index: number }>();
  #rows: readonly Row[] = [];
  #ordered: readonly Row[] = [];
  #sort: Sort | null;
  #selected: Set<string> = new Set();
  #active: string | null = null;
  #frame = 0;

  /** An empty table. */
  constructor(options: VirtualTableOptions<Row>) {
    this.#options = options;
    this.#rowHeight = options.rowHeight ?? 32;
    this.#sort = options.sort ?? null;
    this.#head = h("div", { class: "vt-head", role: "row", "aria-rowindex": 1 });
    this.#body = h("div", { class: "vt-body", role: "rowgroup" });
    this.#empty = h("p", { class: "vt-empty muted", hidden: true }, options.empty ?? "Nothing to show.");
    const tracks = options.columns.map(({ width }) => width ?? "minmax(90px, 1fr)");
    this.element = h(
      "div",
      {
        class: "vt",
        role: "grid",
        tabindex: 0,
        "aria-label": options.label,
        "aria-colcount": options.columns.length + (options.onSelect ? 1 : 0),
        "aria-multiselectable": options.onSelect ? "true" : null,
        style: {
          "--columns": [...options.onSelect ? ["36px"] : [], ...tracks].join(" "),
          "--row-height": `${this.#rowHeight}px`,
        },
        onkeydown: (event: KeyboardEvent) => this.#press(event),
        onscroll: () => this.#schedule(),
      },
      h(
        "div",
        { class: "vt-inner", role: "presentation" },
        h("div", { class: "vt-headgroup", role: "rowgroup" }, this.#head),
        this.#body,
      ),
      this.#empty,
    );
    this.#drawHead();
    // A hidden table has no height, and shows nothing until it gets one.
    new ResizeObserver(() => this.#schedule()).observe(this.element);
  }

  /** The rows in their order. */
  get rows(): readonly Row[] {
    return this.#ordered;
  }

  /** The active row. */
  get active(): Row | null {
    return this.#ordered.find((row) => this.#options.key(row) === this.#active) ?? null;
  }

  /** Keys of the selected rows. */
  get selected(): ReadonlySet<string> {
    return this.#selected;
  }

  /** Replaces all rows; those that are the same objects as before are not drawn again. What is selected stays. */
  setRows(rows: readonly Row[]): void {
    this.#rows = rows;
    this.#order();
  }

  /** Selects rows by their keys, without a call of `onSelect`. */
  select(keys: Iterable<string>): void {
    this.#selected = new Set(keys);
    this.#redraw();
  }

  /** Makes a row the active one and brings it into view, without a call of `onActive`. */
  activate(key: string): void {
    const index = this.#ordered.findIndex((row) => this.#options.key(row) === key);
    if (index >= 0) this.#moveTo(index, false);
  }

  /** Orders rows by a column. */
  setSort(sort: Sort): void {
    this.#sort = sort;
    this.#drawHead();
    this.#order();
  }

  #order(): void {
    const column = this.#options.columns.find(({ key }) => key === this.#sort?.column);
    this.#ordered = column?.sort
      ? sortedBy(this.#rows, column.sort, this.#sort!.descending)
      : [...this.#rows];
    this.element.setAttribute("aria-rowcount", `${this.#ordered.length + 1}`);
    this.#body.style.height = `${this.#ordered.length * this.#rowHeight}px`;
    this.#empty.hidden = this.#ordered.length > 0;
    this.#draw();
  }

  #drawHead(): void {
    const { columns, onSelect } = this.#options;
    refill(this.#head, [
      onSelect ? selectHeading() : null,
      columns.map((column) => headingCell(column, this.#sort, () => this.#toggleSort(column))),
    ]);
  }

  #toggleSort({ key, descendingFirst = false }: Column<Row>): void {
    const descending = this.#sort?.column === key ? !this.#sort.descending : descendingFirst;
    this.setSort({ column: key, descending });
    this.#options.onSort?.(this.#sort!);
  }

  #press(event: KeyboardEvent): void {
    const isOther = event.ctrlKey && !["Home", "End"].includes(event.key);
    if (event.target !== this.element || event.altKey || event.metaKey || isOther) return;
    const { key, onOpen, onSelect } = this.#options;
    const index = this.#ordered.findIndex((row) => key(row) === this.#active);
    const page = Math.max(1, Math.floor(this.#bodyHeight() / this.#rowHeight) - 1);
    const to = movedRow(event.key, index, this.#ordered.length, page);
    const row = this.#ordered[index];
    if (to !== null) this.#moveTo(to, true);
    else if (event.key === "Enter" && row !== undefined && onOpen) onOpen(row);
    else if (event.key === " " && row !== undefined && onSelect) this.#toggle(row);
    else return;
    event.preventDefault();
  }

  #moveTo(index: number, tell: boolean): void {
    const row = this.#ordered[index]!;
    this.#active = this.#options.key(row);
    const top = index * this.#rowHeight;
    const height = this.#bodyHeight();
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    else if (top + this.#rowHeight > this.element.scrollTop + height) {
      this.element.scrollTop = top + this.#rowHeight - height;
    }
    this.#redraw();
    if (tell) this.#options.onActive?.(row);
  }

  #toggle(row: Row): void {
    const key = this.#options.key(row);
    if (!this.#selected.delete(key)) this.#selected.add(key);
    this.#redraw();
    this.#options.onSelect?.(this.#selected);
  }

  #bodyHeight(): number {
    return this.element.clientHeight - this.#head.offsetHeight;
  }

  #schedule(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#draw());
  }

  /** Draws every row in view again. */
  #redraw(): void {
    for (const { row, element, index } of this.#drawn.values()) this.#mark(element, row, index);
    this.#draw();
  }

  /** Makes the rows that have come into view, and removes the others. */
  #draw(): void {
    const { key } = this.#options;
    const { first, end } = rowsInView({
      scrollTop: this.element.scrollTop,
      height: this.#bodyHeight(),
      rowHeight: this.#rowHeight,
      count: this.#ordered.length,
      spare: SPARE_ROWS,
    });
    const wanted = new Map(this.#ordered.slice(first, end).map((row, at) => [key(row), first + at]));
    for (const [name, { element }] of this.#drawn) {
      if (wanted.has(name)) continue;
      element.remove();
      this.#drawn.delete(name);
    }
    for (const [name, index] of wanted) {
      const row = this.#ordered[index]!;
      const drawn = this.#drawn.get(name);
      if (drawn?.row === row && drawn.index === index) continue;
      const element = drawn?.element ?? this.#createRow(name);
      if (drawn?.row !== row) this.#fillRow(element, row);
      this.#mark(element, row, index);
      this.#drawn.set(name, { row, element, index });
      if (drawn === undefined) this.#body.append(element);
    }
    // Screen readers follow the order of the elements.
    const inOrder = [...this.#drawn.values()].sort((a, b) => a.index - b.index).map(({ element }) => element);
    inOrder.forEach((element, at) => {
      if (this.#body.children[at] !== element) {
        this.#body.insertBefore(element, this.#body.children[at] ?? null);
      }
    });
    const active = this.#active === null ? undefined : this.#drawn.get(this.#active);
    if (active) this.element.setAttribute("aria-activedescendant", active.element.id);
    else this.element.removeAttribute("aria-activedescendant");
  }

  #createRow(name: string): HTMLElement {
    const current = () => this.#drawn.get(name);
    return h("div", {
      class: "vt-row",
      role: "row",
      id: `${this.#id}-${uniqueId("row")}`,
      onclick: (event: MouseEvent) => {
        const { row, index } = current() ?? {};
        if (row !== undefined && !isControl(event)) this.#moveTo(index!, true);
      },
      ondblclick: (event: MouseEvent) => {
        const { row } = current() ?? {};
        if (row !== undefined && !isControl(event)) this.#options.onOpen?.(row);
      },
    });
  }

  #fillRow(element: HTMLElement, row: Row): void {
    const { columns, key, onSelect } = this.#options;
    refill(element, [
      onSelect ? selectCell(key(row), () => this.#toggle(row)) : null,
      columns.map((column) => rowCell(column, row)),
    ]);
  }

  /** What a row looks like where it is now. */
  #mark(element: HTMLElement, row: Row, index: number): void {
    const key = this.#options.key(row);
    element.style.transform = `translateY(${index * this.#rowHeight}px)`;
    element.setAttribute("aria-rowindex", `${index + 2}`);
    element.classList.toggle("vt-active", key === this.#active);
    element.classList.toggle("vt-odd", index % 2 === 1);
    if (!this.#options.onSelect) {
      element.setAttribute("aria-selected", `${key === this.#active}`);
      return;
    }
    const isSelected = this.#selected.has(key);
    element.setAttribute("aria-selected", `${isSelected}`);
    const box = element.querySelector<HTMLInputElement>("input");
    if (box) box.checked = isSelected;
  }
}

/** Whether a click is meant for a control within the row. */
function isControl(event: MouseEvent): boolean {
  return (event.target as Element).closest("a, button, input") !== null;
}
