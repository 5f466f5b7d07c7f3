/**
 * Which recorded steps depend on constants only, such as weights while they do not change: what these steps compute can
 * be kept from one run to the next.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { RecordedStep, Region } from "./recorder.ts";

/** Steps, split by what they depend on. */
export interface SplitSteps {
  /** Those that depend on constants only, in order. */
  readonly preparation: readonly RecordedStep[];
  /** All others, in order; they read what the preparation wrote. */
  readonly rest: readonly RecordedStep[];
  /** The regions that the preparation writes. */
  readonly prepared: readonly Region[];
}

/**
 * Splits steps. A step belongs to the preparation if it reads constants and prepared regions only, and the regions that
 * it writes are temporary and prepared: written by such steps only, all of them before another step reads the region.
 *
 * @param isConstant whether a fixed region holds the same from one run to the next
 * @param most bytes of prepared regions; of too many, the smallest are prepared, which save the most steps
 */
export function splitConstant(
  steps: readonly RecordedStep[],
  isConstant: (region: Region) => boolean,
  most: number = Infinity,
): SplitSteps {
  const refused = new Set<Region>();
  let split = prepare(steps, isConstant, refused);
  let byteLength = split.prepared.reduce((sum, region) => sum + region.byteLength, 0);
  for (const region of split.prepared.toSorted((a, b) => b.byteLength - a.byteLength)) {
    if (byteLength <= most) break;
    refused.add(region);
    byteLength -= region.byteLength;
  }
  if (refused.size > 0) split = prepare(steps, isConstant, refused);
  return split;
}

function prepare(
  steps: readonly RecordedStep[],
  isConstant: (region: Region) => boolean,
  refused: ReadonlySet<Region>,
): SplitSteps {
  const varying = new Set(refused);
  const isKnown = (region: Region) => region.fixed ? isConstant(region) : !varying.has(region);
  const isPrepared = ({ read, written }: Accesses) =>
    written.every((region) => !region.fixed && isKnown(region)) && read.every(isKnown);
  const accesses = steps.map(accessesOf);
  // A region that turns out to vary makes others vary: until none does.
  for (let before = -1; before < varying.size;) {
    before = varying.size;
    const readByRest = new Set<Region>();
    for (const step of accesses) {
      if (isPrepared(step)) {
        // What the rest has read before must not be overwritten before.
        for (const region of step.written) if (readByRest.has(region)) varying.add(region);
      } else {
        for (const region of step.written) if (!region.fixed) varying.add(region);
        for (const region of step.read) readByRest.add(region);
      }
    }
  }
  const inPreparation = accesses.map(isPrepared);
  return {
    preparation: steps.filter((_, index) => inPreparation[index]),
    rest: steps.filter((_, index) => !inPreparation[index]),
    prepared: [...new Set(accesses.flatMap(({ written }, index) => inPreparation[index] ? written : []))],
  };
}

/** The regions that a step accesses. */
interface Accesses {
  readonly read: readonly Region[];
  readonly written: readonly Region[];
}

function accessesOf({ dispatch, views }: RecordedStep): Accesses {
  const isWritten = (index: number) => dispatch.kernel.bindings[index]!.access === "read_write";
  return {
    read: views.filter((_, index) => !isWritten(index)).map(({ region }) => region),
    written: views.filter((_, index) => isWritten(index)).map(({ region }) => region),
  };
}
