/**
 * Chooses the images of a split that are drawn: by fixed rules, so that nobody picks the good ones.
 *
 * @module
 */
import type { ImageScore } from "./image_score.ts";

/** An image chosen for its rank. */
export interface Case {
  /** Its index among the scores. */
  readonly index: number;
  /** What it is an example of. */
  readonly rank: "worst" | "median" | "best";
}

/** The indices of `count` names spread evenly over all in alphabetical order, including the first and the last. */
export function spreadByName(names: readonly string[], count: number): number[] {
  const order = names.map((_, index) => index).sort((a, b) => names[a]! < names[b]! ? -1 : 1);
  if (count >= order.length) return order;
  const steps = Math.max(1, count - 1);
  return Array.from({ length: count }, (_, i) => order[Math.round(i * (order.length - 1) / steps)]!);
}

/**
 * The two worst, median and best images by Dice, ties broken by name, in ascending order and without repetition.
 * Images without true or predicted foreground have no Dice and are left out.
 */
export function rankedCases(scores: readonly ImageScore[]): Case[] {
  const order = scores.map((_, index) => index)
    .filter((index) => scores[index]!.metrics.dice !== null)
    .sort((a, b) => compare(scores[a]!, scores[b]!));
  const last = order.length - 1;
  const middle = Math.floor(order.length / 2);
  const candidates: [rank: Case["rank"], place: number][] = [
    ["best", last],
    ["worst", 0],
    ["median", middle],
    ["best", last - 1],
    ["worst", 1],
    ["median", middle - 1],
  ];
  const ranks = new Map<number, Case["rank"]>();
  for (const [rank, place] of candidates) if (place in order && !ranks.has(place)) ranks.set(place, rank);
  return [...ranks].sort(([a], [b]) => a - b).map(([place, rank]) => ({ index: order[place]!, rank }));
}

function compare(a: ImageScore, b: ImageScore): number {
  return a.metrics.dice! - b.metrics.dice! || (a.name < b.name ? -1 : 1);
}
