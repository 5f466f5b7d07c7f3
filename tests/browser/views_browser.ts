/** What holds for every view: contrast, layout, names, keyboard, motion, and that nothing comes from elsewhere. */
import assert from "node:assert/strict";
import { auditLooks } from "./audit.ts";
import type { BrowserCase } from "./context.ts";
import { walk } from "./keyboard.ts";
import type { BrowserPage } from "./page.ts";
import { openView, SHOWN_VIEWS } from "./views.ts";

/** The cases. */
export const cases: BrowserCase[] = SHOWN_VIEWS.map((view) => ({
  name: `view ${view.name}: legible, fits, has names, and works by keyboard, narrow and wide, light and dark`,
  async run(context) {
    const board = await context.board();
    const page = await context.page(board.address);
    await openView(page, board.address, view);
    const faults = await auditLooks(page, () => keyboardFaults(page));
    const { origin } = new URL(board.address);
    faults.push(
      ...page.requests.filter(({ url }) => !url.startsWith(`${origin}/`)).map(({ url }) => `asked ${url}`),
    );
    assert.deepEqual([...new Set(faults)], []);
  },
}));

/** Where a person without a mouse would be lost. */
async function keyboardFaults(page: BrowserPage): Promise<string[]> {
  const { stops, missed, ended } = await walk(page);
  const faults = ended ? [] : [`keyboard: no way out after ${stops.at(-1)?.where}`];
  faults.push(...missed.map((control) => `keyboard: never reached: ${control}`));
  for (const [index, { problem, where, place }] of stops.entries()) {
    if (problem !== null) faults.push(`keyboard: ${where}: ${problem}`);
    if (place < (stops[index - 1]?.place ?? 0)) {
      faults.push(`keyboard: ${where} comes before what is above it`);
    }
  }
  return faults;
}
