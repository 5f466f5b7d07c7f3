/**
 * The Worker behind `prepareSplit`: an image's path in, its record out. Started by `prepare_samples.ts`.
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
import { resizeSamples } from "../image/network_input.ts";
import { answerTasks } from "../image/worker_pool.ts";
import { firstLine, NO_SUCH_FILE, sizeMismatch } from "./listed_file.ts";
import type { PrepareAnswer, PrepareTask } from "./prepare_samples.ts";
import { decoderOf } from "./decoder_version.ts";
import type { SampleSource } from "./sample_cache.ts";
import { buildRecord } from "./sample_record.ts";
import { buildWholeRecord } from "./whole_record.ts";

answerTasks(async (task: PrepareTask): Promise<{ answer: PrepareAnswer; transfer: ArrayBuffer[] }> => {
  const { path, inner, packed } = task;
  let image: string | null = null;
  let decoder: Pick<SampleSource, "decoder"> = {};
  try {
    const bytes = readBoundedSync(path, MAX_BYTES);
    image = hashBytes(bytes);
    const version = decoderOf(bytes);
    if (version !== undefined) decoder = { decoder: version };
    const { raster } = await decodeRaster(bytes);
    const reason = sizeMismatch(inspectFile(bytes), task);
    if (reason !== null) {
      return { answer: { ...decoder, image, kind: "size-mismatch", reason }, transfer: [] };
    }
    const { planes, moments, samples } = resizeSamples(raster, inner);
    const isBytes = raster.data instanceof Uint8Array && inner.width === raster.width &&
      inner.height === raster.height;
    const { record, bands } = task.inBands
      ? buildWholeRecord(planes, new Uint8Array(packed.labels), inner, isBytes ? 1 : 4)
      : { record: buildRecord(planes, packed, inner), bands: undefined };
    const { channels } = raster;
    const answer = {
      ...decoder,
      image,
      record: record.buffer,
      channels,
      moments,
      samples,
      checksum: crc32(record),
      ...(bands === undefined ? {} : { bands }),
    };
    return { answer, transfer: [record.buffer] };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      return { answer: { image, kind: "missing-image", reason: NO_SUCH_FILE }, transfer: [] };
    }
    if (!isProvenByBytes(error)) throw error;
    return {
      answer: { ...decoder, image, kind: "unreadable-image", reason: firstLine(error) },
      transfer: [],
    };
  }
});
