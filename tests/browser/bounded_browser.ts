/** Many runs and images: what is drawn stays small, and the last one is a key press away. */
import assert from "node:assert/strict";
import type { BrowserCase } from "./context.ts";
import { RUNS, writeRun } from "./fixtures.ts";
import type { BrowserPage } from "./page.ts";
import { openView } from "./views.ts";

/** Most elements of a page that keep it fluid. */
const MOST_ELEMENTS = 4000;

async function assertBounded(page: BrowserPage): Promise<void> {
  const count = await page.evaluate(() => document.querySelectorAll("*").length);
  assert.ok(count < MOST_ELEMENTS, `${count} elements`);
}

/** The cases. */
export const cases: BrowserCase[] = [
  {
    name: "view runs: 100 runs draw few elements, and all can be reached",
    async run(context) {
      const runs = `${RUNS}/cases/many`;
      for (let index = 0; index < 100; index++) {
        await writeRun(`${runs}/run-${index}`, { epochs: 50, seed: index });
      }
      const board = await context.board({ runs });
      const page = await context.page(board.address);
      await openView(page, board.address, { hash: "runs", shows: "run-0" });
      await assertBounded(page);
      const grid = "[role=grid]";
      await page.click(`${grid} [role=row] [role=gridcell]`);
      const first = await page.text(grid);
      await page.press("Control+End");
      await page.waitFor(
        "other rows",
        (before, grid) => document.querySelector<HTMLElement>(grid)!.innerText !== before,
        first,
        grid,
      );
      await assertBounded(page);
    },
  },
];
