/**
 * The Worker behind `PreparedSplit.batch`: places of samples in, a batch out. Started by `prepared_split.ts`.
 *
 * @module
 */
import { answerTasks } from "../image/worker_pool.ts";
import type { BatchAnswer, BatchTask } from "./prepared_split.ts";
import { RecordReader } from "./sample_record.ts";
import { type WholePlace, WholeReader } from "./whole_record.ts";
import { targetChannels, writeTargets } from "./targets.ts";

let reader: RecordReader | undefined;
const whole = new WholeReader();

answerTasks(
  (
    { size, form, places, frames, windows, targets }: BatchTask,
  ): Promise<{ answer: BatchAnswer; transfer: ArrayBuffer[] }> => {
    reader ??= new RecordReader(windows === undefined ? size : { width: 0, height: 0 });
    const pixels = size.width * size.height;
    const planes = pixels * targetChannels(targets);
    const images = new Float32Array(3 * pixels * places.length);
    const masks = new Float32Array(planes * places.length);
    const labels = new Uint8Array(pixels);
    for (const [i, place] of places.entries()) {
      const image = images.subarray(3 * pixels * i, 3 * pixels * (i + 1));
      let own = labels;
      if (windows === undefined) reader.readSample(place, form, frames[i]!, image, labels);
      else {
        const read = whole.read(place as WholePlace, form, windows[i]!);
        image.set(read.image);
        own = read.labels;
      }
      writeTargets(own, place.overlaps, targets, masks.subarray(planes * i, planes * (i + 1)));
    }
    const answer = { images: images.buffer, masks: masks.buffer };
    return Promise.resolve({ answer, transfer: [images.buffer, masks.buffer] });
  },
);
