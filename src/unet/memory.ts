/**
 * Memory slots by lifetime: regions whose uses do not overlap share one buffer.
 *
 * @module
 */
import type { RecordedStep, Region } from "./recorder.ts";

/** Where a plan's regions lie. */
export interface MemoryPlan {
  /** Bytes of each slot; a slot is one buffer. */
  readonly slots: readonly number[];
  /** The slot of each temporary region. */
  readonly slotOf: ReadonlyMap<Region, number>;
  /** Bytes of all slots. */
  readonly byteLength: number;
}

interface Lifetime {
  readonly region: Region;
  readonly first: number;
  last: number;
}

/**
 * Assigns slots: larger regions first, each to the first slot that is free during its whole life. A buffer may not
 * be read and written in one dispatch, so a slot never holds two regions at once, even in disjoint ranges.
 *
 * @param kept regions that must keep their contents to the end of the plan
 */
export function planMemory(steps: readonly RecordedStep[], kept: Iterable<Region> = []): MemoryPlan {
  const lifetimes = new Map<Region, Lifetime>();
  steps.forEach(({ views }, index) => {
    for (const { region } of views) {
      if (region.fixed) continue;
      const lifetime = lifetimes.get(region);
      if (lifetime) lifetime.last = index;
      else lifetimes.set(region, { region, first: index, last: index });
    }
  });
  for (const region of kept) {
    const lifetime = lifetimes.get(region);
    if (lifetime) lifetime.last = Infinity;
  }
  const slots: { byteLength: number; tenants: Lifetime[] }[] = [];
  const slotOf = new Map<Region, number>();
  const ordered = [...lifetimes.values()].sort((a, b) =>
    b.region.byteLength - a.region.byteLength || a.first - b.first
  );
  for (const lifetime of ordered) {
    let slot = slots.findIndex(({ tenants }) =>
      tenants.every(({ first, last }) => last < lifetime.first || lifetime.last < first)
    );
    if (slot < 0) slot = slots.push({ byteLength: lifetime.region.byteLength, tenants: [] }) - 1;
    slots[slot]!.tenants.push(lifetime);
    slotOf.set(lifetime.region, slot);
  }
  const sizes = slots.map(({ byteLength }) => byteLength);
  return { slots: sizes, slotOf, byteLength: sizes.reduce((sum, size) => sum + size, 0) };
}
