/**
 * Dialogs that wait for an answer. This module is browser compatible.
 *
 * @module
 */
import { type Child, h, uniqueId } from "../dom.ts";

/** A button of a dialog. */
export interface DialogAction {
  /** What the dialog answers. */
  readonly value: string;
  readonly label: string;
  readonly primary?: boolean;
}

/** Shows a dialog; resolves to the value of the button that was pressed, null if it was closed otherwise. */
export function askDialog(
  { title, content, actions }: {
    readonly title: string;
    readonly content: Child;
    readonly actions: readonly DialogAction[];
  },
): Promise<string | null> {
  const heading = uniqueId("dialog");
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const dialog = h(
    "dialog",
    {
      "aria-labelledby": heading,
      onclose: () => {
        resolve(dialog.returnValue || null);
        dialog.remove();
      },
    },
    h("h2", { id: heading }, title),
    h("div", { class: "dialog-content" }, content),
    h(
      "div",
      { class: "dialog-actions" },
      actions.map(({ value, label, primary }) =>
        h(
          "button",
          { type: "button", class: primary ? "primary" : null, onclick: () => dialog.close(value) },
          label,
        )
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return promise;
}
