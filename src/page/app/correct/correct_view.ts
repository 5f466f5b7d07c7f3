/**
 * Corrects masks: a list of images to choose from, and the editor of one with the way to the next.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { CorrectionSplits, QueuedImage } from "../../api/corrections.ts";
import type { EvaluationResults } from "../../api/results.ts";
import { fill, h } from "../dom.ts";
import { errorMessage } from "../router.ts";
import type { Page, View } from "../view.ts";
import { askLeaving } from "./dialogs.ts";
import { createEditor, type Editor } from "./editor.ts";
import { Predictions } from "./predictions.ts";
import { listImages, LISTS, neighbor, parsePlace, type Place, placeHash } from "./queue.ts";
import { drawQueue } from "./queue_view.ts";
import { Session } from "./session.ts";

/** Where lists, and the engine that predicts, outlive the change from image to image. */
let predictions: Predictions | null = null;

/** The view. */
export const correctView: View = {
  name: "correct",
  title: "Correct",
  async open(root, path, page) {
    const place = parsePlace(path);
    if (place === null || place.fileName === null) {
      predictions?.close();
      predictions = null;
      return await drawQueue(root, page, place?.split ?? null);
    }
    return await openImage(root, page, { ...place, fileName: place.fileName });
  },
};

type ImagePlace = Place & { readonly fileName: string };

async function openImage(root: HTMLElement, page: Page, place: ImagePlace): Promise<() => void> {
  const { split, fileName } = place;
  page.setTitle(`Correct ${fileName}`);
  predictions ??= new Predictions(page.api);
  const heading = h("h1", { class: "visually-hidden" }, `Correct ${split}/${fileName}`);
  const bar = h("div", { class: "correct-bar" });
  const content = h("div", {});
  root.append(heading, bar, content);
  let images: readonly QueuedImage[] = [];
  const read = async () => images = await readList(page, place);
  await read();
  const order = images.map((image) => image.fileName);
  const go = (step: -1 | 1) => {
    const next = neighbor(images, fileName, step, order);
    if (next !== null) page.navigate(placeHash({ ...place, fileName: next.fileName }));
    else {page.toast(
        step === 1 ? "This was the last image of the list" : "This is the first image of the list",
      );}
  };
  const draw = () => fill(bar, drawBar(place, images, order, go));
  draw();

  let editor: Editor | null = null;
  try {
    const session = await Session.open(page.api, { split, fileName });
    editor = createEditor(session, {
      page,
      predictions,
      go,
      async saved() {
        await read();
        draw();
      },
    });
    content.append(editor.element);
  } catch (error) {
    content.append(errorMessage(error));
  }
  const opened = editor;
  page.guardLeaving(async () => {
    if (opened === null || !opened.isDirty) return true;
    return await askLeaving(fileName);
  });
  return () => {
    page.guardLeaving(null);
    opened?.close().catch(() => {});
  };
}

async function readList(page: Page, place: Place): Promise<readonly QueuedImage[]> {
  const [splits, findings] = await Promise.all([
    page.api.get<CorrectionSplits>(["corrections", "splits"]),
    place.run === null ? null : readFindings(page, place.run, place.split),
  ]);
  return listImages(splits, place, findings);
}

async function readFindings(page: Page, run: string, split: string) {
  const { findings } = await page.api.get<EvaluationResults>(["results", run, split]);
  return findings;
}

/** The way through the list. */
function drawBar(
  place: ImagePlace,
  images: readonly QueuedImage[],
  order: readonly string[],
  go: (step: -1 | 1) => void,
): HTMLElement[] {
  const at = order.indexOf(place.fileName);
  const corrected = images.filter(({ revision }) => revision !== null).length;
  const list = place.run === null ? LISTS[place.list] : `${LISTS[place.list]} (${place.run})`;
  const step = (text: string, by: -1 | 1, key: string) =>
    h("button", {
      type: "button",
      title: `${text} (${key})`,
      "aria-keyshortcuts": key,
      onclick: () => go(by),
    }, text);
  return [
    h("a", { class: "button", href: placeHash({ ...place, fileName: null }) }, "All images"),
    step("Previous", -1, "PageUp"),
    step("Next", 1, "PageDown"),
    h("strong", { class: "correct-name" }, `${place.split}/${place.fileName}`),
    h(
      "span",
      { class: "muted" },
      at < 0 ? list : `${at + 1} of ${order.length} · ${list} · ${corrected} corrected`,
    ),
  ];
}
