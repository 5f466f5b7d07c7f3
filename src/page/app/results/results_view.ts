/**
 * Results of a split, image by image: `#/results`, `#/results/RUN`, `#/results/RUN/SPLIT/images/NAME`, and `audit` in the
 * place of `images`.
 * This module is browser compatible.
 *
 * @module
 */
import type { View } from "../view.ts";
import { openEvaluationList } from "./evaluation_list.ts";
import { openEvaluation } from "./evaluation_page.ts";

/** The view. */
export const resultsView: View = {
  name: "results",
  title: "Results",
  open(root, path, page) {
    return path.length < 2
      ? openEvaluationList(root, path[0] ?? null, page)
      : openEvaluation(root, path, page);
  },
};
