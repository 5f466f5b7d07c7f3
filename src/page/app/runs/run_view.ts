/**
 * One run, live. This module is browser compatible.
 *
 * @module
 */
import { h } from "../dom.ts";
import type { View } from "../view.ts";

/** The view. */
export const runView: View = {
  name: "run",
  title: "Run",
  under: "runs",
  open(root) {
    root.append(h("h1", {}, "Run"));
    return () => {};
  },
};
