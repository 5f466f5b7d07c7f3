/**
 * Predicts images in the browser. This module is browser compatible.
 *
 * @module
 */
import { h } from "../dom.ts";
import type { View } from "../view.ts";

/** The view. */
export const predictView: View = {
  name: "predict",
  title: "Predict",
  open(root) {
    root.append(h("h1", {}, "Predict"));
    return () => {};
  },
};
