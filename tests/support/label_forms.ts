/**
 * Label maps of three classes, written in every form that `import` reads.
 *
 * @module
 */
import { encodeRgbPng, encodeRle } from "../../mod.ts";
import { maskRuns } from "../../src/coco/rle.ts";
import type { Mask } from "../../src/image/mask.ts";
import { vocColor } from "../../src/import/formats/voc_classes.ts";
import { labelPng, type SourceFiles } from "./source_files.ts";

/** The names of the classes 1, 2 and 3. */
export const NAMES = ["edema", "tumor", "cyst"];

/** A label map. */
export interface Labels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

function maskOf({ width, height, data }: Labels, value: number): Mask {
  return { width, height, data: data.map((label) => label === value ? 1 : 0) };
}

/** The values that occur. */
export function valuesIn({ data }: Labels): number[] {
  return [...new Set(data)].filter((value) => value > 0).sort();
}

/** Closed outlines along the edges of the pixels of a mask, clockwise; those of holes are the other way round. */
function traceOutlines({ width, height, data }: Mask): { points: number[]; isHole: boolean }[] {
  const inside = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < width && y < height && data[y * width + x] === 1;
  const next = new Map<string, [number, number][]>();
  const edge = (x: number, y: number, u: number, v: number) =>
    next.set(`${x},${y}`, [...next.get(`${x},${y}`) ?? [], [u, v]]);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!inside(x, y)) continue;
      if (!inside(x, y - 1)) edge(x, y, x + 1, y);
      if (!inside(x + 1, y)) edge(x + 1, y, x + 1, y + 1);
      if (!inside(x, y + 1)) edge(x + 1, y + 1, x, y + 1);
      if (!inside(x - 1, y)) edge(x, y + 1, x, y);
    }
  }
  const outlines = [];
  for (const start of next.keys()) {
    while ((next.get(start)?.length ?? 0) > 0) {
      const points: number[] = [];
      let area = 0;
      for (let at = start;;) {
        const [u, v] = next.get(at)!.pop()!;
        const [x, y] = at.split(",").map(Number) as [number, number];
        area += x * v - u * y;
        points.push(x, y);
        at = `${u},${v}`;
        if (at === start) break;
      }
      outlines.push({ points, isHole: area < 0 });
    }
  }
  return outlines;
}

/** A class's outlines; null if it has a hole, which polygons of these forms cannot have. */
export function outlinesOf(labels: Labels, value: number): number[][] | null {
  const outlines = traceOutlines(maskOf(labels, value));
  return outlines.some(({ isHole }) => isHole) ? null : outlines.map(({ points }) => points);
}

/** Writes label maps as the files of a source. */
export type Form = (labels: readonly Labels[]) => Promise<SourceFiles> | SourceFiles;

const imageName = (i: number) => `case_${i}.png`;
const EMPTY = new Uint8Array();

function cocoForm(segmentation: (mask: Mask) => unknown, crowd = 0): Form {
  return (labels) => ({
    "annotations/instances_default.json": JSON.stringify({
      images: labels.map(({ width, height }, i) => ({ id: i + 1, file_name: imageName(i), width, height })),
      categories: NAMES.map((name, i) => ({ id: i + 1, name })),
      annotations: labels.flatMap((map, i) =>
        valuesIn(map).map((value) => ({
          id: 10 * i + value,
          image_id: i + 1,
          category_id: value,
          iscrowd: crowd,
          segmentation: segmentation(maskOf(map, value)),
        }))
      ),
    }),
    ...Object.fromEntries(labels.map((_, i) => [`images/${imageName(i)}`, EMPTY])),
  });
}

const outlinePoints = (mask: Mask) => traceOutlines(mask).map(({ points }) => points);

function labelme(shapes: (labels: Labels) => Promise<unknown[]> | unknown[]): Form {
  return async (labels) => {
    const files: SourceFiles = {};
    for (const [i, map] of labels.entries()) {
      files[imageName(i)] = EMPTY;
      files[`case_${i}.json`] = JSON.stringify({
        ...{
          version: "5.4.1",
          flags: {},
          shapes: await shapes(map),
          imagePath: imageName(i),
          imageData: null,
        },
        ...{ imageHeight: map.height, imageWidth: map.width },
      });
    }
    return files;
  };
}

/** A class as labelme's mask: its PNG covers only the box of points, whose last pixel is included. */
function maskShape(labels: Labels, value: number): unknown {
  const { width, data } = maskOf(labels, value);
  const at = [...data.keys()].filter((at) => data[at] === 1);
  const [xs, ys] = [at.map((at) => at % width), at.map((at) => Math.floor(at / width))];
  const [left, top, right, bottom] = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  const size = { width: right - left + 1, height: bottom - top + 1 };
  const part = Uint8Array.from(
    { length: size.width * size.height },
    (_, i) => data[(top + Math.floor(i / size.width)) * width + left + i % size.width]!,
  );
  return {
    ...{
      label: NAMES[value - 1],
      points: [[left, top], [right, bottom]],
      shape_type: "mask",
      group_id: null,
    },
    mask: labelPng(size, part).toBase64(),
  };
}

const PALETTE = Array.from({ length: 256 }, (_, value) => vocColor(value));

function vocForm(encode: (labels: Labels) => Promise<Uint8Array> | Uint8Array): Form {
  return async (labels) => {
    const files: SourceFiles = { "labelmap.txt": "# label:color_rgb:parts:actions\nbackground:0,0,0::\n" };
    for (const [i, name] of NAMES.entries()) {
      const color = vocColor(i + 1);
      files["labelmap.txt"] += `${name}:${color >> 16},${color >> 8 & 255},${color & 255}::\n`;
    }
    for (const [i, map] of labels.entries()) {
      files[`JPEGImages/${imageName(i)}`] = EMPTY;
      files[`SegmentationClass/${imageName(i)}`] = await encode(map);
    }
    return files;
  };
}

function nnunet(labels: unknown): Form {
  return (maps) => ({
    "Dataset001_X/dataset.json": JSON.stringify({
      labels,
      channel_names: { 0: "gray" },
      numTraining: maps.length,
      file_ending: ".png",
    }),
    ...Object.fromEntries(maps.flatMap((map, i) => [
      [`Dataset001_X/imagesTr/case_${i}_0000.png`, EMPTY],
      [`Dataset001_X/labelsTr/case_${i}.png`, labelPng(map, map.data)],
    ])),
  });
}

/** Colors of the classes where nothing else names them. */
export const COLORS = [0, 0xff0000, 0x00ff00, 0x0000ff];

/** Image and mask folders; the masks of an image by what follows its stem. */
function maskFolders(
  masks: (labels: Labels) => Promise<Record<string, Uint8Array>> | Record<string, Uint8Array>,
): Form {
  return async (labels) => {
    const files: SourceFiles = {};
    for (const [i, map] of labels.entries()) {
      files[`images/${imageName(i)}`] = EMPTY;
      for (const [suffix, mask] of Object.entries(await masks(map))) {
        files[`masks/case_${i}${suffix}.png`] = mask;
      }
    }
    return files;
  };
}

const colored = ({ width, height, data }: Labels, color: (value: number) => number) =>
  encodeRgbPng({
    ...{ width, height },
    data: Uint8Array.from(
      [...data].flatMap((value) => [color(value) >> 16, color(value) >> 8 & 255, color(value) & 255]),
    ),
  });

/** Forms that keep every pixel. */
export const EXACT: Record<string, Form> = {
  "masks, class indices": maskFolders((map) => ({ "": labelPng(map, map.data) })),
  "masks, gray levels": maskFolders((map) => ({ "": labelPng(map, map.data.map((value) => 80 * value)) })),
  "masks, palettes": maskFolders((map) => ({ "": labelPng(map, map.data, COLORS) })),
  "masks, colors": maskFolders(async (map) => ({ "": await colored(map, (value) => COLORS[value]!) })),
  "masks, a file per class": maskFolders((map) =>
    Object.fromEntries(
      NAMES.map((name, i) => [`_${name}`, labelPng(map, maskOf(map, i + 1).data.map((v) => 255 * v))]),
    )
  ),
  "COCO, compressed RLE": cocoForm((mask) => encodeRle(mask)),
  "COCO, RLE of numbers with iscrowd 1": cocoForm(
    (mask) => ({ size: [mask.height, mask.width], counts: maskRuns(mask) }),
    1,
  ),
  "labelme masks": labelme((map) => valuesIn(map).map((value) => maskShape(map, value))),
  "VOC, indices": vocForm((map) => labelPng(map, map.data, PALETTE)),
  "VOC, colors": vocForm((map) => colored(map, vocColor)),
  "nnU-Net 2": nnunet({ background: 0, edema: 1, tumor: 2, cyst: 3 }),
  "nnU-Net 1": nnunet({ 0: "background", 1: "edema", 2: "tumor", 3: "cyst" }),
};

/** Forms of outlines; their label maps have no holes. */
export const OUTLINES: Record<string, Form> = {
  "COCO polygons": cocoForm(outlinePoints),
  "YOLO": (labels) => ({
    "data.yaml": `train: ../train/images\nval: ../valid/images\nnc: 3\nnames: ['edema', 'tumor', 'cyst']\n`,
    ...Object.fromEntries(labels.flatMap((map, i) => [
      [`${i % 3 === 0 ? "valid" : "train"}/images/${imageName(i)}`, EMPTY],
      [
        `${i % 3 === 0 ? "valid" : "train"}/labels/case_${i}.txt`,
        valuesIn(map).flatMap((value) =>
          outlinePoints(maskOf(map, value)).map((points) =>
            [value - 1, ...points.map((v, k) => (v / (k % 2 === 0 ? map.width : map.height)).toFixed(6))]
              .join(" ")
          )
        ).join("\n"),
      ],
    ])),
  }),
  "labelme polygons": labelme((map) =>
    valuesIn(map).flatMap((value) =>
      outlinePoints(maskOf(map, value)).map((points) => ({
        label: NAMES[value - 1],
        points: Array.from({ length: points.length / 2 }, (_, k) => points.slice(2 * k, 2 * k + 2)),
        shape_type: "polygon",
      }))
    )
  ),
};
