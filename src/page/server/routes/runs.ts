/**
 * Routes of runs, their metrics as they grow, and their samples.
 *
 * @module
 */
import type { Route } from "../route.ts";

/** The routes. */
export const RUN_ROUTES: readonly Route[] = [];
