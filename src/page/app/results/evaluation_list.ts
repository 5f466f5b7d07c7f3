/**
 * All evaluations, to choose one. This module is browser compatible.
 *
 * @module
 */
import type { EvaluationEntry } from "../../api/results.ts";
import { h } from "../dom.ts";
import { showCount, showMetric } from "../format.ts";
import { type Page, viewHash } from "../view.ts";
import { VirtualTable } from "../widgets/virtual_table.ts";

/** Draws the evaluations of a run, or of all for null. */
export async function openEvaluationList(
  root: HTMLElement,
  run: string | null,
  page: Page,
): Promise<() => void> {
  const all = await page.api.get<EvaluationEntry[]>(["results"]);
  const entries = run === null ? all : all.filter((entry) => entry.run === run);
  const hashOf = ({ run, split }: EvaluationEntry) => viewHash("results", run, split);
  const table = new VirtualTable<EvaluationEntry>({
    label: "Evaluations",
    key: ({ run, split }) => JSON.stringify([run, split]),
    empty: "No evaluation yet: deno task evaluate writes one.",
    columns: [
      {
        key: "run",
        title: "Run",
        cell: (entry) => h("a", { href: hashOf(entry) }, entry.run),
        sort: ({ run }) => run,
        width: "minmax(140px, 2fr)",
      },
      { key: "split", title: "Split", cell: ({ split }) => split, sort: ({ split }) => split },
      {
        key: "images",
        title: "Images",
        numeric: true,
        cell: ({ images }) => showCount(images),
        sort: ({ images }) => images,
        descendingFirst: true,
      },
      {
        key: "dice",
        title: "Dice",
        help: "Dice over all pixels of the split",
        numeric: true,
        cell: ({ dice }) => showMetric(dice),
        sort: ({ dice }) => dice,
        descendingFirst: true,
      },
      {
        key: "meanDice",
        title: "Mean Dice",
        help: "The mean over the images with foreground",
        numeric: true,
        cell: ({ meanDice }) => showMetric(meanDice),
        sort: ({ meanDice }) => meanDice,
        descendingFirst: true,
      },
      {
        key: "findings",
        title: "Audit",
        help: "Images and classes in which the model contradicts the annotation",
        numeric: true,
        cell: ({ findings }) => showCount(findings),
        sort: ({ findings }) => findings,
        descendingFirst: true,
      },
      {
        key: "maps",
        title: "Maps",
        help: "Whether probability maps are stored",
        cell: ({ hasMaps }) => hasMaps ? "stored" : "–",
        sort: ({ hasMaps }) => Number(hasMaps),
      },
      {
        key: "time",
        title: "Evaluated",
        cell: ({ time }) => new Date(time).toLocaleString(),
        sort: ({ time }) => time,
        width: "minmax(170px, 1fr)",
        descendingFirst: true,
      },
    ],
    onOpen: (entry) => page.navigate(hashOf(entry)),
  });
  table.setRows(entries);
  root.append(
    h("h1", {}, run === null ? "Results" : `Results of ${run}`),
    h("p", { class: "muted" }, "Evaluations of a split, image by image. Choose one."),
    table.element,
  );
  return () => {};
}
