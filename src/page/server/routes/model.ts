/**
 * Routes of the model that predicts in the page.
 *
 * @module
 */
import type { Route } from "../route.ts";

/** The routes. */
export const MODEL_ROUTES: readonly Route[] = [];
