/**
 * Runs recorded steps without a network around them.
 *
 * @module
 */
import type { Gpu } from "../../src/gpu/gpu.ts";
import { SlotPool } from "../../src/graph/buffer_pool.ts";
import { instantiate } from "../../src/graph/instantiate.ts";
import { planMemory } from "../../src/graph/memory_plan.ts";
import type { RecordedStep, Region } from "../../src/graph/recorder.ts";

/** Runs recorded steps on the given values of their fixed regions and reads the region `output`. */
export async function executeSteps(
  gpu: Gpu,
  steps: readonly RecordedStep[],
  inputs: readonly (readonly [Region, Float32Array])[],
  output: Region,
): Promise<Float32Array> {
  const slots = new SlotPool(gpu);
  const fixed = new Map<Region, GPUBuffer>();
  const bufferOf = async (region: Region) => {
    const buffer = await gpu.createBuffer(region.label, region.byteLength, GPUBufferUsage.UNIFORM);
    fixed.set(region, buffer);
    return buffer;
  };
  const memory = planMemory(steps, [output]);
  const { program, locate } = await instantiate(gpu, steps, { bufferOf, slots, memory });
  for (const [region, values] of inputs) {
    gpu.device.queue.writeBuffer(fixed.get(region)!, 0, values as Float32Array<ArrayBuffer>);
  }
  gpu.run((pass) => program.encode(pass));
  const { buffer, offset } = locate(output)!;
  const result = new Float32Array(await gpu.read(buffer, offset, output.byteLength));
  program.destroy();
  slots.clear();
  for (const buffer of fixed.values()) buffer.destroy();
  return result;
}
