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
  /** A text that it shows when it has what it shows. */
  readonly shows: string;
}

/** All views; a new one is added here. */
export const SHOWN_VIEWS: readonly ShownView[] = [
  { name: "runs", hash: "runs", shows: "cut-off" },
  { name: "run", hash: "run/seen", shows: "Best Dice" },
  { name: "results", hash: "results/seen/test", shows: "phantom_test_00003" },
  { name: "evaluations", hash: "results", shows: "seen" },
  { name: "audit", hash: "results/seen/test/audit", shows: "phantom_test_00003" },
  // Until the images are read, what stands above the list comes and goes.
  { name: "dataset", hash: "dataset", shows: "Near-duplicates 0" },
  { name: "pairs", hash: "dataset/pairs", shows: "Near-duplicates 0" },
  { name: "problems", hash: "dataset/problems", shows: "Near-duplicates 0" },
  { name: "dataset image", hash: "dataset/image/test/phantom_test_00003.jpg", shows: "phantom_test_00003" },
  { name: "predict", hash: "predict", shows: "Predict" },
  { name: "correct", hash: "correct", shows: "phantom_train_00003" },
  { name: "editor", hash: "correct/test/phantom_test_00001.jpg", shows: "stored by seen" },
];

/** Milliseconds without a change after which a view is drawn. */
const QUIET_MS = 150;

/** Goes to a view and waits until it is drawn. */
export async function openView(
  page: BrowserPage,
  address: string,
  { hash, shows }: Pick<ShownView, "hash" | "shows">,
): Promise<void> {
  await page.goto(`${address}#/${hash}`);
  await page.waitForText(shows);
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
    const shown = (document.querySelector("main") ?? document.body).innerText.trim() !== "";
    const loading = [...document.images].some((image) => !image.complete && image.loading !== "lazy");
    return shown && !busy && !loading && performance.now() - changed > quiet;
  }, QUIET_MS);
}
