/**
 * A clock that only compiling pipelines moves.
 *
 * @module
 */
import type { Gpu } from "../../src/gpu/gpu.ts";

/** Does `work` as if each pipeline took `seconds` to compile, and nothing else any time. */
export async function withCompileTime(gpu: Gpu, seconds: number, work: () => Promise<void>): Promise<void> {
  const { device } = gpu;
  const { now } = performance;
  const create = device.createComputePipelineAsync;
  let time = performance.now();
  performance.now = () => time;
  device.createComputePipelineAsync = (descriptor) => {
    time += 1000 * seconds;
    return create.call(device, descriptor);
  };
  try {
    await work();
  } finally {
    performance.now = now;
    device.createComputePipelineAsync = create;
  }
}
