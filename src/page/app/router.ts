/**
 * Opens the view that the address names. This module is browser compatible.
 *
 * @module
 */
import { ApiError } from "./api.ts";
import { fill, h } from "./dom.ts";
import type { Page, View } from "./view.ts";

/** The decoded parts of an address such as `#/run/my%20run`; none if it cannot be decoded. */
export function parseHash(hash: string): string[] {
  try {
    return hash.replace(/^#?\/?/, "").split("/").filter((part) => part !== "").map(decodeURIComponent);
  } catch {
    return [];
  }
}

/** An error as the page shows it. */
export function errorMessage(error: unknown): HTMLElement {
  const hint = error instanceof ApiError ? error.hint : null;
  return h(
    "div",
    { class: "error", role: "alert" },
    h("p", {}, error instanceof Error ? error.message : `${error}`),
    hint ? h("p", { class: "hint" }, hint) : null,
  );
}

/** What the router needs. */
export interface RouterOptions {
  readonly views: readonly View[];
  readonly root: HTMLElement;
  readonly page: Page;
  /** Called before a view opens. */
  readonly onOpen: (view: View) => void;
}

/** Opens the first view, and another when the address changes. */
export function startRouter({ views, root, page, onOpen }: RouterOptions): void {
  let close: () => void = () => {};
  let opened = 0;
  let shown = location.hash;
  let mayLeave: (() => Promise<boolean>) | null = null;
  page.guardLeaving = (ask) => mayLeave = ask;
  const open = async () => {
    const turn = ++opened;
    close();
    close = () => {};
    shown = location.hash;
    const [name, ...path] = parseHash(location.hash);
    const view = views.find((view) => view.name === name) ?? views[0]!;
    onOpen(view);
    const content = h("div", { class: `view view-${view.name}` });
    fill(root, content);
    try {
      const closeView = await view.open(content, path, page);
      if (turn === opened) close = closeView;
      else closeView();
    } catch (error) {
      if (turn === opened) fill(content, h("h1", {}, view.title), errorMessage(error));
    }
  };
  let hasMoved = false;
  addEventListener("hashchange", async () => {
    if (mayLeave !== null) {
      const wanted = location.hash;
      // The view stays in the address while it asks.
      if (wanted === shown) return;
      history.replaceState(null, "", shown);
      if (!await mayLeave()) return;
      history.replaceState(null, "", wanted);
    }
    hasMoved = true;
    await open();
    // A screen reader continues at the new page, not at the link that was followed.
    if (hasMoved && !root.contains(document.activeElement)) root.focus({ preventScroll: true });
    scrollTo(0, 0);
  });
  open();
}
