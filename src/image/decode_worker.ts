/**
 * The Worker behind `decodeImage` and `decodeLabelImage`: bytes in, samples or an error out. Started by `decode.ts`.
 *
 * @module
 */
import type { DecodeAnswer, DecodeTask } from "./decode.ts";
import { decodeLabelRaster, decodeRaster } from "./decode_raster.ts";
import { displayImage } from "./display.ts";
import { repeatGray, toBytes } from "./image.ts";
import { measureLevels } from "./levels.ts";
import { answerTasks } from "./worker_pool.ts";

answerTasks(async (task: DecodeTask): Promise<{ answer: DecodeAnswer; transfer: ArrayBuffer[] }> => {
  const { data, ...image } = await READERS[task.as](new Uint8Array(task.file));
  // Large data travels as a bare buffer, which `decode.ts` gives its type again.
  const samples = data.byteLength === data.buffer.byteLength ? data : data.slice();
  const buffer = samples.buffer as ArrayBuffer;
  return { answer: { ...image, buffer, type: samples.constructor.name }, transfer: [buffer] };
});

/** What an answer is made of, for each task. */
const READERS = {
  async image(bytes: Uint8Array) {
    const { raster, notes } = await decodeRaster(bytes);
    return { ...repeatGray(toBytes(raster)), notes };
  },
  async display(bytes: Uint8Array) {
    const { raster, notes } = await decodeRaster(bytes);
    return { ...displayImage(raster), notes };
  },
  async samples(bytes: Uint8Array) {
    const { raster, notes } = await decodeRaster(bytes);
    return { ...raster, notes };
  },
  async inspection(bytes: Uint8Array) {
    const { raster, notes } = await decodeRaster(bytes);
    return { ...displayImage(raster), notes, levels: measureLevels(raster) };
  },
  labels: decodeLabelRaster,
};
