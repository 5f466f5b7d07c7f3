/**
 * Outlines of a COCO dataset that are removed, shifted or dilated, as an annotator errs who misses lesions, mislabels
 * files or draws carelessly.
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

/** How an outline is damaged. */
export type Damage = "removed" | "shifted" | "dilated";

/** By this a dilated outline is larger. */
const DILATION = 1.8;

/**
 * The annotations with a `share` of their polygons damaged, and the names of the images concerned: in turns they are
 * removed, and shifted within their image, or what `kinds` says.
 */
export function damageOutlines(
  text: string,
  { share, seed, kinds = ["removed", "shifted"] }: {
    readonly share: number;
    readonly seed: number;
    readonly kinds?: readonly Damage[];
  },
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
    const kind = kinds[rank % kinds.length]!;
    if (kind === "removed") return [];
    return [kind === "dilated" ? dilated(annotation, image) : shifted(annotation, image, random)];
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

/** An outline enlarged around the middle of its box, within its image. */
function dilated(outline: Outline, { width, height }: { width: number; height: number }): Outline {
  const [left, top, boxWidth, boxHeight] = outline.bbox;
  const [x, y] = [left + boxWidth / 2, top + boxHeight / 2];
  const within = (value: number, most: number) => Math.max(0, Math.min(most, value));
  const segmentation = outline.segmentation.map((polygon) =>
    polygon.map((value, i) =>
      i % 2 === 0 ? within(x + DILATION * (value - x), width) : within(y + DILATION * (value - y), height)
    )
  );
  const points = segmentation.flat();
  const [xs, ys] = [0, 1].map((axis) => points.filter((_, i) => i % 2 === axis)) as [number[], number[]];
  const [x0, y0] = [Math.min(...xs), Math.min(...ys)];
  return { ...outline, bbox: [x0, y0, Math.max(...xs) - x0, Math.max(...ys) - y0], segmentation };
}
