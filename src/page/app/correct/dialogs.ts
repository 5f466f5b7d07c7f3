/**
 * What the editor asks. This module is browser compatible.
 *
 * @module
 */
import type { CorrectionVersion } from "../../api/corrections.ts";
import { h } from "../dom.ts";
import { askDialog } from "../widgets/dialog.ts";

/** Somebody saved the image in the meantime: `mine`, `theirs`, or later. */
export function askConflict(newest: CorrectionVersion | null): Promise<string | null> {
  return askDialog({
    title: "Somebody saved this image in the meantime",
    content: [
      h(
        "p",
        {},
        newest === null
          ? "The saved masks are gone."
          : `Revision ${newest.revision} is by ${newest.annotator ?? "nobody"}.`,
      ),
      h("p", {}, "Nothing is lost: saved versions stay, and loading theirs can be undone."),
    ],
    actions: [
      { value: "mine", label: "Save mine as the newest", primary: true },
      { value: "theirs", label: "Load theirs" },
      { value: "", label: "Decide later" },
    ],
  });
}

/** Unsaved work was found: `restore`, `drop`, or later. */
export function askDraft(fileName: string, time: number): Promise<string | null> {
  return askDialog({
    title: "Unsaved work was found",
    content: h(
      "p",
      {},
      `This browser kept masks of ${fileName} that were not saved, from ${new Date(time).toLocaleString()}.`,
    ),
    actions: [
      { value: "restore", label: "Continue with them", primary: true },
      { value: "drop", label: "Delete them" },
    ],
  });
}

/** Whether to leave an image with unsaved masks. */
export async function askLeaving(fileName: string): Promise<boolean> {
  const answer = await askDialog({
    title: "Leave without saving?",
    content: h("p", {}, `The masks of ${fileName} are not saved. A draft of them stays in this browser.`),
    actions: [
      { value: "stay", label: "Stay", primary: true },
      { value: "leave", label: "Leave" },
    ],
  });
  return answer === "leave";
}
