/**
 * Corrects a mask. This module is browser compatible.
 *
 * @module
 */
import { h } from "../dom.ts";
import type { View } from "../view.ts";

/** The view. */
export const correctView: View = {
  name: "correct",
  title: "Correct",
  open(root) {
    root.append(h("h1", {}, "Correct"));
    return () => {};
  },
};
