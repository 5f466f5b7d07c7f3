/**
 * The Worker behind `PreparedSplit.batch`: places of samples in, a batch out. Started by `prepared_split.ts`.
 *
 * @module
 */
import { answerTasks } from "../image/worker_pool.ts";
import type { BatchAnswer, BatchTask } from "./prepared_split.ts";
import { RecordReader } from "./sample_record.ts";

let reader: RecordReader | undefined;

answerTasks(
  ({ size, normalize, places }: BatchTask): Promise<{ answer: BatchAnswer; transfer: ArrayBuffer[] }> => {
    reader ??= new RecordReader(size);
    const pixels = size * size;
    const images = new Float32Array(3 * pixels * places.length);
    const labels = new Float32Array(pixels * places.length);
    for (const [i, place] of places.entries()) {
      const image = images.subarray(3 * pixels * i, 3 * pixels * (i + 1));
      reader.readSample(place, normalize, image, labels.subarray(pixels * i, pixels * (i + 1)));
    }
    const answer = { images: images.buffer, labels: labels.buffer };
    return Promise.resolve({ answer, transfer: [images.buffer, labels.buffer] });
  },
);
