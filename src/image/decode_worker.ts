/**
 * The Worker behind `decodeImage`: bytes in, pixels or an error out. Started and fed by `decode.ts`.
 *
 * @module
 */
import { parentPort } from "node:worker_threads";
import { decodeImageSync, startDecoder } from "./decode_sync.ts";

const port = parentPort;
if (port === null) throw new Error("decode_worker.ts runs in a Worker only");

port.on("message", async (bytes: Uint8Array) => {
  try {
    await startDecoder();
    const image = decodeImageSync(bytes);
    port.postMessage({ image }, [image.data.buffer as ArrayBuffer]);
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    port.postMessage({ error: { name, message } });
  }
});
