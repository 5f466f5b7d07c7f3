/**
 * Everything that the board answers.
 *
 * @module
 */
import { PAGE_ROUTES } from "./page_files.ts";
import type { Route } from "./route.ts";
import { CORRECTION_ROUTES } from "./routes/corrections.ts";
import { DATASET_ROUTES } from "./routes/dataset.ts";
import { MODEL_ROUTES } from "./routes/model.ts";
import { RESULT_ROUTES } from "./routes/results.ts";
import { RUN_ROUTES } from "./routes/runs.ts";

/** All routes; no two have the same path. */
export const ROUTES: readonly Route[] = [
  ...PAGE_ROUTES,
  ...RUN_ROUTES,
  ...RESULT_ROUTES,
  ...DATASET_ROUTES,
  ...MODEL_ROUTES,
  ...CORRECTION_ROUTES,
];
