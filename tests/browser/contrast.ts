/**
 * Contrast of every text of a page as it is drawn, by WCAG 2.2, 1.4.3. The function travels into the page as text.
 *
 * @module
 */

/** A text that is too faint. */
export interface FaintText {
  readonly text: string;
  readonly where: string;
  readonly contrast: number;
  readonly colors: string;
}

/** What was looked at. */
export interface ContrastReport {
  /** Texts looked at. */
  readonly count: number;
  /** The lowest contrast. */
  readonly least: number;
  readonly faint: FaintText[];
}

/**
 * Looks at all visible texts, fields and texts of pseudo-elements; disabled controls are exempt by the standard. Colors
 * are composited over what lies below; a text over an image or a gradient without a ground of its own is too faint.
 */
export function contrastReport(limit: number): ContrastReport {
  type Color = [red: number, green: number, blue: number, alpha: number];
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true })!;
  const known = new Map<string, Color>();
  /** Any CSS color, as the browser paints it. */
  const parse = (css: string): Color => {
    let color = known.get(css);
    if (color === undefined) {
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = css;
      context.fillRect(0, 0, 1, 1);
      const [red, green, blue, alpha] = context.getImageData(0, 0, 1, 1).data;
      known.set(css, color = [red!, green!, blue!, alpha! / 255]);
    }
    return color;
  };
  const over = ([r, g, b, a]: Color, [R, G, B]: Color): Color => {
    const mix = (top: number, below: number) => top * a + below * (1 - a);
    return [mix(r, R), mix(g, G), mix(b, B), 1];
  };
  const luminance = ([red, green, blue]: Color) => {
    const linear = [red, green, blue].map((value) => {
      const v = value / 255;
      return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * linear[0]! + 0.7152 * linear[1]! + 0.0722 * linear[2]!;
  };
  const contrast = (a: Color, b: Color) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high! + 0.05) / (low! + 0.05);
  };
  /** The ground behind an element; null if it is an image or a gradient. */
  const groundOf = (element: Element, box: DOMRect): Color | null => {
    const x = (box.left + box.right) / 2, y = (box.top + box.bottom) / 2;
    const inside = x >= 0 && y >= 0 && x < innerWidth && y < innerHeight;
    const stack = inside ? document.elementsFromPoint(x, y) : [];
    const at = stack.indexOf(element);
    const layers: Element[] = at >= 0 ? stack.slice(at) : [];
    if (at < 0) { for (let one: Element | null = element; one; one = one.parentElement) layers.push(one); }
    const colors: Color[] = [];
    for (const layer of layers) {
      const style = getComputedStyle(layer);
      if (layer !== element && /^(canvas|img|video)$/i.test(layer.tagName)) return null;
      if (/gradient|url/.test(style.backgroundImage)) return null;
      const color = parse(style.backgroundColor);
      if (color[3] > 0) colors.push(color);
      if (color[3] === 1) break;
    }
    const scheme = matchMedia("(prefers-color-scheme: dark)").matches ? 18 : 255;
    return colors.reverse().reduce((below, top) => over(top, below), [scheme, scheme, scheme, 1] as Color);
  };
  const opacityOf = (element: Element) => {
    let opacity = 1;
    for (let one: Element | null = element; one; one = one.parentElement) {
      opacity *= Number(getComputedStyle(one).opacity);
    }
    return opacity;
  };
  const where = (element: Element) => {
    const parts: string[] = [];
    for (let one: Element | null = element; one && parts.length < 4; one = one.parentElement) {
      parts.unshift(one.tagName.toLowerCase() + [...one.classList].map((name) => `.${name}`).join(""));
    }
    return parts.join(" > ");
  };
  const report = { count: 0, least: Infinity, faint: [] as FaintText[] };
  const look = (element: Element, text: string, css: string, box: DOMRect) => {
    report.count++;
    const ground = groundOf(element, box);
    const [red, green, blue, alpha] = parse(css);
    const color: Color = [red, green, blue, alpha * opacityOf(element)];
    const value = ground === null ? 0 : contrast(over(color, ground), ground);
    report.least = Math.min(report.least, value);
    if (value >= limit) return;
    report.faint.push({
      text: text.trim().slice(0, 60),
      where: where(element),
      contrast: Math.round(value * 100) / 100,
      colors: `${css} on ${ground === null ? "an image or a gradient" : ground.map(Math.round).join()}`,
    });
  };
  const seen = (element: Element) =>
    element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) &&
    element.closest(":disabled, [aria-disabled=true], noscript, .visually-hidden") === null;

  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node !== null; node = texts.nextNode()) {
    const element = node.parentElement!;
    if (node.nodeValue!.trim() === "" || !seen(element) || /^(script|style|option)$/i.test(element.tagName)) {
      continue;
    }
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    if (box.width < 1 || box.height < 1) continue;
    const style = getComputedStyle(element);
    const isSvg = element instanceof SVGElement;
    look(element, node.nodeValue!, isSvg ? style.fill : style.color, box);
  }
  for (const field of document.querySelectorAll<HTMLInputElement>("input, select, textarea")) {
    if (!seen(field) || /^(checkbox|radio|range|file|hidden|color)$/.test(field.type)) continue;
    const box = field.getBoundingClientRect();
    look(field, field.value || "value", getComputedStyle(field).color, box);
    if (field.placeholder) {
      look(field, field.placeholder, getComputedStyle(field, "::placeholder").color, box);
    }
  }
  for (const element of document.querySelectorAll("body *")) {
    for (const pseudo of ["::before", "::after"]) {
      const style = getComputedStyle(element, pseudo);
      if (!/^".*\w.*"$/.test(style.content) || !seen(element)) continue;
      look(element, style.content, style.color, element.getBoundingClientRect());
    }
  }
  return report;
}
