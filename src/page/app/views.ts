/**
 * The page's views; the first one opens if the address names none. This module is browser compatible.
 *
 * @module
 */
import { correctView } from "./correct/correct_view.ts";
import { datasetView } from "./dataset/dataset_view.ts";
import { predictView } from "./predict/predict_view.ts";
import { resultsView } from "./results/results_view.ts";
import { runView } from "./runs/run_view.ts";
import { runsView } from "./runs/runs_view.ts";
import type { View } from "./view.ts";

/** All views. */
export const VIEWS: readonly View[] = [
  runsView,
  runView,
  resultsView,
  datasetView,
  predictView,
  correctView,
];
