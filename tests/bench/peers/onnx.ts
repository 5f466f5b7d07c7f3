/**
 * The forward pass of the same network in onnxruntime on the CPU: `onnx.ts FILTERS SIZE BATCH THREADS`.
 *
 * @module
 */
import { unetModel } from "./onnx_model.ts";
import { importPeer, peerArguments, serve } from "./serve.ts";

const VERSION = "1.30.0";

interface Runtime {
  InferenceSession: {
    create(model: Uint8Array, options: { intraOpNumThreads: number }): Promise<{
      run(feeds: Record<string, unknown>): Promise<{ probabilities: { getData(): Promise<Float32Array> } }>;
    }>;
  };
  Tensor: new (type: "float32", data: Float32Array, shape: readonly number[]) => unknown;
}

const { filters, size, batch, threads } = peerArguments();
const runtime = await importPeer<Runtime>(`npm:onnxruntime-node@${VERSION}`);
const session = await runtime.InferenceSession.create(unetModel(filters), {
  intraOpNumThreads: threads,
});
const values = Float32Array.from({ length: batch * 3 * size * size }, () => 2 * Math.random() - 1);
const images = new runtime.Tensor("float32", values, [batch, 3, size, size]);

await serve(`onnxruntime-node ${VERSION}, CPU`, {
  forward: () => session.run({ images }),
  predict: async () => {
    const fed = new runtime.Tensor("float32", values, [batch, 3, size, size]);
    return await (await session.run({ images: fed })).probabilities.getData();
  },
});
