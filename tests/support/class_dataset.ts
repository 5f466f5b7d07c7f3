/**
 * A small COCO dataset of three classes, with or without overlaps and ignored pixels, whose label maps are known.
 *
 * @module
 */
import { IGNORE, type LabelMap } from "../../src/image/label_map.ts";
import { paint, writeFiles } from "./coco.ts";

/** The classes, in the order of their labels. */
export const CLASS_NAMES = ["disc", "cup", "vessel"] as const;

/** What {@linkcode writeClassDataset} writes. */
export interface ClassDatasetOptions {
  /** Whether `cup` lies partly on `disc`; defaults to false. */
  readonly overlap?: boolean;
  /** Whether a corner of every image has the category `ignore`; defaults to false. */
  readonly ignored?: boolean;
  /** Images per split; defaults to two in train and one each in valid and test. */
  readonly splits?: Readonly<Record<string, number>>;
  /** Width and height of the images in pixels, a multiple of 8; defaults to 64. */
  readonly side?: number;
  /** Names of the three categories; default to {@linkcode CLASS_NAMES}. */
  readonly names?: readonly [string, string, string];
}

/** In eighths of the sides. */
type Box = readonly [x: number, y: number, width: number, height: number];

/**
 * Writes the dataset to `folder`, images `1.png`, ... per split; `vessel` is missing in every third image. Each class has
 * its own gray, so that a network can learn them. Returns the label maps by `train/1.png`: on overlaps the later class.
 */
export async function writeClassDataset(
  folder: string,
  options: ClassDatasetOptions = {},
): Promise<Map<string, LabelMap>> {
  const { splits = { train: 2, valid: 1, test: 1 }, side = 64, names = CLASS_NAMES } = options;
  const maps = new Map<string, LabelMap>();
  let number = 0;
  for (const [split, count] of Object.entries(splits)) {
    const images: object[] = [];
    const annotations: object[] = [];
    for (let id = 1; id <= count; id++) {
      const file = `${id}.png`;
      const data = new Uint8Array(side * side);
      for (const [label, box] of regions(number++, options)) {
        fill({ width: side, height: side, data }, label, box);
        const category = label === IGNORE ? 9 : label;
        annotations.push({
          id: annotations.length + 1,
          image_id: id,
          category_id: category,
          segmentation: [outline(box, side)],
        });
      }
      maps.set(`${split}/${file}`, { width: side, height: side, data });
      images.push({ id, file_name: file, width: side, height: side });
      const gray = (x: number, y: number) => {
        const label = data[y * side + x]!;
        return (label === IGNORE ? 128 : 20 + 70 * label) + (7 * x + 3 * y + number) % 9;
      };
      await writeFiles(folder, { [`${split}/${file}`]: paint(side, side, gray) });
    }
    const categories = [
      { id: 0, name: "scan" },
      ...names.map((name, i) => ({ id: i + 1, name })),
      ...(options.ignored ? [{ id: 9, name: "ignore" }] : []),
    ];
    const text = JSON.stringify({ images, annotations, categories });
    await writeFiles(folder, { [`${split}/_annotations.coco.json`]: text });
  }
  return maps;
}

function regions(number: number, { overlap, ignored }: ClassDatasetOptions): [label: number, box: Box][] {
  const shift = number % 2;
  return [
    [1, [shift, 0, 3, 3]],
    [2, overlap ? [shift + 1, 1, 3, 3] : [shift + 4, 1, 3, 3]],
    ...(number % 3 === 2 ? [] : [[3, [1, 5, 3, 2 + shift]] as [number, Box]]),
    ...(ignored ? [[IGNORE, [6, 6, 2, 2]] as [number, Box]] : []),
  ];
}

function fill({ width, height, data }: LabelMap, label: number, [x, y, w, h]: Box): void {
  const [sx, sy] = [width / 8, height / 8];
  for (let row = y * sy; row < (y + h) * sy; row++) {
    data.fill(label, row * width + x * sx, row * width + (x + w) * sx);
  }
}

/** The pixels of a box as a COCO polygon. */
function outline([x, y, w, h]: Box, side: number): number[] {
  const [left, top, right, bottom] = [x, y, x + w, y + h].map((eighth) => eighth * side / 8);
  return [left!, top!, right!, top!, right!, bottom!, left!, bottom!];
}
