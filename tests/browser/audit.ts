/**
 * What holds for every page, narrow and wide, light and dark.
 *
 * @module
 */
import { chartContrasts } from "./chart_contrast.ts";
import { contrastReport } from "./contrast.ts";
import { layoutFaults } from "./layout_faults.ts";
import { namelessNodes } from "./names.ts";
import type { BrowserPage } from "./page.ts";
import { drawn } from "./views.ts";

/** WCAG 2.2 AA for texts of any size here. */
const LEAST_CONTRAST = 4.5;

const LOOKS = [
  { width: 1920, height: 1080, dark: false },
  { width: 360, height: 640, dark: true },
];

/**
 * Faint texts, what does not fit, controls without a name, and what moves although the system asks for less; `also` finds
 * more at each width.
 */
export async function auditLooks(
  page: BrowserPage,
  also: (width: number) => Promise<string[]> = () => Promise.resolve([]),
): Promise<string[]> {
  const faults: string[] = [];
  for (const look of LOOKS) {
    await page.look({ ...look, reducedMotion: true });
    await drawn(page);
    const { count, faint } = await page.evaluate(contrastReport, LEAST_CONTRAST);
    const found = [
      ...(count > 5 ? [] : [`only ${count} texts`]),
      ...faint.map(({ text, contrast, where, colors }) =>
        `contrast ${contrast} of "${text}" in ${where} (${colors})`
      ),
      ...(await page.evaluate(chartContrasts)).filter((value) => value < LEAST_CONTRAST)
        .map((value) => `contrast ${value} of a chart's axes`),
      ...await page.evaluate(layoutFaults),
      ...(await namelessNodes(page)).map((node) => `without a name: ${node}`),
      ...(await page.evaluate(movingElements)).map((one) => `it moves: ${one}`),
      ...await also(look.width),
    ];
    faults.push(...found.map((fault) => `${look.width} px, ${look.dark ? "dark" : "light"}: ${fault}`));
  }
  return [...new Set(faults)];
}

/** Animations that run although the system asks for less motion. */
function movingElements(): string[] {
  return document.getAnimations().flatMap(({ effect }) => {
    const { duration, iterations } = effect!.getComputedTiming();
    return Number(duration) > 1 || iterations === Infinity
      ? [`${(effect as KeyframeEffect).target?.outerHTML.slice(0, 80)}`]
      : [];
  });
}
