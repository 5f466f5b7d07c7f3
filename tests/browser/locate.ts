/**
 * Finds an element in a page. The function travels there as text: it uses nothing from outside of itself.
 *
 * @module
 */

/** An element, the centre of its visible part, and why it cannot be used, if so. */
export interface Located {
  readonly element?: HTMLElement;
  readonly point?: { x: number; y: number };
  readonly problem?: string;
}

/** Finds the first visible element of `CSS` or `CSS >> text`, and scrolls it into view. */
export function locate(selector: string): Located {
  const [css = "", text] = selector.split(" >> ");
  const visible = (element: Element) => element.checkVisibility({ visibilityProperty: true });
  const says = (element: Element) =>
    text === undefined ||
    [(element as HTMLElement).innerText, element.getAttribute("aria-label"), element.getAttribute("title")]
      .some((words) => words?.includes(text));
  const all = [...document.querySelectorAll<HTMLElement>(css)];
  const element = all.find((element) => visible(element) && says(element));
  if (element === undefined) {
    const shown = all.filter(visible).length;
    return { problem: `${all.length} elements of this kind, ${shown} of them visible, none of them meant` };
  }
  if (element.matches(":disabled, [aria-disabled=true]")) return { element, problem: "it is disabled" };
  element.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
  const box = element.getBoundingClientRect();
  let left = Math.max(box.left, 0), right = Math.min(box.right, innerWidth);
  let top = Math.max(box.top, 0), bottom = Math.min(box.bottom, innerHeight);
  for (let one = element.parentElement; one !== null && one !== document.body; one = one.parentElement) {
    if (getComputedStyle(one).overflow === "visible") continue;
    const clip = one.getBoundingClientRect();
    [left, right] = [Math.max(left, clip.left), Math.min(right, clip.right)];
    [top, bottom] = [Math.max(top, clip.top), Math.min(bottom, clip.bottom)];
  }
  const point = { x: (left + right) / 2, y: (top + bottom) / 2 };
  const above = document.elementFromPoint(point.x, point.y);
  const label = (element as HTMLInputElement).labels?.[0];
  if (above === null || !(element.contains(above) || above.contains(element) || label?.contains(above))) {
    return { element, point, problem: `it is covered by ${above?.outerHTML.slice(0, 80) ?? "nothing"}` };
  }
  return { element, point };
}
