/**
 * A small image that stops loading when it is no longer wanted. This module is browser compatible.
 *
 * @module
 */
import type { Api } from "../api.ts";
import { h } from "../dom.ts";

/** An image of the dataset, reduced. */
export interface Thumbnail {
  readonly element: HTMLElement;
  /** Stops loading. */
  close(): void;
}

/** Milliseconds before it loads: of a list that is scrolled fast, nothing is asked for in passing. */
const DELAY_MS = 60;

/** Shows the thumbnail of an image; in its place, a text if it cannot be shown. */
export function thumbnail(api: Api, split: string, fileName: string, alt = ""): Thumbnail {
  const image = h("img", {
    alt,
    decoding: "async",
    onerror: () => image.getAttribute("src") && element.replaceChildren(h("span", {}, "cannot be shown")),
  });
  const element = h("div", { class: "ds-thumbnail" }, image);
  const timer = setTimeout(() => {
    image.src = api.url(["dataset", "thumbnail", split, fileName]);
  }, DELAY_MS);
  return {
    element,
    close() {
      clearTimeout(timer);
      // Without an address the browser drops the request, and the server the work.
      image.removeAttribute("src");
    },
  };
}
