/**
 * Memory slots by lifetime: regions share a buffer, and the same bytes of it where their lives do not overlap.
 *
 * @module
 */
import type { RecordedStep, Region } from "./recorder.ts";

/** Where a region lies. */
export interface Place {
  /** Index of its slot. */
  readonly slot: number;
  /** Its first byte there; a multiple of 256. */
  readonly offset: number;
}

/** Where a plan's regions lie. */
export interface MemoryPlan {
  /** Bytes of each slot; a slot is one buffer. */
  readonly slots: readonly number[];
  /** The place of each temporary region. */
  readonly places: ReadonlyMap<Region, Place>;
  /** Bytes of all slots. */
  readonly byteLength: number;
}

interface Tenant {
  readonly region: Region;
  readonly first: number;
  last: number;
  /** Regions that are bound by one step with it, where either is written. */
  readonly apart: Set<Region>;
}

interface Slot {
  readonly byteLength: number;
  readonly tenants: (Tenant & { readonly offset: number })[];
}

/**
 * Orders of regions of one size, and which of the free bytes each is put into: those of the first slot that has any, or
 * the lowest of all slots. Neither is best for all plans.
 */
const WAYS = [
  { order: (a: Tenant, b: Tenant) => a.first - b.first, lowest: false },
  { order: (a: Tenant, b: Tenant) => b.last - b.first - (a.last - a.first), lowest: true },
];

/**
 * Assigns places: larger regions first, each to bytes that are free during its whole life, in the way that
 * takes least.
 * A buffer may not be read and written in one dispatch, not even in disjoint ranges, so regions that a step reads and
 * writes lie in slots apart.
 *
 * @param kept regions that must keep their contents to the end of the plan; each begins a slot
 * @param given slots that are there already: they are the first ones, and filled before there are new ones
 */
export function planMemory(
  steps: readonly RecordedStep[],
  kept: Iterable<Region> = [],
  given: readonly number[] = [],
): MemoryPlan {
  const tenants = findTenants(steps);
  const keptTenants = [...kept].flatMap((region) => tenants.get(region) ?? []);
  for (const tenant of keptTenants) {
    tenant.last = steps.length;
    tenants.delete(tenant.region);
  }
  const others = [...tenants.values()];
  const plans = WAYS.map(({ order, lowest }) => {
    const ordered = others.toSorted((a, b) => b.region.byteLength - a.region.byteLength || order(a, b));
    return assign(keptTenants, ordered, lowest, given);
  });
  return plans.reduce((least, plan) => plan.byteLength < least.byteLength ? plan : least);
}

function findTenants(steps: readonly RecordedStep[]): Map<Region, Tenant> {
  const tenants = new Map<Region, Tenant>();
  steps.forEach(({ dispatch, views }, index) => {
    for (const { region } of views) {
      if (region.fixed) continue;
      const tenant = tenants.get(region);
      if (tenant) tenant.last = index;
      else tenants.set(region, { region, first: index, last: index, apart: new Set() });
    }
    views.forEach(({ region: written }, binding) => {
      if (dispatch.kernel.bindings[binding]!.access !== "read_write") return;
      for (const { region } of views) {
        if (region === written) continue;
        tenants.get(region)?.apart.add(written);
        tenants.get(written)?.apart.add(region);
      }
    });
  });
  return tenants;
}

function assign(
  kept: readonly Tenant[],
  ordered: readonly Tenant[],
  lowest: boolean,
  given: readonly number[],
): MemoryPlan {
  const slots: Slot[] = given.map((byteLength) => ({ byteLength, tenants: [] }));
  const places = new Map<Region, Place>();
  const put = (tenant: Tenant, slot: number, offset: number) => {
    slots[slot]!.tenants.push({ ...tenant, offset });
    places.set(tenant.region, { slot, offset });
  };
  const putAlone = (tenant: Tenant) =>
    put(tenant, slots.push({ byteLength: tenant.region.byteLength, tenants: [] }) - 1, 0);
  for (const tenant of kept) {
    const fitting = slots.filter((slot) =>
      slot.tenants.length === 0 && slot.byteLength >= tenant.region.byteLength
    );
    const [least] = fitting.sort((a, b) => a.byteLength - b.byteLength);
    if (least) put(tenant, slots.indexOf(least), 0);
    else putAlone(tenant);
  }
  for (const tenant of ordered) {
    let best: Place | undefined;
    for (let slot = 0; slot < slots.length && !(best && !lowest); slot++) {
      const offset = lowestFree(slots[slot]!, tenant);
      if (offset !== undefined && !(best && best.offset <= offset)) best = { slot, offset };
    }
    if (best) put(tenant, best.slot, best.offset);
    else putAlone(tenant);
  }
  const sizes = slots.map(({ byteLength }) => byteLength);
  return { slots: sizes, places, byteLength: sizes.reduce((sum, size) => sum + size, 0) };
}

/** The lowest byte from which a slot has room for a tenant, if it has. */
function lowestFree(
  { tenants, byteLength }: Slot,
  { region, first, last, apart }: Tenant,
): number | undefined {
  const alive: Slot["tenants"] = [];
  for (const tenant of tenants) {
    if (tenant.last < first || last < tenant.first) continue;
    if (apart.has(tenant.region)) return undefined;
    alive.push(tenant);
  }
  let offset = 0;
  for (const tenant of alive.sort((a, b) => a.offset - b.offset)) {
    if (tenant.offset - offset >= region.byteLength) return offset;
    offset = Math.max(offset, tenant.offset + tenant.region.byteLength);
  }
  return byteLength - offset >= region.byteLength ? offset : undefined;
}
