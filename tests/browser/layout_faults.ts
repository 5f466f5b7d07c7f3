/**
 * What does not fit into a window. The function travels into the page as text.
 *
 * @module
 */

/**
 * Elements that make the page scroll sideways, controls too small to hit (WCAG 2.2, 2.5.8: 24 px), and cells that are
 * not below their headings.
 */
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
  }
  // A smaller target is fine if a circle of 24 px around its center touches no other one.
  const targets = [...document.querySelectorAll<HTMLInputElement>(
    "button, select, input:not([type=hidden]), [role=button], [role=tab]",
  )].filter((element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true }));
  const boxes = targets.map((element) => {
    const box = element.getBoundingClientRect();
    const label = element.labels?.[0]?.getBoundingClientRect();
    return label && label.width * label.height > box.width * box.height ? label : box;
  });
  for (const [index, box] of boxes.entries()) {
    if (targets[index]!.closest(".visually-hidden") || (box.width > 23.5 && box.height > 23.5)) continue;
    const x = (box.left + box.right) / 2, y = (box.top + box.bottom) / 2;
    const isCrowded = boxes.some((other, at) =>
      at !== index && Math.hypot(
          Math.max(other.left - x, 0, x - other.right),
          Math.max(other.top - y, 0, y - other.bottom),
        ) < 12
    );
    if (isCrowded || box.width < 8 || box.height < 8) {
      faults.push(
        `${name(targets[index]!)} is ${Math.round(box.width)} x ${
          Math.round(box.height)
        } px: too small to hit`,
      );
    }
  }
  // Cells stand below their headings.
  for (const grid of document.querySelectorAll("[role=grid]")) {
    const left = (selector: string) =>
      [...grid.querySelectorAll(selector)].map((cell) => Math.round(cell.getBoundingClientRect().left));
    const headings = left("[role=columnheader]");
    const cells = left("[role=row] [role=gridcell]").slice(0, headings.length);
    if (cells.some((cell, at) => Math.abs(cell - headings[at]!) > 1)) {
      faults.push(`cells at ${cells} px, their headings at ${headings} px`);
    }
  }
  return faults;
}
