/**
 * Routes of evaluations of a split, image by image.
 *
 * @module
 */
import type { Route } from "../route.ts";

/** The routes. */
export const RESULT_ROUTES: readonly Route[] = [];
