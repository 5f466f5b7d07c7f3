/**
 * How uncertain a prediction is, pixel by pixel: the entropy of the mean probability, and how far several models disagree.
 * This module is browser compatible.
 *
 * @module
 */
import type { Head } from "../unet/config.ts";
import type { ProbabilityMap } from "./probability_map.ts";

/**
 * The entropy of each pixel, 0 where the prediction is certain and 1 where it is undecided. With a sigmoid, in bits, of the
 * class that is most undecided there; with a softmax, of all classes and the background, as a share of the most possible.
 */
export function entropyMap(maps: readonly ProbabilityMap[], head: Head): ProbabilityMap {
  const { width, height, data: { length } } = maps[0]!;
  const data = new Float32Array(length);
  for (let at = 0; at < length; at++) data[at] = entropyAt(maps, at, head);
  return { width, height, data };
}

/**
 * How far models disagree in each pixel: the entropy of their mean probability less the mean of their entropies (the
 * Jensen-Shannon divergence, also called mutual information), on the scale of {@linkcode entropyMap}. 0 if they agree,
 * however uncertain each is.
 */
export function disagreementMap(
  members: readonly (readonly ProbabilityMap[])[],
  head: Head,
): ProbabilityMap {
  const [first] = members as [readonly ProbabilityMap[]];
  const { width, height, data: { length } } = first[0]!;
  const data = new Float32Array(length);
  const mean = first.map(() => ({ width: 1, height: 1, data: new Float32Array(1) }));
  // With a sigmoid, classes are apart: the one on which models disagree most counts.
  const groups = head === "sigmoid" ? first.map((_, index) => [index]) : [first.map((_, index) => index)];
  for (let at = 0; at < length; at++) {
    for (const group of groups) {
      let apart = 0;
      for (const maps of members) {
        apart += entropyAt(group.map((index) => maps[index]!), at, head) / members.length;
      }
      for (const index of group) {
        mean[index]!.data[0] = members.reduce((sum, maps) => sum + maps[index]!.data[at]!, 0) /
          members.length;
      }
      const together = entropyAt(group.map((index) => mean[index]!), 0, head);
      data[at] = Math.max(data[at]!, together - apart);
    }
  }
  return { width, height, data };
}

function entropyAt(maps: readonly ProbabilityMap[], at: number, head: Head): number {
  if (head === "sigmoid") {
    let most = 0;
    for (const { data } of maps) most = Math.max(most, term(data[at]!) + term(1 - data[at]!));
    return Math.min(1, most);
  }
  let [sum, entropy] = [0, 0];
  for (const { data } of maps) {
    sum += data[at]!;
    entropy += term(data[at]!);
  }
  return Math.min(1, (entropy + term(1 - sum)) / Math.log2(maps.length + 1));
}

function term(probability: number): number {
  return probability <= 0 ? 0 : -probability * Math.log2(probability);
}

/** The mean of a map. */
export function meanOfMap({ data }: ProbabilityMap): number {
  return data.reduce((sum, value) => sum + value, 0) / data.length;
}
