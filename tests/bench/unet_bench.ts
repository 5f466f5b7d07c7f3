/** The whole network: forward pass and training step, at the sizes of docs/results.md. */
import { forwardOperations, NetworkBench, type NetworkShape } from "../../src/benchmark/network_bench.ts";
import { benchGpu } from "../support/kernel_bench.ts";

const SHAPES: readonly NetworkShape[] = [
  { filters: 8, size: 64, batch: 4 },
  { filters: 8, size: 128, batch: 8 },
  { filters: 32, size: 256, batch: 1 },
];

/** The network of the current benches; two of the largest do not fit in memory together. */
let current: NetworkBench | undefined;

for (const shape of SHAPES) {
  for (const norm of ["none", "instance"] as const) {
    const title = `${shape.filters} filters at ${shape.size}, batch ${shape.batch}, norm ${norm}`;
    const operations = forwardOperations(shape);
    benchGpu(`forward: ${title}`, { operations }, async (gpu) => {
      current?.close();
      const network = current = await NetworkBench.create(gpu, shape, { norm });
      return { run: (times) => network.forward(times) };
    });
    benchGpu(`training step: ${title}`, { operations: 3 * operations }, async (gpu) => {
      current?.close();
      const network = current = await NetworkBench.create(gpu, shape, { norm });
      return { run: (times) => network.step(times) };
    });
  }
}
