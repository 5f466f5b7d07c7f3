/**
 * Runs what was recorded for a plan, outside of any network.
 *
 * @module
 */
import type { Gpu } from "../../src/gpu/gpu.ts";
import { Program } from "../../src/gpu/program.ts";
import { planMemory } from "../../src/unet/memory.ts";
import type { RecordedStep, Region } from "../../src/unet/recorder.ts";

/** Runs recorded steps on values of their fixed regions, and reads another. */
export async function executeSteps(
  gpu: Gpu,
  steps: readonly RecordedStep[],
  inputs: readonly (readonly [Region, Float32Array])[],
  output: Region,
): Promise<Float32Array> {
  const memory = planMemory(steps);
  const places = new Map<Region, number>(memory.slotOf);
  const buffers: GPUBuffer[] = [];
  for (const size of memory.slots) buffers.push(await gpu.createBuffer("slot", size));
  for (const region of new Set(steps.flatMap(({ views }) => views.map(({ region }) => region)))) {
    if (!region.fixed) continue;
    places.set(region, buffers.length);
    buffers.push(await gpu.createBuffer(region.label, region.byteLength));
  }
  for (const [region, values] of inputs) {
    gpu.device.queue.writeBuffer(buffers[places.get(region)!]!, 0, values as Float32Array<ArrayBuffer>);
  }
  const bound = steps.map(({ dispatch, views }) => ({
    dispatch,
    views: views.map(({ region, ...range }) => ({ buffer: places.get(region)!, ...range })),
  }));
  const program = await Program.create(gpu, bound, buffers);
  const encoder = gpu.device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  program.encode(pass);
  pass.end();
  gpu.submit(encoder);
  const result = new Float32Array(await gpu.read(buffers[places.get(output)!]!, 0, output.byteLength));
  program.destroy();
  for (const buffer of buffers) buffer.destroy();
  return result;
}
