/**
 * Walks a page with the Tab key, as who has no mouse does.
 *
 * @module
 */
import type { BrowserPage } from "./page.ts";

/** A stop of the walk. */
export interface Stop {
  /** Its place among all elements of the document. */
  readonly place: number;
  readonly where: string;
  /** Why a person would be lost here, if so. */
  readonly problem: string | null;
}

/** What a walk found. */
export interface Walk {
  readonly stops: Stop[];
  /** Controls that Tab never reached. */
  readonly missed: string[];
  /** Whether it came out at the end again. */
  readonly ended: boolean;
}

/** Most stops of a walk. */
const MOST_STOPS = 200;

/** Walks from the beginning of the document to its end. */
export async function walk(page: BrowserPage): Promise<Walk> {
  await page.evaluate(() => {
    // The walk starts above everything, wherever the focus was.
    const start = document.createElement("span");
    start.tabIndex = -1;
    document.body.prepend(start);
    start.focus({ preventScroll: true });
    start.remove();
  });
  const stops: Stop[] = [];
  const seen = new Set<number>();
  while (stops.length < MOST_STOPS) {
    await page.press("Tab");
    const stop = await page.evaluate(describeFocus);
    if (stop === null || stop.place === stops[0]?.place) {
      return { stops, missed: await page.evaluate(missedControls, [...seen]), ended: true };
    }
    if (stop.place === stops.at(-1)?.place) break;
    stops.push(stop);
    seen.add(stop.place);
  }
  return { stops, missed: await page.evaluate(missedControls, [...seen]), ended: false };
}

/** What has the focus, and whether that shows; null for the document itself. */
function describeFocus(): Stop | null {
  const element = document.activeElement;
  if (element === null || element === document.body || element === document.documentElement) return null;
  const place = [...document.querySelectorAll("*")].indexOf(element);
  const label = element.getAttribute("aria-label") ?? (element as HTMLElement).innerText ?? "";
  const where = `${element.tagName.toLowerCase()}.${element.className} ${label.slice(0, 40)}`;
  const box = element.getBoundingClientRect();
  const left = Math.max(box.left, 0), right = Math.min(box.right, innerWidth);
  const top = Math.max(box.top, 0), bottom = Math.min(box.bottom, innerHeight);
  const style = getComputedStyle(element);
  const outlined = style.outlineStyle === "auto" ||
    (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2);
  let problem = null;
  if (right - left < 1 || bottom - top < 1) problem = "it has the focus outside of the window";
  else if (!outlined && style.boxShadow === "none") problem = "nothing shows that it has the focus";
  else {
    const above = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    const isOwn = above !== null && (element.contains(above) || above.contains(element));
    if (!isOwn) problem = `it has the focus below ${above?.tagName}.${above?.className}`;
  }
  return { place, where, problem };
}

/** Controls that could have the focus and did not. Those with tabindex -1 are reached by arrow keys. */
function missedControls(seen: number[]): string[] {
  const all = [...document.querySelectorAll<HTMLElement>("*")];
  const reached = seen.map((place) => all[place]);
  return all.filter((element) => {
    if (element.tabIndex < 0 || !element.checkVisibility({ visibilityProperty: true })) return false;
    if (element.matches(":disabled, [inert] *")) return false;
    // Of radio buttons of a name, Tab reaches one.
    const { type, name } = element as HTMLInputElement;
    if (type === "radio" && reached.some((one) => (one as HTMLInputElement | undefined)?.name === name)) {
      return false;
    }
    return !reached.includes(element) && element !== document.body && element !== document.documentElement;
  }).map((element) => element.outerHTML.slice(0, 100));
}
