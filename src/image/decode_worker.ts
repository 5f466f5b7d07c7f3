/**
 * The Worker behind `decodeImage`: bytes in, pixels or an error out. Started by `decode.ts`.
 *
 * @module
 */
import type { DecodeAnswer } from "./decode.ts";
import { decodeRaster, repeatGray } from "./decode_raster.ts";
import { toBytes } from "./image.ts";
import { answerTasks } from "./worker_pool.ts";

answerTasks(async (file: ArrayBuffer): Promise<{ answer: DecodeAnswer; transfer: ArrayBuffer[] }> => {
  const { raster, notes } = await decodeRaster(new Uint8Array(file));
  const { width, height, data } = repeatGray(toBytes(raster));
  const pixels = data.buffer as ArrayBuffer;
  return { answer: { width, height, pixels, notes }, transfer: [pixels] };
});
