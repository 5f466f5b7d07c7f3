/**
 * The Worker behind `prepareSplit`: an image's path in, its record out. Started and fed by `prepare.ts`.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { decodeRaster } from "../image/decode_raster.ts";
import { momentsOf } from "../image/normalize.ts";
import { resizeRaster } from "../image/resize.ts";
import { answerTasks } from "../image/worker_pool.ts";
import type { PrepareAnswer, PrepareTask } from "./prepare.ts";
import { buildRecord } from "./sample_record.ts";

answerTasks(async (task: PrepareTask): Promise<{ answer: PrepareAnswer; transfer: ArrayBuffer[] }> => {
  const { path, width, height, size, mask } = task;
  let image: string | null = null;
  try {
    const bytes = Deno.readFileSync(path);
    image = createHash("sha256").update(bytes).digest("hex");
    const pixels = await decodeRaster(bytes);
    if (pixels.width !== width || pixels.height !== height) {
      const reason =
        `its file is ${pixels.width} x ${pixels.height}, the annotation file says ${width} x ${height}`;
      return { answer: { image, kind: "size-mismatch", reason }, transfer: [] };
    }
    const { data } = resizeRaster(pixels, { width: size, height: size });
    const record = buildRecord(data, new Uint8Array(mask), size);
    const { channels } = pixels;
    const moments = momentsOf(data, channels);
    const answer = { image, record: record.buffer, channels, moments, checksum: crc32(record) };
    return { answer, transfer: [record.buffer] };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      return { answer: { image, kind: "missing-image", reason: "there is no such file" }, transfer: [] };
    }
    if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
    return {
      answer: { image, kind: "unreadable-image", reason: error.message.split("\n")[0]! },
      transfer: [],
    };
  }
});
