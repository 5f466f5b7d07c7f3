/**
 * The images of the dataset, to choose one to correct. This module is browser compatible.
 *
 * @module
 */
import type { AnnotationState, CorrectionSplits, QueuedImage } from "../../api/corrections.ts";
import type { EvaluationEntry, EvaluationResults } from "../../api/results.ts";
import { fill, h } from "../dom.ts";
import { type Page, viewHash } from "../view.ts";
import { type Column, VirtualTable } from "../widgets/virtual_table.ts";
import { createChoice } from "./panels/panel.ts";
import { listImages, type ListName, LISTS, type Place, placeHash } from "./queue.ts";

const STATES: Readonly<Record<AnnotationState, string>> = {
  annotated: "annotated",
  partly: "annotated in part",
  unannotated: "nothing annotated",
  unusable: "annotations unusable",
  uncertain: "may lack annotations",
  unlisted: "not annotated",
};

/** Draws the lists; `split` is the chosen one. */
export async function drawQueue(root: HTMLElement, page: Page, split: string | null): Promise<() => void> {
  const [splits, evaluations] = await Promise.all([
    page.api.get<CorrectionSplits>(["corrections", "splits"]),
    // Audits are an offer: without them the other lists work.
    page.api.get<readonly EvaluationEntry[]>(["results"]).catch((): readonly EvaluationEntry[] => []),
  ]);
  root.append(h("h1", {}, "Correct masks"));
  const first = splits.splits.find(({ name }) => name === split) ?? splits.splits[0];
  if (first === undefined) {
    root.append(
      h("p", { class: "empty" }, "There is no dataset to correct. Start the board with --data FOLDER."),
    );
    return () => {};
  }
  let chosen = first.name;
  let list: ListName = "all";
  let run: string | null = null;
  let findings: EvaluationResults["findings"] = null;
  const place = (fileName: string): Place => ({ split: chosen, fileName, list, run });
  const open = (image: QueuedImage | undefined) => image && page.navigate(placeHash(place(image.fileName)));

  const columns: readonly Column<QueuedImage>[] = [
    {
      key: "name",
      title: "Image",
      width: "minmax(160px, 2fr)",
      cell: ({ fileName }) => h("a", { href: placeHash(place(fileName)), title: fileName }, fileName),
      sort: ({ fileName }) => fileName,
    },
    {
      key: "state",
      title: "Annotations",
      cell: ({ state }) => STATES[state],
      sort: ({ state }) => STATES[state],
    },
    {
      key: "revision",
      title: "Corrected",
      cell: ({ revision }) => revision === null ? "no" : `revision ${revision}`,
      sort: ({ revision }) => revision ?? -1,
    },
    {
      key: "annotator",
      title: "By",
      cell: ({ annotator }) => annotator ?? "",
      sort: ({ annotator }) => annotator,
    },
  ];
  const table = new VirtualTable<QueuedImage>({
    label: "Images to correct",
    columns,
    key: ({ fileName }) => fileName,
    empty: "No image in this list.",
    onOpen: open,
  });
  const begin = h("button", { type: "button", class: "primary", onclick: () => open(next()) });
  const summary = h("p", { class: "muted", role: "status" });
  const images = () => listImages(splits, { split: chosen, list }, findings);
  const next = () => images().find(({ revision }) => revision === null) ?? images()[0];
  const show = () => {
    const shown = images();
    table.setRows(shown);
    const corrected = shown.filter(({ revision }) => revision !== null).length;
    summary.textContent =
      `${shown.length} images, ${corrected} corrected. Corrections are saved in ${splits.file}.`;
    begin.disabled = shown.length === 0;
    begin.textContent = corrected === 0 ? "Begin with the first one" : "Continue with the next one";
  };
  const splitChoice = createChoice(
    "Split",
    splits.splits.map(({ name, images }) => [name, `${name} (${images.length})`] as const),
    (name) => {
      page.replace(viewHash("correct", name));
      chosen = name;
      offerLists();
      show();
    },
  );
  splitChoice.value = chosen;
  const lists = h("div", {});
  const offerLists = () => {
    [list, run, findings] = ["all", null, null];
    const audits = evaluations.filter((each) => each.split === chosen && each.findings !== null);
    const choice = createChoice("List", [
      ["all", LISTS.all],
      ["open", LISTS.open],
      ["problems", LISTS.problems],
      ...audits.map(({ run }) => [`audit/${run}`, `${LISTS.audit}: ${run}`] as const),
    ], async (value) => {
      const [name, ...rest] = value.split("/");
      list = name as ListName;
      run = list === "audit" ? rest.join("/") : null;
      findings = null;
      if (run !== null) {
        ({ findings } = await page.api.get<EvaluationResults>(["results", run, chosen]));
      }
      show();
    });
    fill(lists, choice.element);
  };
  offerLists();
  root.append(
    h("div", { class: "correct-lists" }, splitChoice.element, lists, begin),
    summary,
    table.element,
  );
  show();
  return () => {};
}
