/**
 * The dataset, with its outlines and problems. This module is browser compatible.
 *
 * @module
 */
import { h } from "../dom.ts";
import type { View } from "../view.ts";

/** The view. */
export const datasetView: View = {
  name: "dataset",
  title: "Dataset",
  open(root) {
    root.append(h("h1", {}, "Dataset"));
    return () => {};
  },
};
