/**
 * All runs, and the curves of some next to each other. This module is browser compatible.
 *
 * @module
 */
import type { RunList, RunSummary, StreamProblem } from "../../api/runs.ts";
import { fill, h, uniqueId } from "../dom.ts";
import { showMetric, showSeconds, UNKNOWN } from "../format.ts";
import { type View, viewHash } from "../view.ts";
import { type Column, VirtualTable } from "../widgets/virtual_table.ts";
import { Comparison } from "./comparison.ts";
import { stateBadge } from "./state_badge.ts";

/** Runs that are compared until others are selected: the newest. */
const SELECTED_AT_FIRST = 4;

const ORDER: readonly string[] = ["running", "crashed", "stopped", "finished", "unknown"];

const COLUMNS: readonly Column<RunSummary>[] = [
  {
    key: "name",
    title: "Run",
    width: "minmax(150px, 2.4fr)",
    cell: ({ name }) => h("a", { href: viewHash("run", name), title: name }, name),
    sort: ({ name }) => name,
  },
  {
    key: "state",
    title: "State",
    width: "minmax(96px, 0.9fr)",
    cell: stateBadge,
    sort: ({ state }) => ORDER.indexOf(state),
  },
  {
    key: "recipe",
    title: "Recipe",
    cell: ({ recipe }) => recipe ?? UNKNOWN,
    sort: ({ recipe }) => recipe,
  },
  {
    key: "dice",
    width: "minmax(104px, 1fr)",
    title: "Best Dice",
    help: "The highest Dice of the validation split",
    numeric: true,
    descendingFirst: true,
    cell: ({ bestDice }) => showMetric(bestDice),
    sort: ({ bestDice }) => bestDice,
  },
  {
    key: "loss",
    width: "minmax(104px, 1fr)",
    title: "Best loss",
    help: "The lowest loss of the validation split; the run keeps the weights of that epoch",
    numeric: true,
    cell: ({ bestLoss }) => showMetric(bestLoss),
    sort: ({ bestLoss }) => bestLoss,
  },
  {
    key: "epochs",
    title: "Epochs",
    help: "Finished epochs, and the most there will be",
    numeric: true,
    descendingFirst: true,
    cell: ({ epoch, epochs }) => epochs === null ? `${epoch}` : `${epoch} / ${epochs}`,
    sort: ({ epoch }) => epoch,
  },
  {
    key: "time",
    title: "Time",
    help: "Of all finished epochs",
    numeric: true,
    descendingFirst: true,
    width: "minmax(110px, 1fr)",
    cell: ({ seconds }) => showSeconds(seconds),
    sort: ({ seconds }) => seconds,
  },
  {
    key: "updated",
    title: "Last epoch",
    help: "When the last finished epoch ended",
    descendingFirst: true,
    width: "minmax(150px, 1.2fr)",
    cell: ({ updated }) => updated === null ? UNKNOWN : new Date(updated).toLocaleString("sv").slice(0, 16),
    // One that is in its first epoch is the newest.
    sort: ({ updated, state }) =>
      updated === null ? state === "running" ? Infinity : null : Date.parse(updated),
  },
];

/** The view: `#/runs/NAME/NAME` has these runs selected. */
export const runsView: View = {
  name: "runs",
  title: "Runs",
  open(root, path, page) {
    const counts = h("p", { class: "muted", role: "status" });
    const status = h("p", { class: "error", hidden: true });
    const filterId = uniqueId("filter");
    const filter = h("input", { id: filterId, type: "search", oninput: () => show() });
    const comparison = new Comparison(page.api, () => {
      table.select([]);
      page.replace(viewHash("runs"));
      compare();
    });
    let list: RunList = { folder: "", runs: [] };
    let hasList = false;

    const table = new VirtualTable<RunSummary>({
      label: "Runs",
      columns: COLUMNS,
      key: ({ name }) => name,
      sort: { column: "updated", descending: true },
      empty: "No run yet. Start one with deno task train.",
      onOpen: ({ name }) => page.navigate(viewHash("run", name)),
      onSelect: (keys) => {
        page.replace(viewHash("runs", ...keys));
        compare();
      },
    });
    table.element.classList.add("runs-table");
    table.select(path);

    const compare = () => {
      const chosen = list.runs.filter(({ name }) => table.selected.has(name));
      comparison.show(chosen);
    };
    const show = () => {
      const words = filter.value.toLowerCase().split(/\s+/).filter((word) => word !== "");
      const shown = list.runs.filter(({ name, recipe, state }) =>
        words.every((word) => `${name} ${recipe} ${state}`.toLowerCase().includes(word))
      );
      table.setRows(shown);
      counts.textContent = describeList(list, shown.length);
    };
    const receive = (data: unknown) => {
      list = keepSame(list, data as RunList);
      if (!hasList && path.length === 0) {
        table.setRows(list.runs);
        table.select(table.rows.slice(0, SELECTED_AT_FIRST).map(({ name }) => name));
      }
      hasList = true;
      show();
      compare();
    };
    const close = page.api.events(["events", "runs"], {
      on: { runs: receive, problem: (data) => tell(status, (data as StreamProblem).error) },
      onState: (connected) => tell(status, connected ? null : DISCONNECTED),
    });
    fill(
      root,
      h(
        "div",
        { class: "toolbar" },
        h("h1", {}, "Runs"),
        counts,
        h(
          "div",
          { class: "field grow-end" },
          h("label", { for: filterId }, "Find by name, recipe or state"),
          filter,
        ),
      ),
      status,
      h("div", { class: "runs-layout" }, table.element, comparison.element),
    );
    return () => {
      close();
      comparison.close();
    };
  },
};

/** A list in which runs that have not changed are the same objects as before: they are not drawn again. */
function keepSame(before: RunList, now: RunList): RunList {
  const known = new Map(before.runs.map((run) => [run.name, run]));
  const runs = now.runs.map((run) => {
    const old = known.get(run.name);
    return old && JSON.stringify(old) === JSON.stringify(run) ? old : run;
  });
  return { ...now, runs };
}

/** What the page says when its server has gone. */
export const DISCONNECTED =
  "The board does not answer. Runs go on without it; start it again, and open its new address.";

/** Shows a message, or hides it for null. */
export function tell(element: HTMLElement, text: string | null): void {
  element.hidden = text === null;
  element.textContent = text ?? "";
}

function describeList({ folder, runs }: RunList, shown: number): string {
  const running = runs.filter(({ state }) => state === "running").length;
  const found = shown === runs.length ? "" : `${shown} of `;
  return `${found}${runs.length} in ${folder}/, ${running} running`;
}
