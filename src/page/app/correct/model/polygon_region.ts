/**
 * What a drawn polygon covers: the same pixels as a polygon of a COCO file.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { MAX_COORDINATE, polygonRuns } from "../../../../coco/polygon.ts";
import type { Size } from "../../../../image/image.ts";
import { BitTiles } from "./bit_tiles.ts";
import type { Point } from "./brush.ts";

/** Most corners of a drawn polygon. */
export const MAX_CORNERS = 10_000;

/**
 * The pixels inside a closed outline, by COCO's rule. Throws a RangeError for fewer than three corners, too many, or a
 * corner too far away.
 */
export function polygonRegion(size: Size, corners: readonly Point[]): BitTiles {
  if (corners.length < 3 || corners.length > MAX_CORNERS) {
    throw new RangeError(
      `Cannot fill a polygon of ${corners.length} corners: expected 3 to ${
        MAX_CORNERS.toLocaleString("en-US")
      }`,
    );
  }
  const points = corners.flatMap(({ x, y }) => [x, y]);
  const far = points.find((value) => !(Math.abs(value) <= MAX_COORDINATE));
  if (far !== undefined) {
    throw new RangeError(`Cannot fill a polygon with a corner at ${far}: expected a number near the image`);
  }
  return BitTiles.fromRuns(size, polygonRuns(size, points));
}
