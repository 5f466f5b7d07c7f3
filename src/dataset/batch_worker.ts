/**
 * The Worker behind `PreparedSplit.batch`: places of samples in, a batch out. Started by `prepared_split.ts`.
 *
 * @module
 */
import { answerTasks } from "../image/worker_pool.ts";
import type { BatchAnswer, BatchTask } from "./prepared_split.ts";
import { RecordReader } from "./sample_record.ts";
import { targetChannels, writeTargets } from "./targets.ts";

let reader: RecordReader | undefined;

answerTasks(
  (
    { size, form, places, frames, targets }: BatchTask,
  ): Promise<{ answer: BatchAnswer; transfer: ArrayBuffer[] }> => {
    reader ??= new RecordReader(size);
    const pixels = size.width * size.height;
    const planes = pixels * targetChannels(targets);
    const images = new Float32Array(3 * pixels * places.length);
    const masks = new Float32Array(planes * places.length);
    const labels = new Uint8Array(pixels);
    for (const [i, place] of places.entries()) {
      const image = images.subarray(3 * pixels * i, 3 * pixels * (i + 1));
      reader.readSample(place, form, frames[i]!, image, labels);
      writeTargets(labels, place.overlaps, targets, masks.subarray(planes * i, planes * (i + 1)));
    }
    const answer = { images: images.buffer, masks: masks.buffer };
    return Promise.resolve({ answer, transfer: [images.buffer, masks.buffer] });
  },
);
