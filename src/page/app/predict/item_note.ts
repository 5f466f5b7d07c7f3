/**
 * What stands in place of a result that an image does not have. This module is browser compatible.
 *
 * @module
 */
import { h } from "../dom.ts";
import type { Item, QueuePanelOptions } from "./queue_panel.ts";

/** What a failed image offers. */
type Actions = Pick<QueuePanelOptions, "onRetry" | "onRemove">;

/** Why an image has no result; `isReady` is whether there is a model that predicts. */
export function drawItemNote(item: Item, isReady: boolean, actions: Actions): HTMLElement[] {
  if (item.state === "failed") return [drawItemError(item, actions)];
  const text = item.state === "cancelled"
    ? "This image was canceled."
    : !isReady
    ? "This image waits until the model is ready."
    : item.state === "working"
    ? "This image is being predicted."
    : "This image waits for those before it.";
  return [h("h2", { class: "predict-title" }, item.path), h("p", { class: "muted" }, text)];
}

/** An error of an image, with its way out. */
function drawItemError(item: Item, { onRetry, onRemove }: Actions): HTMLElement {
  const [message, hint] = (item.error ?? "").split("\nhint: ");
  return h(
    "div",
    { class: "error", role: "alert" },
    h("p", {}, h("strong", {}, item.path)),
    h("p", {}, message),
    hint ? h("p", { class: "hint" }, `What to do: ${hint}.`) : null,
    h(
      "p",
      { class: "predict-choose" },
      h("button", { type: "button", onclick: () => onRetry(item.id) }, "Try again"),
      h("button", { type: "button", onclick: () => onRemove(item.id) }, "Remove"),
    ),
  );
}
