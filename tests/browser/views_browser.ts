/** What holds for every view: contrast, layout, names, keyboard, motion, and that nothing comes from elsewhere. */
import assert from "node:assert/strict";
import { chartContrasts } from "./chart_contrast.ts";
import { contrastReport } from "./contrast.ts";
import type { BrowserCase } from "./context.ts";
import { walk } from "./keyboard.ts";
import { layoutFaults } from "./layout_faults.ts";
import { namelessNodes } from "./names.ts";
import { drawn, openView, SHOWN_VIEWS } from "./views.ts";

/** WCAG 2.2 AA for texts of any size here. */
const LEAST_CONTRAST = 4.5;

const LOOKS = [
  { width: 1920, height: 1080, dark: false },
  { width: 360, height: 640, dark: true },
];

/** The cases. */
export const cases: BrowserCase[] = SHOWN_VIEWS.map((view) => ({
  name: `view ${view.name}: legible, fits, has names, and works by keyboard, narrow and wide, light and dark`,
  async run(context) {
    const board = await context.board();
    const page = await context.page(board.address);
    await openView(page, board.address, view);
    const faults: string[] = [];
    for (const look of LOOKS) {
      await page.look({ ...look, reducedMotion: true });
      await drawn(page);
      const label = `${look.width} px, ${look.dark ? "dark" : "light"}: `;
      const { count, faint } = await page.evaluate(contrastReport, LEAST_CONTRAST);
      assert.ok(count > 5, `only ${count} texts`);
      faults.push(
        ...faint.map((text) =>
          `${label}contrast ${text.contrast} of "${text.text}" in ${text.where} (${text.colors})`
        ),
      );
      faults.push(
        ...(await page.evaluate(chartContrasts)).filter((value) => value < LEAST_CONTRAST)
          .map((value) => `${label}contrast ${value} of a chart's axes`),
      );
      faults.push(...(await page.evaluate(layoutFaults)).map((fault) => `${label}${fault}`));
      faults.push(...(await namelessNodes(page)).map((node) => `${label}without a name: ${node}`));
      faults.push(...(await page.evaluate(movingElements)).map((one) => `${label}it moves: ${one}`));
    }
    for (const width of [360, 1280]) {
      await page.look({ width });
      await drawn(page);
      const { stops, missed, ended } = await walk(page);
      const label = `keyboard, ${width} px: `;
      if (!ended) faults.push(`${label}no way out after ${stops.at(-1)?.where}`);
      faults.push(...missed.map((control) => `${label}never reached: ${control}`));
      for (const [index, { problem, where, place }] of stops.entries()) {
        if (problem !== null) faults.push(`${label}${where}: ${problem}`);
        if (place < (stops[index - 1]?.place ?? 0)) {
          faults.push(`${label}${where} comes before what is above it`);
        }
      }
    }
    const { origin } = new URL(board.address);
    faults.push(
      ...page.requests.filter(({ url }) => !url.startsWith(`${origin}/`)).map(({ url }) => `asked ${url}`),
    );
    assert.deepEqual([...new Set(faults)], []);
  },
}));

/** Animations that run although the system asks for less motion. */
function movingElements(): string[] {
  return document.getAnimations().flatMap(({ effect }) => {
    const { duration, iterations } = effect!.getComputedTiming();
    return Number(duration) > 1 || iterations === Infinity
      ? [`${(effect as KeyframeEffect).target?.outerHTML.slice(0, 80)}`]
      : [];
  });
}
