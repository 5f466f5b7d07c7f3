/**
 * One evaluation: the table of its images or of its audit, and the chosen image next to it.
 * This module is browser compatible.
 *
 * @module
 */
import type { EvaluationResults, EvaluationState } from "../../api/results.ts";
import { fill, h, on, uniqueId } from "../dom.ts";
import { showMetric } from "../format.ts";
import { type Page, viewHash } from "../view.ts";
import { evaluationNotes } from "./evaluation_notes.ts";
import { ImageDetail } from "./image_detail.ts";
import { classSpecs } from "./shown_classes.ts";
import { AuditList, ImageList, type ResultList } from "./result_lists.ts";

/** The lists of an evaluation. */
type ListName = "images" | "audit";

/** Opens an evaluation; `path` is RUN, SPLIT, and perhaps a list and an image's name. */
export async function openEvaluation(
  root: HTMLElement,
  [run, split, list, chosen]: readonly string[],
  page: Page,
): Promise<() => void> {
  const results = await page.api.get<EvaluationResults>(["results", run!, split!]);
  page.setTitle(`${run}, ${split}`);
  const specs = classSpecs(results);
  const classes = specs.length > 1 ? specs.map(({ name }) => name) : [];
  let classIndex: number | null = specs.length > 1 ? null : 0;
  let current: ListName = list === "audit" || results.scores.length === 0 ? "audit" : "images";
  if (results.findings === null) current = "images";
  const detail = new ImageDetail({ page, results, onStep: (by) => lists[current].step(by) });
  const lists: Readonly<Record<ListName, ResultList>> = {
    images: new ImageList(results, classes, () => showChosen()),
    audit: new AuditList(results, classes, () => showChosen()),
  };

  function showChosen(): void {
    const { selection, ahead } = lists[current];
    if (selection === null) return;
    page.replace(viewHash("results", run!, split!, current, selection.name));
    page.announce(
      `${selection.name}, ${selection.place} of ${selection.count}${
        selection.result ? `, Dice ${showMetric(selection.result.metrics.dice)}` : ""
      }`,
    );
    const found = selection.finding?.class === undefined ? -1 : classes.indexOf(selection.finding.class);
    detail.show(selection, found < 0 ? classIndex : found, ahead);
  }

  const left = h("div", { class: "results-list" });
  const tabs = listButtons(results, (name) => open(name));
  function open(name: ListName): void {
    current = name;
    tabs.mark(name);
    fill(left, lists[name].element);
    showChosen();
  }

  const picker = classPicker(classes, (index, name) => {
    classIndex = index < 0 ? null : index;
    for (const each of Object.values(lists)) each.setClass(name);
    showChosen();
  });
  const notes = h("div", { class: "results-notes" });
  root.append(
    h(
      "div",
      { class: "results-head" },
      h("h1", {}, h("a", { href: viewHash("results") }, "Results"), ` / ${run} / ${split}`),
      summaryLine(results),
    ),
    notes,
    h("div", { class: "toolbar" }, tabs.element, picker),
    h("div", { class: "results-layout" }, left, detail.element),
  );
  if (chosen !== undefined) lists[current].choose(chosen);
  open(current);
  page.api.get<EvaluationState>(["results", run!, split!, "state"]).then((state) => {
    fill(notes, evaluationNotes(results, state).map((note) => h("p", { class: "note" }, note)));
    detail.setDatasetSplit(state.canCorrect ? state.datasetSplit : null);
  }, () => {});
  const stop = on(document, "keydown", (event: KeyboardEvent) => {
    const by = stepOf(event);
    if (by === 0) return;
    event.preventDefault();
    lists[current].step(by);
  });
  return () => {
    stop();
    detail.close();
  };
}

/** The step of an arrow key; 0 where the key belongs to a control, or moves an image. */
function stepOf({ key, target, shiftKey, ctrlKey, altKey, metaKey }: KeyboardEvent): -1 | 0 | 1 {
  if (shiftKey || ctrlKey || altKey || metaKey) return 0;
  if (target instanceof Element && target.closest("input, select, textarea, dialog")) return 0;
  return key === "ArrowLeft" ? -1 : key === "ArrowRight" ? 1 : 0;
}

function summaryLine({ pooled, scores, baselineAccuracy, settings }: EvaluationResults): HTMLElement {
  const texts = pooled === null ? ["Not annotated: only the audit can be shown."] : [
    `${scores.length} images`,
    `Dice ${showMetric(pooled.dice)} over all pixels`,
    `accuracy ${showMetric(pooled.accuracy)}, of an empty prediction ${showMetric(baselineAccuracy)}`,
    settings.compared === "image"
      ? "masks compared at the size of each image"
      : `masks compared at ${settings.size} × ${settings.height ?? settings.size} px`,
  ];
  return h("p", { class: "muted results-summary" }, texts.join(" · "));
}

function listButtons({ findings, scores }: EvaluationResults, open: (name: ListName) => void) {
  const button = (name: ListName, text: string) =>
    h("button", { type: "button", "data-list": name, onclick: () => open(name) }, text);
  const buttons = [
    ...(scores.length > 0 ? [button("images", `Images (${scores.length})`)] : []),
    ...(findings === null ? [] : [button("audit", `Audit (${findings.length})`)]),
  ];
  return {
    element: h("div", { class: "segmented", role: "group", "aria-label": "List" }, buttons),
    mark(name: ListName) {
      for (const each of buttons) each.setAttribute("aria-pressed", `${each.dataset.list === name}`);
    },
  };
}

function classPicker(
  classes: readonly string[],
  onChange: (index: number, name: string | null) => void,
): HTMLElement | null {
  if (classes.length === 0) return null;
  const id = uniqueId("class");
  const select = h(
    "select",
    {
      id,
      onchange: () => {
        const index = select.selectedIndex - 1;
        onChange(index, classes[index] ?? null);
      },
    },
    h("option", {}, "All, mean"),
    classes.map((name) => h("option", {}, name)),
  );
  return h("div", { class: "field" }, h("label", { for: id }, "Class"), select);
}
