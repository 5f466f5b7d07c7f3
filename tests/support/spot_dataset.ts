/**
 * A test split for the network of spot_model.ts, which segments what is bright: every metric is known.
 *
 * @module
 */
import { bright } from "./spot_model.ts";
import { cocoText, writeFiles } from "./coco.ts";

type Boxes = [x: number, y: number, width: number, height: number][];

/** What is bright and what is annotated in each image, from `1.png`, in eighths of its sides. */
const IMAGES: { readonly bright: Boxes; readonly annotated: Boxes }[] = [
  // Correct, in two lesions.
  { bright: [[1, 1, 2, 2], [5, 5, 2, 1]], annotated: [[1, 1, 2, 2], [5, 5, 2, 1]] },
  // The upper half of what is annotated.
  { bright: [[1, 1, 2, 2]], annotated: [[1, 1, 2, 4]] },
  // Elsewhere.
  { bright: [[4, 4, 2, 2]], annotated: [[0, 0, 2, 2]] },
  // Nothing, correctly.
  { bright: [], annotated: [] },
  // A false positive.
  { bright: [[6, 6, 1, 1]], annotated: [] },
];

/** Width and height of the images: twice the network's input size. */
const SIDE = 64;

/** Writes such a split to `folder/test`, and its last two images without annotations to `folder/raw`. */
export async function writeSpotDataset(folder: string): Promise<void> {
  const annotations = IMAGES.flatMap(({ annotated }, index) =>
    annotated.map((box) => ({ image_id: index + 1, segmentation: [outline(box)] }))
  );
  const images = IMAGES.map(({ bright: boxes }) => bright(SIDE, SIDE, ...boxes));
  await writeFiles(folder, {
    "test/_annotations.coco.json": cocoText(
      { width: SIDE, height: SIDE, images: images.length },
      annotations,
    ),
    ...Object.fromEntries(images.map((image, index) => [`test/${index + 1}.png`, image])),
    "raw/4.png": images[3]!,
    "raw/5.png": images[4]!,
  });
}

/** A box as a COCO polygon, in pixels. */
function outline([x, y, width, height]: Boxes[number]): number[] {
  const [left, top, right, bottom] = [x, y, x + width, y + height].map((eighth) => eighth * SIDE / 8);
  return [left!, top!, right!, top!, right!, bottom!, left!, bottom!];
}
