/**
 * Checks of memory plans.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { MemoryPlan } from "../../src/graph/memory_plan.ts";
import type { RecordedStep, Region } from "../../src/graph/recorder.ts";

/** Fails if a region is overwritten before its last use, or a step reads and writes one slot. */
export function assertMemory(
  steps: readonly RecordedStep[],
  memory: MemoryPlan,
  kept: readonly Region[],
): void {
  const last = new Map<Region, number>();
  steps.forEach(({ views }, index) => views.forEach(({ region }) => last.set(region, index)));
  for (const region of kept) last.set(region, Infinity);
  const tenants = memory.slots.map((): Set<Region> => new Set());
  steps.forEach(({ dispatch, views }, index) => {
    const access = new Map<number, Set<Region | null>>();
    views.forEach(({ region }, binding) => {
      if (region.fixed) return;
      const place = memory.places.get(region);
      assert.ok(place !== undefined, `"${region.label}" has no place`);
      const { slot, offset } = place;
      const end = offset + region.byteLength;
      assert.ok(offset % 256 === 0 && end <= memory.slots[slot]!, `"${region.label}" does not fit its slot`);
      for (const tenant of tenants[slot]!) {
        const other = memory.places.get(tenant)!.offset;
        if (tenant === region || other >= end || other + tenant.byteLength <= offset) continue;
        assert.ok(last.get(tenant)! < index, `step ${index}: "${region.label}" overwrites "${tenant.label}"`);
        tenants[slot]!.delete(tenant);
      }
      tenants[slot]!.add(region);
      const uses = access.get(slot) ?? new Set<Region | null>();
      const written = dispatch.kernel.bindings[binding]!.access === "read_write";
      // A step may bind a region that it writes twice.
      access.set(slot, uses.add(written ? region : null));
      assert.ok(uses.size === 1, `step ${index} of "${dispatch.kernel.label}" mixes uses of slot ${slot}`);
    });
  });
  assert.equal(memory.byteLength, memory.slots.reduce((sum, size) => sum + size, 0));
}

/** The largest number of bytes alive during one step, a lower bound of every memory plan. */
export function leastBytes(steps: readonly RecordedStep[]): number {
  const first = new Map<Region, number>();
  const last = new Map<Region, number>();
  steps.forEach(({ views }, index) =>
    views.forEach(({ region }) => {
      if (region.fixed) return;
      if (!first.has(region)) first.set(region, index);
      last.set(region, index);
    })
  );
  return steps.reduce((most, _, index) => {
    let alive = 0;
    for (const [region, start] of first) {
      if (start <= index && last.get(region)! >= index) alive += region.byteLength;
    }
    return Math.max(most, alive);
  }, 0);
}
