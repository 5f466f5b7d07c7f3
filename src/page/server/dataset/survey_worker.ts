/**
 * The Worker of a survey: decodes, reduces and compares images, so that the server keeps answering.
 *
 * @module
 */
import { visitDuplicates } from "../../../dataset/near_duplicates.ts";
import { makeThumbnail, thumbnailOf } from "../../../dataset/thumbnail.ts";
import type { DuplicateReason, ImageSignature } from "../../../dataset/near_duplicates.ts";
import { decodeRaster } from "../../../image/decode_raster.ts";
import { displayImage } from "../../../image/display.ts";
import { scaleToFit } from "../../../image/draw.ts";
import { outlineLabels } from "../../../image/draw_labels.ts";
import { encodeJpeg } from "../../../image/encode.ts";
import { answerTasks } from "../../../image/worker_pool.ts";
import {
  type CompareAnswer,
  type CompareTask,
  GRAYS,
  type ThumbnailAnswer,
  thumbnailSize,
  type ThumbnailTask,
} from "./survey_task.ts";

/** The JPEG quality of thumbnails: lower ones take the color from outlines. */
const QUALITY = 88;

/** Most pairs of each kind: in different splits, and in the same one. */
const MOST_PAIRS = { across: 10_000, within: 2_000 };

answerTasks<ThumbnailTask | CompareTask, ThumbnailAnswer | CompareAnswer>(async (task) => {
  if (task.kind === "compare") return { answer: compare(task), transfer: [] };
  const answer = await reduce(task);
  return { answer, transfer: answer.grays === null ? [answer.jpeg] : [answer.jpeg, answer.grays] };
});

async function reduce({ file, labels }: ThumbnailTask): Promise<ThumbnailAnswer> {
  const { raster } = await decodeRaster(new Uint8Array(file));
  const image = displayImage(raster);
  const small = scaleToFit(image, thumbnailSize(image));
  const fits = labels !== null && labels.width === small.width && labels.height === small.height;
  const jpeg = await encodeJpeg(fits ? outlineLabels(small, labels, labels.colors) : small, QUALITY);
  const grays = makeThumbnail(image)?.grays.slice().buffer ?? null;
  return { jpeg: jpeg.slice().buffer, grays };
}

/** Pairs in different splits first: these are what makes an evaluation measure memorization. */
function compare({ images, hasGrays, grays }: CompareTask): CompareAnswer {
  let place = 0;
  const signatures = images.map(({ split, fileName, sha256 }, index): ImageSignature => {
    const has = hasGrays[index] !== 0;
    const thumbnail = has ? thumbnailOf(new Float32Array(grays, 4 * GRAYS * place++, GRAYS)) : null;
    return { split, fileName, sha256, thumbnail };
  });
  let complete = true;
  const find = (most: number, wanted: (isShared: boolean) => boolean) => {
    const pairs = new Map<string, [number, number, DuplicateReason[]]>();
    const filter = (i: number, j: number) => wanted(signatures[i]!.split !== signatures[j]!.split);
    visitDuplicates(signatures, filter, (i, j, reason) => {
      const known = pairs.get(`${i},${j}`);
      if (known !== undefined) known[2].push(reason);
      else if (pairs.size < most) pairs.set(`${i},${j}`, [i, j, [reason]]);
      else complete = false;
      return pairs.size < most || known !== undefined;
    });
    return [...pairs.values()];
  };
  const pairs = [
    ...find(MOST_PAIRS.across, (isShared) => isShared),
    ...find(MOST_PAIRS.within, (isShared) => !isShared),
  ];
  return { pairs, complete };
}
