/**
 * The state of a run. This module is browser compatible.
 *
 * @module
 */
import type { RunSummary } from "../../api/runs.ts";
import { h } from "../dom.ts";

/** The state as a word and a color; why, when it is pointed at. */
export function stateBadge({ state, reason }: Pick<RunSummary, "state" | "reason">): HTMLElement {
  return h("span", { class: `badge state-${state}`, title: reason }, state);
}
