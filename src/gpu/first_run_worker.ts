/**
 * A Worker that runs kernels once on a device of its own, so that the driver's cache has them. It imports nothing: a
 * Worker needs permission to read each of its modules. Started by `src/host/parallel_compile.ts`.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Kernel } from "../../kernels/kernel.ts";

/** What the Worker gets. */
export interface FirstRunTask {
  /** The kernels in the order in which they are taken. */
  readonly kernels: readonly Kernel[];
  /** The index of the next one that no thread has taken. */
  readonly next: Int32Array;
  /** Features and limits of the device. */
  readonly device: {
    readonly requiredFeatures: readonly string[];
    readonly requiredLimits: Record<string, number>;
  };
}

declare const self: {
  onmessage: (event: { readonly data: FirstRunTask }) => void;
  postMessage(message: string | null): void;
};

const BUFFER_TYPE = { read: "read-only-storage", read_write: "storage", uniform: "uniform" } as const;

/** As in `first_run.ts`. */
const DUMMY_BYTES = 65_536;

self.onmessage = async ({ data: { kernels, next, device: settings } }) => {
  try {
    const adapter = await navigator.gpu.requestAdapter({ forceFallbackAdapter: true }) ??
      await navigator.gpu.requestAdapter();
    const device = await adapter!.requestDevice(settings as GPUDeviceDescriptor);
    // What is wrong with a kernel is reported by the thread that uses it.
    device.addEventListener("uncapturederror", (event) => event.preventDefault());
    const dummies: GPUBuffer[] = [];
    for (let at = Atomics.add(next, 0, 1); at < kernels.length; at = Atomics.add(next, 0, 1)) {
      await runOnce(device, kernels[at]!, dummies).catch(() => {});
    }
    device.destroy();
    self.postMessage(null);
  } catch (error) {
    self.postMessage(error instanceof Error ? error.message : String(error));
  }
};

async function runOnce(
  device: GPUDevice,
  { code, bindings }: Kernel,
  dummies: GPUBuffer[],
): Promise<void> {
  const layout = device.createBindGroupLayout({
    entries: bindings.map(({ access }, binding) => ({
      binding,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type: BUFFER_TYPE[access] },
    })),
  });
  const pipeline = await device.createComputePipelineAsync({
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module: device.createShaderModule({ code }), entryPoint: "main" },
  });
  while (dummies.length < bindings.length) {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.UNIFORM;
    dummies.push(device.createBuffer({ size: DUMMY_BYTES, usage }));
  }
  const entries = bindings.map((_, binding) => ({ binding, resource: { buffer: dummies[binding]! } }));
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout, entries }));
  pass.dispatchWorkgroups(1);
  pass.end();
  device.queue.submit([encoder.finish()]);
  await device.queue.onSubmittedWorkDone();
}
