/**
 * The Worker behind `decodeImage`: bytes in, pixels or an error out. Started and fed by `decode.ts`.
 *
 * @module
 */
import type { DecodeAnswer } from "./decode.ts";
import { decodePixels, repeatGrey } from "./decode_pixels.ts";
import { answerTasks } from "./worker_pool.ts";

answerTasks(async (file: ArrayBuffer): Promise<{ answer: DecodeAnswer; transfer: ArrayBuffer[] }> => {
  const { width, height, data } = repeatGrey(await decodePixels(new Uint8Array(file)));
  const pixels = data.buffer as ArrayBuffer;
  return { answer: { width, height, pixels }, transfer: [pixels] };
});
