/**
 * What does not fit into a window. The function travels into the page as text.
 *
 * @module
 */

/** Elements that make the page scroll sideways, and controls too small to hit (WCAG 2.2, 2.5.8: 24 px). */
export function layoutFaults(): string[] {
  const faults: string[] = [];
  const name = (element: Element) =>
    `${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""} "${
      (element.textContent ?? "").trim().slice(0, 40)
    }"`;
  const root = document.documentElement;
  const width = root.clientWidth;
  if (root.scrollWidth > width) {
    faults.push(`the page is ${root.scrollWidth} px wide in a window of ${width} px`);
  }
  const scrolls = (element: Element) => {
    for (let one = element.parentElement; one !== null; one = one.parentElement) {
      if (getComputedStyle(one).overflowX !== "visible") return true;
    }
    return false;
  };
  for (const element of document.querySelectorAll<HTMLElement>("body *")) {
    if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    const box = element.getBoundingClientRect();
    if (box.width === 0 || element.closest(".visually-hidden, .skip")) continue;
    if ((box.right > width + 0.5 || box.left < -0.5) && !scrolls(element)) {
      faults.push(
        `${name(element)} reaches from ${Math.round(box.left)} to ${Math.round(box.right)} px of ${width}`,
      );
    }
    // Links within a sentence are exempt, and fields whose label is hit as well.
    if (element.matches("button, select, input:not([type=hidden]), [role=button], [role=tab]")) {
      const target = (element as HTMLInputElement).labels?.[0]?.getBoundingClientRect() ?? box;
      if (Math.max(target.height, box.height) < 23.5 || Math.max(target.width, box.width) < 23.5) {
        faults.push(
          `${name(element)} is ${Math.round(box.width)} x ${Math.round(box.height)} px: too small to hit`,
        );
      }
    }
  }
  return faults;
}
