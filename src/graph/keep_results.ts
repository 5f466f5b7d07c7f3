/**
 * Results of a range of steps that outlive other programs: a second run of the program can leave these steps out.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { RecordedStep, Region } from "./recorder.ts";

/** Consecutive steps. */
export interface StepRange {
  /** Index of the first step. */
  readonly first: number;
  /** Index behind the last step. */
  readonly end: number;
}

/** The temporary regions that steps of a range write and later steps access. */
export function resultsOf(steps: readonly RecordedStep[], { first, end }: StepRange): Region[] {
  const written = new Set<Region>();
  for (const { dispatch, views } of steps.slice(first, end)) {
    views.forEach(({ region }, index) => {
      if (!region.fixed && dispatch.kernel.bindings[index]!.access === "read_write") written.add(region);
    });
  }
  const later = new Set(steps.slice(end).flatMap(({ views }) => views.map(({ region }) => region)));
  return [...written].filter((region) => later.has(region));
}

/** Bytes of regions. */
export function bytesOf(regions: readonly Region[]): number {
  return regions.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/**
 * The same steps with some of their regions fixed, each of its own: a buffer may not be read and written in one dispatch.
 *
 * @param label begins their labels, which tell them apart
 */
export function fixRegions(
  steps: readonly RecordedStep[],
  regions: readonly Region[],
  label: string,
): readonly RecordedStep[] {
  const fixed = new Map(
    regions.map((region, index) => [region, { ...region, label: `${label} ${index}`, fixed: true }]),
  );
  return steps.map(({ dispatch, views }) => ({
    dispatch,
    views: views.map((view) => ({ ...view, region: fixed.get(view.region) ?? view.region })),
  }));
}
