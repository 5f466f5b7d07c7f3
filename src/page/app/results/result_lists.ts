/**
 * The tables of an evaluation: its images by their scores, and the findings of its audit.
 * This module is browser compatible.
 *
 * @module
 */
import type { AuditFinding } from "../../../evaluation/audit.ts";
import type { EvaluationResults, ImageResult } from "../../api/results.ts";
import { fill, h, uniqueId } from "../dom.ts";
import { showCount, showMetric } from "../format.ts";
import { type Column, VirtualTable } from "../widgets/virtual_table.ts";
import type { Selection } from "./image_detail.ts";
import {
  filterRows,
  FILTERS,
  type ResultColumn,
  resultColumns,
  type ResultFilter,
  type ResultRow,
  resultRows,
} from "./result_rows.ts";

/** Pixels that the headings of columns need. */
const WIDTHS = { share: 76, distance: 100, count: 116 } as const;

/** A list to choose images from. */
export interface ResultList {
  readonly element: HTMLElement;
  /** What is chosen; null if there is nothing. */
  readonly selection: Selection | null;
  /** Images that are probably chosen next. */
  readonly ahead: readonly string[];
  /** Chooses the next or previous one, and calls what was given. */
  step(by: -1 | 1): void;
  /** Chooses an image without a call. */
  choose(name: string): void;
  /** Shows the scores of a class; null for all. */
  setClass(name: string | null): void;
}

/** The chosen row of a table, and its neighbors. */
function around<Row>(table: VirtualTable<Row>, nameOf: (row: Row) => string) {
  const { rows, active } = table;
  const index = active === null ? -1 : rows.indexOf(active);
  const ahead = [rows[index + 1], rows[index - 1]].flatMap((row) => row === undefined ? [] : [nameOf(row)]);
  return { index, ahead };
}

/** Moves the chosen row of a table, and says whether there is another one. */
function stepIn<Row>(table: VirtualTable<Row>, keyOf: (row: Row) => string, by: -1 | 1): boolean {
  const { rows } = table;
  const { index } = around(table, keyOf);
  const row = rows[index < 0 ? 0 : index + by];
  if (row === undefined) return false;
  table.activate(keyOf(row));
  return true;
}

function showValue({ kind, value }: ResultColumn, row: ResultRow): string {
  return kind === "count" ? showCount(value(row)) : showMetric(value(row));
}

/** All images. */
export class ImageList implements ResultList {
  readonly element: HTMLElement;
  readonly #results: EvaluationResults;
  readonly #byName: ReadonlyMap<string, ImageResult>;
  readonly #table: VirtualTable<ResultRow>;
  readonly #filter: HTMLSelectElement;
  readonly #search: HTMLInputElement;
  readonly #count = h("span", { class: "muted results-count", role: "status" });
  #rows: readonly ResultRow[];

  constructor(results: EvaluationResults, _classes: readonly string[], onChoose: () => void) {
    this.#results = results;
    this.#chosen = onChoose;
    this.#byName = new Map(results.scores.map((score) => [score.name, score]));
    this.#rows = resultRows(results.scores, null);
    this.#table = new VirtualTable<ResultRow>({
      label: "Images",
      key: ({ name }) => name,
      sort: { column: "dice", descending: false },
      empty: "No image is left by the filters.",
      columns: [
        {
          key: "name",
          title: "Image",
          cell: ({ name }) => h("span", { title: name }, name),
          sort: ({ name }) => name,
          width: "minmax(210px, 2fr)",
        },
        ...resultColumns(results.settings.unit).map((column): Column<ResultRow> => ({
          key: column.key,
          title: column.title,
          help: column.help,
          numeric: true,
          cell: (row) => showValue(column, row),
          sort: column.value,
          descendingFirst: column.worstFirst === "descending",
          width: `minmax(${WIDTHS[column.kind]}px, 1fr)`,
        })),
      ],
      onActive: onChoose,
    });
    const [filter, search] = [uniqueId("filter"), uniqueId("search")];
    this.#filter = h("select", { id: filter, onchange: () => this.#refresh() });
    this.#search = h("input", {
      id: search,
      type: "search",
      placeholder: "Part of a name",
      oninput: () => this.#refresh(),
    });
    this.element = h(
      "div",
      { class: "result-list" },
      h(
        "div",
        { class: "toolbar" },
        h("div", { class: "field" }, h("label", { for: filter }, "Show"), this.#filter),
        h("div", { class: "field" }, h("label", { for: search }, "Name"), this.#search),
        this.#count,
      ),
      this.#table.element,
    );
    this.#drawFilters();
    this.#refresh();
    const first = this.#table.rows[0];
    if (first !== undefined) this.#table.activate(first.name);
  }

  get selection(): Selection | null {
    const row = this.#table.active;
    if (row === null) return null;
    const { index } = around(this.#table, ({ name }) => name);
    const result = this.#byName.get(row.name) ?? null;
    return { name: row.name, result, finding: null, place: index + 1, count: this.#table.rows.length };
  }

  get ahead(): readonly string[] {
    return around(this.#table, ({ name }) => name).ahead;
  }

  step(by: -1 | 1): void {
    if (stepIn(this.#table, ({ name }) => name, by)) this.#chosen();
  }

  choose(name: string): void {
    this.#table.activate(name);
  }

  setClass(name: string | null): void {
    this.#rows = resultRows(this.#results.scores, name);
    this.#drawFilters();
    this.#refresh();
  }

  readonly #chosen: () => void;

  #drawFilters(): void {
    const chosen = this.#filter.value || "all";
    fill(
      this.#filter,
      Object.entries(FILTERS).map(([value, { label, shows }]) =>
        h("option", { value }, `${label} (${this.#rows.filter(shows).length})`)
      ),
    );
    this.#filter.value = chosen;
  }

  #refresh(): void {
    const rows = filterRows(this.#rows, this.#filter.value as ResultFilter, this.#search.value);
    this.#table.setRows(rows);
    this.#count.textContent = `${rows.length} of ${this.#rows.length}`;
  }
}

/** A finding with its rank. */
interface RankedFinding {
  readonly rank: number;
  readonly finding: AuditFinding;
}

/** What the audit found, strongest contradiction first. */
export class AuditList implements ResultList {
  readonly element: HTMLElement;
  readonly #byName: ReadonlyMap<string, ImageResult>;
  readonly #table: VirtualTable<RankedFinding>;
  readonly #chosen: () => void;

  constructor(results: EvaluationResults, classes: readonly string[], onChoose: () => void) {
    this.#chosen = onChoose;
    this.#byName = new Map(results.scores.map((score) => [score.name, score]));
    const column = (
      key: string,
      title: string,
      help: string,
      value: (finding: AuditFinding) => number,
      show: (value: number) => string,
    ): Column<RankedFinding> => ({
      key,
      title,
      help,
      numeric: true,
      cell: ({ finding }) => show(value(finding)),
      sort: ({ finding }) => value(finding),
      descendingFirst: true,
      width: "minmax(80px, 1fr)",
    });
    this.#table = new VirtualTable<RankedFinding>({
      label: "Audit",
      key: ({ rank }) => `${rank}`,
      sort: { column: "rank", descending: false },
      empty: "The model contradicts no annotation.",
      columns: [
        {
          key: "rank",
          title: "Rank",
          numeric: true,
          cell: ({ rank }) => `${rank}`,
          sort: ({ rank }) => rank,
          width: "60px",
        },
        {
          key: "name",
          title: "Image",
          cell: ({ finding }) => h("span", { title: finding.name }, finding.name),
          sort: ({ finding }) => finding.name,
          width: "minmax(210px, 2fr)",
        },
        ...(classes.length > 0
          ? [{
            key: "class",
            title: "Class",
            cell: ({ finding }: RankedFinding) => finding.class ?? "",
            sort: ({ finding }: RankedFinding) => finding.class,
          }]
          : []),
        column("score", "Score", "How strong the contradiction is, 0 to 1", ({ score }) => score, showMetric),
        {
          key: "kind",
          title: "Reason",
          cell: ({ finding }) => h("span", { title: finding.reason }, finding.reason),
          sort: ({ finding }) => finding.kind,
          width: "minmax(210px, 2fr)",
        },
        column(
          "pixels",
          "Pixels",
          "Pixels of the lesion on which model and annotation disagree",
          ({ pixels }) => pixels,
          showCount,
        ),
        column(
          "certainty",
          "Certainty",
          "Mean certainty of the model in these pixels",
          ({ certainty }) => certainty,
          showMetric,
        ),
      ],
      onActive: onChoose,
    });
    const findings = (results.findings ?? []).map((finding, index) => ({ rank: index + 1, finding }));
    this.#table.setRows(findings);
    if (findings.length > 0) this.#table.activate("1");
    this.element = h("div", { class: "result-list" }, this.#table.element);
  }

  get selection(): Selection | null {
    const row = this.#table.active;
    if (row === null) return null;
    const { index } = around(this.#table, ({ rank }) => `${rank}`);
    const { finding } = row;
    const result = this.#byName.get(finding.name) ?? null;
    return { name: finding.name, result, finding, place: index + 1, count: this.#table.rows.length };
  }

  get ahead(): readonly string[] {
    return around(this.#table, ({ finding }) => finding.name).ahead;
  }

  step(by: -1 | 1): void {
    if (stepIn(this.#table, ({ rank }) => `${rank}`, by)) this.#chosen();
  }

  choose(name: string): void {
    const row = this.#table.rows.find(({ finding }) => finding.name === name);
    if (row !== undefined) this.#table.activate(`${row.rank}`);
  }

  setClass(): void {}
}
