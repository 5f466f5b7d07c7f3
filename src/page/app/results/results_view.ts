/**
 * Results of a split, image by image. This module is browser compatible.
 *
 * @module
 */
import { h } from "../dom.ts";
import type { View } from "../view.ts";

/** The view. */
export const resultsView: View = {
  name: "results",
  title: "Results",
  open(root) {
    root.append(h("h1", {}, "Results"));
    return () => {};
  },
};
