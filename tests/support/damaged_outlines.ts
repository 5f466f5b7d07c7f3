/**
 * Outlines of a COCO dataset that are removed or shifted, as an annotator errs who misses lesions or mislabels files.
 *
 * @module
 */
import { Random } from "./random.ts";

interface Coco {
  readonly images: readonly { id: number; file_name: string; width: number; height: number }[];
  annotations: Outline[];
}

interface Outline {
  readonly image_id: number;
  readonly bbox: readonly [number, number, number, number];
  readonly segmentation: readonly (readonly number[])[];
}

/** Least and largest shift, in parts of the image's side. */
const SHIFT = [0.15, 0.3] as const;

/**
 * The annotations with a `share` of their polygons damaged, and the names of the images concerned: every other one is
 * removed, the rest are shifted within their image.
 */
export function damageOutlines(
  text: string,
  { share, seed }: { readonly share: number; readonly seed: number },
): { text: string; names: Set<string> } {
  const coco = JSON.parse(text) as Coco;
  const random = new Random(seed);
  const order = coco.annotations.map((_, place) => ({ place, key: random.next() }))
    .sort((a, b) => a.key - b.key).map(({ place }) => place);
  const chosen = new Map(
    order.slice(0, Math.round(share * order.length)).map((place, rank) => [place, rank]),
  );
  const names = new Set<string>();
  const images = new Map(coco.images.map((image) => [image.id, image]));
  const annotations = coco.annotations.flatMap((annotation, place) => {
    const rank = chosen.get(place);
    if (rank === undefined) return [annotation];
    const image = images.get(annotation.image_id)!;
    names.add(image.file_name);
    return rank % 2 === 0 ? [] : [shifted(annotation, image, random)];
  });
  return { text: JSON.stringify({ ...coco, annotations }), names };
}

function shifted(
  outline: Outline,
  { width, height }: { width: number; height: number },
  random: Random,
): Outline {
  const [left, top, boxWidth, boxHeight] = outline.bbox;
  for (let tries = 0;; tries++) {
    const angle = 2 * Math.PI * random.next();
    // A large outline has less room.
    const length = (SHIFT[0] + (SHIFT[1] - SHIFT[0]) * random.next()) * 0.98 ** tries;
    const [x, y] = [Math.cos(angle) * length * width, Math.sin(angle) * length * height];
    const isInside = left + x >= 0 && top + y >= 0 && left + boxWidth + x <= width &&
      top + boxHeight + y <= height;
    if (!isInside) continue;
    return {
      ...outline,
      bbox: [left + x, top + y, boxWidth, boxHeight],
      segmentation: outline.segmentation.map((polygon) =>
        polygon.map((value, i) => value + (i % 2 === 0 ? x : y))
      ),
    };
  }
}
