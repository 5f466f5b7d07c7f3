/** Regions that live at the same time never share bytes, and a dispatch never reads and writes one buffer. */
import assert from "node:assert/strict";
import type { Dispatch } from "../../kernels/kernel.ts";
import { planMemory } from "../../src/graph/memory_plan.ts";
import { type Region, view } from "../../src/graph/recorder.ts";
import { assertMemory } from "../support/memory.ts";
import { Random } from "../support/random.ts";

/** A kernel that reads all its bindings except the last, which it writes. */
function dispatchOf(bindings: number): Dispatch {
  const access = (index: number) => index < bindings - 1 ? "read" : "read_write";
  const list = Array.from({ length: bindings }, (_, index) => ({ name: `b${index}`, access: access(index) }));
  return { kernel: { label: "test", code: "", bindings: list } } as unknown as Dispatch;
}

Deno.test("planMemory: regions with random lives never overlap in a slot", () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(seed);
    const regions: Region[] = Array.from({ length: 1 + random.integer(30) }, (_, index) => ({
      precision: "f32",
      label: `region ${index}`,
      byteLength: 256 * (1 + random.integer(20)),
      fixed: random.integer(8) === 0,
    }));
    const steps = Array.from({ length: 1 + random.integer(40) }, () => {
      // The last one is written, and a kernel may not also read it.
      const bound = [...new Set(Array.from({ length: 1 + random.integer(4) }, () => random.pick(regions)))];
      return { dispatch: dispatchOf(bound.length), views: bound.map((region) => view(region)) };
    });
    const kept = regions.filter(() => random.integer(10) === 0);
    const memory = planMemory(steps, kept);
    assertMemory(steps, memory, kept);
    // Existing slots come first and keep their sizes.
    const given = Array.from({ length: random.integer(6) }, () => 256 * (1 + random.integer(40)));
    const among = planMemory(steps, kept, given);
    assertMemory(steps, among, kept);
    assert.deepEqual(among.slots.slice(0, given.length), given);
    assert.ok([...kept].every((region) => (among.places.get(region)?.offset ?? 0) === 0));
    const used = new Set(steps.flatMap(({ views }) => views.map(({ region }) => region)));
    assert.equal(memory.places.size, [...used].filter(({ fixed }) => !fixed).length);
  }
});

Deno.test("planMemory: lives of thousands of steps get the places of the same lives in few", () => {
  const nothing: Region = { precision: "f32", label: "nothing", byteLength: 256, fixed: true };
  const idle = Array.from({ length: 99 }, () => ({ dispatch: dispatchOf(1), views: [view(nothing)] }));
  for (let seed = 0; seed < 20; seed++) {
    const random = new Random(seed);
    const regions: Region[] = Array.from({ length: 30 }, (_, index) => ({
      precision: "f32",
      label: `region ${index}`,
      byteLength: 256 * (1 + random.integer(20)),
      fixed: false,
    }));
    const steps = Array.from({ length: 60 }, (_, at) => {
      const near = () => regions[Math.min(29, Math.floor(at / 2) + random.integer(6))]!;
      const bound = [...new Set(Array.from({ length: 1 + random.integer(3) }, near))];
      return { dispatch: dispatchOf(bound.length), views: bound.map((region) => view(region)) };
    });
    const kept = regions.slice(0, 1);
    const stretched = steps.flatMap((step) => [step, ...idle]);
    const [short, long] = [planMemory(steps, kept), planMemory(stretched, kept)];
    assertMemory(stretched, long, kept);
    assert.deepEqual(long, short);
  }
});

Deno.test("planMemory: regions share bytes after each other, and not even a slot if one step reads one and writes the other", () => {
  const region = (label: string, byteLength: number): Region => ({
    label,
    precision: "f32",
    byteLength,
    fixed: false,
  });
  const [a, b, c, d] = [region("a", 512), region("b", 256), region("c", 1024), region("d", 512)];
  const step = (...regions: Region[]) => ({
    dispatch: dispatchOf(regions.length),
    views: regions.map((region) => view(region)),
  });
  assert.deepEqual(planMemory([step(a), step(b), step(c)]).slots, [1024]);
  assert.deepEqual(planMemory([step(a, b), step(b, c)]).slots, [1024, 256]);
  assert.deepEqual(planMemory([step(a), step(b), step(c)], [a]).slots, [512, 1024]);
  assert.deepEqual(planMemory([]).slots, []);
  // Both live at the same time, but no step binds both.
  const shared = planMemory([step(c), step(a), step(d), step(a), step(d)]);
  assert.deepEqual(shared.slots, [1024]);
  assert.deepEqual([a, d].map((region) => shared.places.get(region)), [
    { slot: 0, offset: 0 },
    { slot: 0, offset: 512 },
  ]);
});
