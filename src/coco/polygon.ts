/**
 * COCO's polygon rasterizer, pixel for pixel.
 *
 * COCO's own code (`rleFrPoly` in maskApi.c) walks the outline on a grid five times as fine, records where it crosses
 * the center of a pixel column, and fills each column between crossings. Here the crossings are computed without
 * walking, so that an outline far outside the image costs no more than one inside.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Size } from "../image/image.ts";
import type { Mask } from "../image/mask.ts";
import { type Coverage, NO_COVERAGE, unite } from "./coverage.ts";
import {
  type Box,
  eachCrossing,
  eachEdge,
  firstColumn,
  type GridPoints,
  gridPoints,
  lastColumn,
  pixelBox,
  writeEdgeRows,
} from "./polygon_edges.ts";
import { RunList } from "./run_list.ts";

/**
 * Largest coordinate, in pixels. COCO's code uses 32-bit integers, five per pixel, and is undefined beyond their
 * range.
 */
export const MAX_COORDINATE = 2 ** 27;

/** Most points times image width, which bounds the work of one outline; no hand-drawn outline comes near it. */
export const MAX_CROSSINGS = 2 ** 27;

/**
 * Fills one closed outline with `label`; `points` are x, y, x, y, ... in pixels, within both limits above. An odd last
 * number is ignored, as in COCO's code.
 */
export function fillPolygon(mask: Mask, points: readonly number[], label = 1): void {
  const grid = gridPoints(points);
  const box = pixelBox(mask, grid);
  if (box === null) return;
  const words = Math.ceil(box.width / 32);
  const bits = columnFlips(box, grid, words);
  // A pixel is inside if the number of crossings above it in its column is odd.
  for (let at = words; at < bits.length; at++) bits[at]! ^= bits[at - words]!;
  for (let row = 0; row < box.height; row++) {
    const to = (box.top + row) * mask.width + box.left;
    fillBits(bits, row * words, words, mask.data, to, label);
  }
}

/** A bit for each pixel of the box, 32 to a word: 1 if the outline crosses its column's center there an odd number of times. */
function columnFlips(box: Box, grid: GridPoints, words: number): Int32Array {
  const bits = new Int32Array(words * box.height);
  const rows = new Int32Array(box.width);
  const { xs } = grid;
  const end = box.left + box.width - 1;
  // Not with a call for each crossing, which takes twice as long.
  for (let i = 0; i + 1 < xs.length; i++) {
    const [a, b] = [xs[i]!, xs[i + 1]!];
    const first = Math.max(box.left, firstColumn(Math.min(a, b)));
    const last = Math.min(end, lastColumn(Math.max(a, b)));
    if (first > last) continue;
    writeEdgeRows(box, grid, i, first, last, rows);
    for (let x = first; x <= last; x++) {
      const column = x - box.left;
      const row = rows[x - first]!;
      // A crossing below the last row ends a run there; above the box there is none.
      if (row < box.height) bits[row * words + (column >> 5)]! ^= 1 << (column & 31);
    }
  }
  return bits;
}

/** Runs of at least so many pixels are filled by one call. */
const LONG_RUN = 32;

/** Sets the samples, from `to` on, whose bit is 1 in `words` words from `from` on. */
function fillBits(
  bits: Int32Array,
  from: number,
  words: number,
  data: Uint8Array,
  to: number,
  label: number,
): void {
  let start = -1;
  for (let word = 0; word <= words; word++) {
    const inside = word < words ? bits[from + word]! : 0;
    // A bit for each pixel that differs from the one on its left.
    let changes = inside ^ (inside << 1 | (start < 0 ? 0 : 1));
    for (; changes !== 0; changes &= changes - 1) {
      const at = to + 32 * word + 31 - Math.clz32(changes & -changes);
      if (start < 0) start = at;
      else {
        if (at - start < LONG_RUN) { for (let i = start; i < at; i++) data[i] = label; }
        else data.fill(label, start, at);
        start = -1;
      }
    }
  }
}

/** Most crossings that are held in memory. */
const MAX_HELD_CROSSINGS = 2 ** 20;

/** Crossings that may still be counted exactly; {@linkcode polygonCoverage} takes what it needs. */
export interface CrossingBudget {
  crossings: number;
}

/** Columns that are looked at beyond the budget. */
const SAMPLED_COLUMNS = 16;

/**
 * What {@linkcode fillPolygon} fills, to the pixel, without a mask: the work follows the columns that the outline
 * crosses, not the area that it encloses. Beyond the budget it is an estimate from a few columns, so that the work for
 * many outlines of few points, each across a whole large image, is bounded.
 */
export function polygonCoverage(size: Size, points: readonly number[], budget?: CrossingBudget): Coverage {
  const grid = gridPoints(points);
  const box = pixelBox(size, grid);
  if (box === null) return NO_COVERAGE;
  if (budget !== undefined) {
    let crossings = 0;
    eachEdge(box, grid, (_, first, last) => crossings += last - first + 1);
    if (crossings > budget.crossings) return estimateCoverage(box, grid);
    budget.crossings -= crossings;
  }
  let coverage = NO_COVERAGE;
  eachPart(box, grid, (part) => coverage = unite(coverage, columnCoverage(part, grid)));
  return coverage;
}

function estimateCoverage(box: Box, grid: GridPoints): Coverage {
  const step = Math.max(1, Math.floor(box.width / SAMPLED_COLUMNS));
  let coverage = NO_COVERAGE;
  for (let left = step >> 1; left < box.width; left += step) {
    const { pixels, ...found } = columnCoverage({ ...box, left: box.left + left, width: 1 }, grid);
    if (pixels === 0) continue;
    const [from, to] = [found.left - (step >> 1), found.left + (step + 1 >> 1)];
    coverage = unite(coverage, { pixels: pixels * step, ...found, left: from, right: to });
  }
  return coverage;
}

function columnCoverage(box: Box, grid: GridPoints): Coverage {
  let { pixels, left, top, right, bottom } = NO_COVERAGE;
  eachSpan(box, grid, (column, from, to) => {
    pixels += to - from;
    left = Math.min(left, column);
    right = column + 1;
    top = Math.min(top, from);
    bottom = Math.max(bottom, to);
  });
  return { pixels, left, top, right, bottom };
}

/**
 * The run lengths of what {@linkcode fillPolygon} fills, in column-major order, starting with a possibly empty run of
 * zeros: those of the mask, without a mask.
 */
export function polygonRuns(size: Size, points: readonly number[]): number[] {
  const grid = gridPoints(points);
  const box = pixelBox(size, grid);
  const runs = new RunList();
  if (box !== null) {
    eachPart(box, grid, (part) =>
      eachSpan(part, grid, (column, from, to) => {
        runs.add(column * size.height + from, column * size.height + to);
      }));
  }
  return runs.finish(size.width * size.height);
}

/** Calls `visit` with parts of the box, from left to right, whose crossings fit into memory. */
function eachPart(box: Box, { xs }: GridPoints, visit: (part: Box) => void): void {
  const columns = Math.max(1, Math.floor(MAX_HELD_CROSSINGS / xs.length));
  for (let left = 0; left < box.width; left += columns) {
    visit({ ...box, left: box.left + left, width: Math.min(columns, box.width - left) });
  }
}

/** Calls `visit` with every run of filled rows, column by column; `to` is the first row below. */
function eachSpan(
  box: Box,
  grid: GridPoints,
  visit: (column: number, from: number, to: number) => void,
): void {
  const starts = new Uint32Array(box.width + 1);
  eachEdge(box, grid, (_, first, last) => {
    for (let x = first; x <= last; x++) starts[x - box.left + 1]!++;
  });
  for (let column = 0; column < box.width; column++) starts[column + 1]! += starts[column]!;
  const rows = new Uint32Array(starts[box.width]!);
  const ends = starts.slice(0, box.width);
  eachCrossing(box, grid, (column, row) => rows[ends[column]!++] = row);
  for (let column = 0; column < box.width; column++) {
    const [start, end] = [starts[column]!, starts[column + 1]!];
    sortRows(rows, start, end);
    for (let i = start; i + 1 < end; i += 2) {
      const [from, to] = [rows[i]!, rows[i + 1]!];
      if (from < to) visit(box.left + column, box.top + from, box.top + to);
    }
  }
}

function sortRows(rows: Uint32Array, start: number, end: number): void {
  if (end - start > 2) rows.subarray(start, end).sort();
  else if (end - start === 2 && rows[start]! > rows[start + 1]!) {
    [rows[start], rows[start + 1]] = [rows[start + 1]!, rows[start]!];
  }
}
