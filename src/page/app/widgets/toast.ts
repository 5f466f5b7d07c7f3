/**
 * Short messages in a corner. This module is browser compatible.
 *
 * @module
 */
import { h } from "../dom.ts";

/** What a message is about. */
export type ToastKind = "info" | "ok" | "error";

/** Milliseconds that a message stays; errors stay until they are closed. */
const STAYS_MS = 5000;

/** Most messages at once. */
const MOST = 4;

/** Shows a message in `region`. */
export function showToast(region: Element, text: string, kind: ToastKind = "info"): void {
  const remove = () => toast.remove();
  const close = h("button", {
    type: "button",
    class: "toast-close",
    "aria-label": "Close message",
    onclick: remove,
  }, "×");
  const toast = h(
    "div",
    { class: `toast toast-${kind}`, role: kind === "error" ? "alert" : "status" },
    h("span", {}, text),
    close,
  );
  region.append(toast);
  while (region.childElementCount > MOST) region.firstElementChild!.remove();
  if (kind !== "error") setTimeout(remove, STAYS_MS);
}
