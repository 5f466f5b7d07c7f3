/**
 * The Worker behind `prepareSplit`: an image's path in, its record out. Started by `prepare.ts`.
 *
 * @module
 */
import { hashBytes } from "../fs/hash_bytes.ts";
import { crc32 } from "node:zlib";
import { decodeRaster } from "../image/decode_raster.ts";
import { inspectFile } from "../image/header.ts";
import { isProvenByBytes } from "../image/decode_failure.ts";
import { MAX_BYTES } from "../image/limits.ts";
import { readBoundedSync } from "../fs/bounded_read.ts";
import { momentsOf } from "../image/normalize.ts";
import { resizeRaster } from "../image/resize.ts";
import { answerTasks } from "../image/worker_pool.ts";
import { firstLine, NO_SUCH_FILE, sizeMismatch } from "./listed_file.ts";
import type { PrepareAnswer, PrepareTask } from "./prepare.ts";
import { buildRecord } from "./sample_record.ts";

answerTasks(async (task: PrepareTask): Promise<{ answer: PrepareAnswer; transfer: ArrayBuffer[] }> => {
  const { path, size, packed } = task;
  let image: string | null = null;
  try {
    const bytes = readBoundedSync(path, MAX_BYTES);
    image = hashBytes(bytes);
    const { raster } = await decodeRaster(bytes);
    const reason = sizeMismatch(inspectFile(bytes), task);
    if (reason !== null) return { answer: { image, kind: "size-mismatch", reason }, transfer: [] };
    const { data } = resizeRaster(raster, { width: size, height: size });
    const record = buildRecord(data, packed, size);
    const { channels } = raster;
    const moments = momentsOf(data, channels);
    const answer = { image, record: record.buffer, channels, moments, checksum: crc32(record) };
    return { answer, transfer: [record.buffer] };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      return { answer: { image, kind: "missing-image", reason: NO_SUCH_FILE }, transfer: [] };
    }
    if (!isProvenByBytes(error)) throw error;
    return {
      answer: { image, kind: "unreadable-image", reason: firstLine(error) },
      transfer: [],
    };
  }
});
