/**
 * The cells of a table. This module is browser compatible.
 *
 * @module
 */
import { type Child, fill, h } from "../dom.ts";
import type { Sort, SortValue } from "./table_order.ts";

/** A column. */
export interface Column<Row> {
  /** Its name in {@linkcode Sort}. */
  readonly key: string;
  /** Its heading. */
  readonly title: string;
  /** What the heading means, shown when it is pointed at. */
  readonly help?: string;
  /** What a row shows in it. */
  readonly cell: (row: Row) => Child;
  /** What rows are ordered by; without it the column does not sort. */
  readonly sort?: (row: Row) => SortValue;
  /** Aligns numbers by their last digit. */
  readonly numeric?: boolean;
  /** Whether the first click on its heading puts the largest first. */
  readonly descendingFirst?: boolean;
  /** Its track in a CSS grid; defaults to `minmax(90px, 1fr)`. */
  readonly width?: string;
}

/** A column's heading, with a button if the column sorts. */
export function headingCell<Row>(column: Column<Row>, order: Sort | null, onSort: () => void): HTMLElement {
  const { key, title, help, sort, numeric } = column;
  const sorted = order?.column === key ? order : null;
  return h(
    "div",
    {
      class: `vt-cell${numeric ? " number" : ""}`,
      role: "columnheader",
      title: help,
      "aria-sort": sort ? sorted ? sorted.descending ? "descending" : "ascending" : "none" : null,
    },
    sort
      ? h(
        "button",
        { type: "button", class: "vt-sort", onclick: onSort },
        title,
        h("span", { "aria-hidden": "true" }, sorted ? sorted.descending ? " ▾" : " ▴" : ""),
      )
      : title,
  );
}

/** The heading of the boxes that select rows. */
export function selectHeading(): HTMLElement {
  return h(
    "div",
    { class: "vt-cell", role: "columnheader" },
    h("span", { class: "visually-hidden" }, "Selected"),
  );
}

/** A row's cell. */
export function rowCell<Row>({ cell, numeric }: Column<Row>, row: Row): HTMLElement {
  return h("div", { class: `vt-cell${numeric ? " number" : ""}`, role: "gridcell" }, cell(row));
}

/** The box that selects a row; keys do it from the table itself. */
export function selectCell(key: string, onSelect: () => void): HTMLElement {
  const label = `Select ${key}`;
  const box = h("input", { type: "checkbox", tabindex: -1, "aria-label": label, onclick: onSelect });
  return h("div", { class: "vt-cell", role: "gridcell" }, box);
}

/** Replaces cells; the control that had the focus has it again. */
export function refill(element: HTMLElement, cells: Child): void {
  const controls = () => [...element.querySelectorAll<HTMLElement>("a, button, input")];
  const focused = controls().indexOf(document.activeElement as HTMLElement);
  fill(element, cells);
  if (focused >= 0) controls()[focused]?.focus({ preventScroll: true });
}
