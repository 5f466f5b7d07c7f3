/**
 * The views that every rule of the page is proved on, and how to tell that one is drawn.
 *
 * @module
 */
import type { BrowserPage } from "./page.ts";

/** A view with something to see, on the board of {@linkcode shownRuns}. */
export interface ShownView {
  readonly name: string;
  /** Its address, without `#/`. */
  readonly hash: string;
}

/** All views; a new one is added here. */
export const SHOWN_VIEWS: readonly ShownView[] = [
  { name: "runs", hash: "runs" },
  { name: "run", hash: "run/seen" },
  { name: "results", hash: "results/seen/test" },
  { name: "dataset", hash: "dataset" },
  { name: "predict", hash: "predict" },
  { name: "correct", hash: "correct" },
];

/** Milliseconds without a change after which a view is drawn. */
const QUIET_MS = 150;

/** Goes to a view and waits until it is drawn. */
export async function openView(page: BrowserPage, address: string, hash: string): Promise<void> {
  await page.goto(`${address}#/${hash}`);
  await drawn(page);
}

/** Waits until nothing loads, and nothing changed for a moment; a view that is still busy says so by `aria-busy`. */
export async function drawn(page: BrowserPage): Promise<void> {
  await page.evaluate(() => {
    const all = globalThis as unknown as { changed?: number };
    if (all.changed !== undefined) return;
    all.changed = performance.now();
    new MutationObserver(() => all.changed = performance.now())
      .observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  });
  await page.waitFor("a view that is drawn", (quiet) => {
    const { changed } = globalThis as unknown as { changed: number };
    const busy = document.querySelector("[aria-busy=true]") !== null;
    const shown = document.querySelector("main")!.innerText.trim() !== "";
    const loading = [...document.images].some((image) => !image.complete && image.loading !== "lazy");
    return shown && !busy && !loading && performance.now() - changed > quiet;
  }, QUIET_MS);
}
