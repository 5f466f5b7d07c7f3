/**
 * Routes of the dataset's images.
 *
 * @module
 */
import type { Route } from "../route.ts";

/** The routes. */
export const DATASET_ROUTES: readonly Route[] = [];
