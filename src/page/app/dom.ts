/**
 * Elements without a framework. Texts become text nodes: nothing from a file is ever parsed as HTML.
 * This module is browser compatible.
 *
 * @module
 */

/** What an element may hold; null, undefined and false are left out. */
export type Child = Node | string | number | null | undefined | false | readonly Child[];

// deno-lint-ignore no-explicit-any -- a listener names the event that it takes
type Listener = (event: any) => void;

/**
 * Attributes by their names. A function under `onclick` listens to `click`; true is an empty attribute; false, null and
 * undefined are left out; `style` is set rule by rule, which the page's security policy allows; `value`, `checked` and
 * `indeterminate` are properties.
 */
export type Properties = Readonly<
  Record<string, string | number | boolean | null | undefined | Listener | Readonly<Record<string, string>>>
>;

const PROPERTIES = ["value", "checked", "indeterminate"];
const SVG = "http://www.w3.org/2000/svg";

/** Makes an element. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  // Children first: a select takes a value that one of its options has.
  append(element, children);
  setProperties(element, properties);
  return element;
}

/** Makes an SVG element. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, tag);
  append(element, children);
  setProperties(element, properties);
  return element;
}

/** Adds children at the end. */
export function append(parent: Node, children: Child): void {
  if (Array.isArray(children)) children.forEach((child) => append(parent, child));
  else if (children instanceof Node) parent.appendChild(children);
  else if (typeof children === "string" || typeof children === "number") {
    parent.appendChild(document.createTextNode(`${children}`));
  }
}

/** Replaces what an element holds. */
export function fill(parent: Element, ...children: Child[]): void {
  parent.replaceChildren();
  append(parent, children);
}

/** Sets or removes attributes. */
export function setProperties(element: HTMLElement | SVGElement, properties: Properties): void {
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(name.replace(/^on/, ""), value);
    else if (typeof value === "object" && value !== null) {
      for (const [rule, text] of Object.entries(value)) element.style.setProperty(rule, text);
    } else if (PROPERTIES.includes(name) && value !== null && value !== undefined) {
      (element as unknown as Record<string, unknown>)[name] = value;
    } else if (value === false || value === null || value === undefined) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : `${value}`);
  }
}

/** Listens to an event until the returned function is called. */
export function on(
  target: EventTarget,
  type: string,
  listener: Listener,
  options?: AddEventListenerOptions,
): () => void {
  target.addEventListener(type, listener, options);
  return () => target.removeEventListener(type, listener, options);
}

let ids = 0;

/** An id that no other element has, for labels and descriptions. */
export function uniqueId(prefix = "id"): string {
  return `${prefix}-${++ids}`;
}
