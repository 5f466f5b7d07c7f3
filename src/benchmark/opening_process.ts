/**
 * Opens a device in a process of its own and prints how long it took, as one line of JSON: `bare` requests an adapter
 * and a device and nothing else, `openGpu` is the library's. Started by `src/benchmark/opening.ts`.
 *
 * @module
 */
const [how, options] = [Deno.args[0], JSON.parse(Deno.args[1]!)];
const start = performance.now();
let loaded = start;
if (how === "bare") {
  const adapter = await navigator.gpu.requestAdapter(
    options.software ? { forceFallbackAdapter: true } : { powerPreference: "high-performance" },
  );
  await adapter!.requestDevice();
} else {
  const { openGpu } = await import("../host/open_gpu.ts");
  loaded = performance.now();
  await openGpu(options);
}
const end = performance.now();
await Deno.stdout.write(
  new TextEncoder().encode(
    JSON.stringify({ loadSeconds: (loaded - start) / 1000, openSeconds: (end - loaded) / 1000 }),
  ),
);
