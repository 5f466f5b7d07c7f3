/**
 * Runs what was recorded for a plan, outside of any network.
 *
 * @module
 */
import type { Gpu } from "../../src/gpu/gpu.ts";
import { Program } from "../../src/graph/program.ts";
import { bindSteps } from "../../src/graph/binding.ts";
import { planMemory } from "../../src/graph/memory_plan.ts";
import type { RecordedStep, Region } from "../../src/graph/recorder.ts";

/** Runs recorded steps on values of their fixed regions, and reads another. */
export async function executeSteps(
  gpu: Gpu,
  steps: readonly RecordedStep[],
  inputs: readonly (readonly [Region, Float32Array])[],
  output: Region,
): Promise<Float32Array> {
  const memory = planMemory(steps, [output]);
  const slots: GPUBuffer[] = [];
  for (const size of memory.slots) slots.push(await gpu.createBuffer("slot", size));
  const fixed = new Map<Region, GPUBuffer>();
  for (const region of new Set(steps.flatMap(({ views }) => views.map(({ region }) => region)))) {
    if (!region.fixed) continue;
    fixed.set(region, await gpu.createBuffer(region.label, region.byteLength));
  }
  for (const [region, values] of inputs) {
    gpu.device.queue.writeBuffer(fixed.get(region)!, 0, values as Float32Array<ArrayBuffer>);
  }
  const bound = bindSteps(steps, memory, slots, fixed);
  const program = await Program.create(gpu, bound.steps, bound.buffers);
  const encoder = gpu.device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  program.encode(pass);
  pass.end();
  gpu.submit(encoder);
  const place = memory.places.get(output);
  const buffer = place ? slots[place.slot]! : fixed.get(output)!;
  const result = new Float32Array(await gpu.read(buffer, place?.offset ?? 0, output.byteLength));
  program.destroy();
  for (const buffer of bound.buffers) buffer.destroy();
  return result;
}
