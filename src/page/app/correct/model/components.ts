/**
 * The components of a mask in tiles, and their holes. The work and the memory follow the runs of pixels, not the area:
 * a mask of 8192 x 8192 pixels needs no array of that size.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Box } from "../../../../image/components.ts";
import { BitTiles } from "./bit_tiles.ts";
import type { Point } from "./brush.ts";
import type { Connectivity } from "./flood.ts";

/** A connected component. */
export interface Part {
  /** Its number of pixels. */
  readonly area: number;
  /** Its bounding box. */
  readonly box: Box;
  /** Its first pixel, row by row. */
  readonly first: Point;
  /** Whether any of its pixels is marked. */
  readonly isMarked: boolean;
}

/** Most runs of pixels in which components are searched: a mask of single pixels has millions. */
export const MAX_SPANS = 2 ** 21;

/**
 * The components of a mask, ordered by their first pixel row by row; null if there are too many runs to search. `marks`
 * are pixels that mark the component they lie in.
 */
export function findParts(mask: BitTiles, marks?: BitTiles, connectivity: Connectivity = 8): Part[] | null {
  const spans = collectSpans(mask);
  return spans && partsOf(spans, joinSpans(spans, connectivity), marks);
}

/** The pixels within a region's outer outline that it leaves free; empty if it has too many runs to search. */
export function holesOf(region: BitTiles): BitTiles {
  const holes = new BitTiles(region);
  const inner = collectSpans(region);
  if (inner === null || inner.count === 0) return holes;
  const box = boxOf(inner);
  const free = freeSpans(inner, box);
  // Where foreground is connected at corners, background is not: else a diagonal line would have two sides and none.
  const roots = joinSpans(free, 4);
  const isOpen = new Uint8Array(free.count);
  for (let i = 0; i < free.count; i++) {
    const touches = free.rows[i] === box.y || free.rows[i] === box.y + box.height - 1 ||
      free.from[i] === box.x || free.to[i] === box.x + box.width;
    if (touches) isOpen[roots[i]!] = 1;
  }
  for (let i = 0; i < free.count; i++) {
    if (isOpen[roots[i]!] === 0) holes.setSpan(free.rows[i]!, free.from[i]!, free.to[i]!);
  }
  return holes;
}

/** Runs of pixels, row by row; `to` is the first column after each. */
interface Spans {
  readonly count: number;
  readonly rows: readonly number[];
  readonly from: readonly number[];
  readonly to: readonly number[];
}

function collectSpans(mask: BitTiles): Spans | null {
  const rows: number[] = [], from: number[] = [], to: number[] = [];
  mask.eachSpan((y, start, end) => {
    if (rows.length > MAX_SPANS) return;
    rows.push(y);
    from.push(start);
    to.push(end);
  });
  return rows.length > MAX_SPANS ? null : { count: rows.length, rows, from, to };
}

/** The runs of a box that the given ones, which lie in it, leave free. */
function freeSpans(spans: Spans, box: Box): Spans {
  const rows: number[] = [], from: number[] = [], to: number[] = [];
  const add = (y: number, start: number, end: number) => {
    if (start >= end) return;
    rows.push(y);
    from.push(start);
    to.push(end);
  };
  const right = box.x + box.width;
  let next = 0;
  for (let y = box.y; y < box.y + box.height; y++) {
    let x = box.x;
    for (; next < spans.count && spans.rows[next] === y; next++) {
      add(y, x, spans.from[next]!);
      x = spans.to[next]!;
    }
    add(y, x, right);
  }
  return { count: rows.length, rows, from, to };
}

/** For each run, the index of the first run of its component. */
function joinSpans({ count, rows, from, to }: Spans, connectivity: Connectivity): Int32Array {
  const parents = Int32Array.from({ length: count }, (_, i) => i);
  const rootOf = (i: number) => {
    while (parents[i] !== i) i = parents[i] = parents[parents[i]!]!;
    return i;
  };
  const reach = connectivity === 8 ? 1 : 0;
  // Two hands: run `above` is the first of the row before that may still touch run `i`.
  for (let i = 0, above = 0; i < count; i++) {
    while (above < i && (rows[above]! < rows[i]! - 1)) above++;
    while (above < i && rows[above] === rows[i]! - 1 && to[above]! + reach <= from[i]!) above++;
    for (let j = above; j < i && rows[j] === rows[i]! - 1 && from[j]! < to[i]! + reach; j++) {
      const [a, b] = [rootOf(i), rootOf(j)];
      parents[Math.max(a, b)] = Math.min(a, b);
    }
  }
  for (let i = 0; i < count; i++) parents[i] = rootOf(i);
  return parents;
}

function partsOf(spans: Spans, roots: Int32Array, marks?: BitTiles): Part[] {
  const places = new Map<number, number>();
  const found: {
    area: number;
    left: number;
    right: number;
    bottom: number;
    first: Point;
    isMarked: boolean;
  }[] = [];
  for (let i = 0; i < spans.count; i++) {
    const [y, from, to] = [spans.rows[i]!, spans.from[i]!, spans.to[i]!];
    const isMarked = marks?.some(y, from, to) ?? false;
    const place = places.get(roots[i]!);
    if (place === undefined) {
      places.set(roots[i]!, found.length);
      found.push({ area: to - from, left: from, right: to, bottom: y, first: { x: from, y }, isMarked });
      continue;
    }
    const part = found[place]!;
    part.area += to - from;
    part.left = Math.min(part.left, from);
    part.right = Math.max(part.right, to);
    part.bottom = y;
    part.isMarked ||= isMarked;
  }
  return found.map(({ area, left, right, bottom, first, isMarked }) => ({
    area,
    box: { x: left, y: first.y, width: right - left, height: bottom - first.y + 1 },
    first,
    isMarked,
  }));
}

function boxOf({ count, rows, from, to }: Spans): Box {
  let left = Infinity, right = 0;
  for (let i = 0; i < count; i++) {
    left = Math.min(left, from[i]!);
    right = Math.max(right, to[i]!);
  }
  const top = rows[0]!;
  return { x: left, y: top, width: right - left, height: rows[count - 1]! - top + 1 };
}
