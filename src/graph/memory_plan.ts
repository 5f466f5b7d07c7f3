/**
 * Places temporary regions in slots by lifetime: regions share the bytes of a slot if their lives do not overlap.
 *
 * This module is browser compatible.
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

/** Where the temporary regions of some steps lie. */
export interface MemoryPlan {
  /** Bytes of each slot; a slot is a buffer. */
  readonly slots: readonly number[];
  /** The place of each temporary region. */
  readonly places: ReadonlyMap<Region, Place>;
  /** Bytes of all slots. */
  readonly byteLength: number;
}

interface Tenant {
  readonly region: Region;
  first: number;
  last: number;
  /** Regions that some step binds together with it, writing either of the two. */
  readonly apart: Set<Region>;
}

/** A tenant at its place. */
interface Placed extends Tenant {
  readonly offset: number;
}

/** Steps of a bucket: about as many as most regions live. */
const BUCKET_STEPS = 64;

/** The bytes of a slot over time. Each tenant is in every bucket of steps that it lives in: few are met in a search. */
class Slot {
  readonly byteLength: number;
  readonly #buckets: Placed[][] = [];

  constructor(byteLength: number) {
    this.byteLength = byteLength;
  }

  /** Whether it has no tenant. */
  get isEmpty(): boolean {
    return this.#buckets.length === 0;
  }

  put(placed: Placed): void {
    for (let index = bucketOf(placed.first); index <= bucketOf(placed.last); index++) {
      (this.#buckets[index] ??= []).push(placed);
    }
  }

  /** The lowest offset with room for a tenant; undefined if there is none. */
  lowestFree({ region, first, last, apart }: Tenant): number | undefined {
    const alive = new Set<Placed>();
    for (let index = bucketOf(first); index <= bucketOf(last); index++) {
      for (const placed of this.#buckets[index] ?? []) {
        if (placed.last < first || last < placed.first) continue;
        if (apart.has(placed.region)) return undefined;
        alive.add(placed);
      }
    }
    let offset = 0;
    for (const placed of [...alive].sort((a, b) => a.offset - b.offset)) {
      if (placed.offset - offset >= region.byteLength) return offset;
      offset = Math.max(offset, placed.offset + placed.region.byteLength);
    }
    return this.byteLength - offset >= region.byteLength ? offset : undefined;
  }
}

function bucketOf(step: number): number {
  return Math.floor(step / BUCKET_STEPS);
}

/**
 * Heuristics: the order among regions of equal size, and whether a region goes to the lowest free bytes of all slots or
 * to the first slot with room. Neither is best for all steps, so both are tried.
 */
const HEURISTICS = [
  { order: (a: Tenant, b: Tenant) => a.first - b.first, lowest: false },
  { order: (a: Tenant, b: Tenant) => b.last - b.first - (a.last - a.first), lowest: true },
];

/**
 * Assigns places, larger regions first, each to bytes that are free during its whole life. WebGPU does not allow a
 * dispatch to read and write one buffer, not even in disjoint ranges, so regions that a step reads and writes lie in
 * different slots.
 *
 * @param kept regions whose contents are needed after the last step; each begins a slot
 * @param given sizes of existing slots: they come first, and are filled before new ones are added
 * @param prepared regions whose contents are needed whenever the steps run again: nothing shares their bytes
 */
export function planMemory(
  steps: readonly RecordedStep[],
  kept: Iterable<Region> = [],
  given: readonly number[] = [],
  prepared: Iterable<Region> = [],
): MemoryPlan {
  const tenants = findTenants(steps);
  for (const region of prepared) {
    const tenant = tenants.get(region);
    if (tenant) [tenant.first, tenant.last] = [0, steps.length];
  }
  const keptTenants = [...kept].flatMap((region) => tenants.get(region) ?? []);
  for (const tenant of keptTenants) {
    tenant.last = steps.length;
    tenants.delete(tenant.region);
  }
  const others = [...tenants.values()];
  const plans = HEURISTICS.map(({ order, lowest }) => {
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
  const slots: Slot[] = given.map((byteLength) => new Slot(byteLength));
  const places = new Map<Region, Place>();
  const put = (tenant: Tenant, slot: number, offset: number) => {
    slots[slot]!.put({ ...tenant, offset });
    places.set(tenant.region, { slot, offset });
  };
  const putInNewSlot = (tenant: Tenant) => put(tenant, slots.push(new Slot(tenant.region.byteLength)) - 1, 0);
  for (const tenant of kept) {
    const fitting = slots.filter((slot) => slot.isEmpty && slot.byteLength >= tenant.region.byteLength);
    const [least] = fitting.sort((a, b) => a.byteLength - b.byteLength);
    if (least) put(tenant, slots.indexOf(least), 0);
    else putInNewSlot(tenant);
  }
  for (const tenant of ordered) {
    let best: Place | undefined;
    for (let slot = 0; slot < slots.length && !(best && !lowest); slot++) {
      const offset = slots[slot]!.lowestFree(tenant);
      if (offset !== undefined && !(best && best.offset <= offset)) best = { slot, offset };
    }
    if (best) put(tenant, best.slot, best.offset);
    else putInNewSlot(tenant);
  }
  const sizes = slots.map(({ byteLength }) => byteLength);
  return { slots: sizes, places, byteLength: sizes.reduce((sum, size) => sum + size, 0) };
}
