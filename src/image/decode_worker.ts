/**
 * The Worker behind `decodeImage`: bytes in, pixels or an error out. Started and fed by `decode.ts`.
 *
 * @module
 */
import { parentPort } from "node:worker_threads";
import { decodeImageSync, startDecoder } from "./decode_sync.ts";

const port = parentPort;
if (port === null) throw new Error("decode_worker.ts runs in a Worker only");

port.on("message", async (file: ArrayBuffer) => {
  try {
    await startDecoder();
    const { width, height, data } = decodeImageSync(new Uint8Array(file));
    // Bare buffers: in a typed array's place, the same bytes take a hundred times as long.
    const pixels = data.buffer as ArrayBuffer;
    port.postMessage({ width, height, pixels }, [pixels]);
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    port.postMessage({ error: { name, message } });
  }
});
