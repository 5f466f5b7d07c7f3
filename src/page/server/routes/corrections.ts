/**
 * Routes of corrected masks.
 *
 * @module
 */
import type { Route } from "../route.ts";

/** The routes. */
export const CORRECTION_ROUTES: readonly Route[] = [];
