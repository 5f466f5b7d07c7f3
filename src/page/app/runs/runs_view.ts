/**
 * All runs, and their curves next to each other. This module is browser compatible.
 *
 * @module
 */
import { h } from "../dom.ts";
import type { View } from "../view.ts";

/** The view. */
export const runsView: View = {
  name: "runs",
  title: "Runs",
  open(root) {
    root.append(h("h1", {}, "Runs"));
    return () => {};
  },
};
