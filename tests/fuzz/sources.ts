/**
 * Sources of `import` for `deno task fuzz`: a dataset of each kind, one text of which is damaged.
 *
 * @module
 */
import { closeDecoders } from "../../src/image/decode.ts";
import { vocColor } from "../../src/import/formats/voc_classes.ts";
import { mutate } from "../support/mutate.ts";
import { labelPng, recognize, type SourceFiles } from "../support/source_files.ts";
import type { Prepared } from "./formats.ts";

const SIZE = { width: 16, height: 12 };
const EMPTY = new Uint8Array();
const VALUES = Uint8Array.from({ length: 16 * 12 }, (_, i) => [0, 1, 2, 255][(i >> 3) % 4]!);
const OUTLINE = [1, 1, 9, 1.5, 8, 9];

/** Kinds of a source: its files, of which the first is damaged, and what else its recognition says. */
const SOURCES = {
  yaml: {
    "data.yaml":
      "path: ../x # root\ntrain: &t images/train\nval: [*t, images/val]\nnc: 2\nnames:\n  0: cat\n  1: 'a b'\n",
    "labels/train/a.txt": "0 0.1 0.1 0.5 0.2 0.4 0.7\n",
    "images/train/a.png": EMPTY,
  },
  yolo: {
    "labels/a.txt": "0 0.1 0.1 0.5 0.2 0.4 0.7\n1 .5 5e-1 1 0.5 1.0 1 0.5 1\n\n",
    "images/a.png": EMPTY,
  },
  labelme: {
    "a.json": JSON.stringify({
      ...{
        version: "5.5.0",
        flags: {},
        imagePath: "..\\a.png",
        imageData: null,
        imageHeight: 12,
        imageWidth: 16,
      },
      shapes: [
        { label: "x", points: [[1, 1], [9, 1.5], [8, 9]], group_id: null, shape_type: "polygon", flags: {} },
        { label: "y", points: [[2, 2], [4, 4]], shape_type: "rectangle" },
        { label: "y", points: [[7, 7], [9, 9]], shape_type: "circle" },
        {
          ...{ label: "z", points: [[1, 1], [4, 2]], shape_type: "mask" },
          mask: labelPng({ width: 4, height: 2 }, [0, 1, 1, 0, 1, 1, 1, 1]).toBase64(),
        },
      ],
    }),
    "a.png": EMPTY,
  },
  voc: {
    "labelmap.txt": "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:128,0,0::\na b:0,128,0:x,y:z\n",
    "JPEGImages/a.png": EMPTY,
    "SegmentationClass/a.png": labelPng(SIZE, VALUES, Array.from({ length: 256 }, (_, i) => vocColor(i))),
  },
  nnunet: {
    "dataset.json": JSON.stringify({
      ...{ channel_names: { 0: "T1" }, labels: { background: 0, whole: [1, 2], core: 2, ignore: 255 } },
      ...{ numTraining: 1, file_ending: ".png" },
    }),
    "imagesTr/a_0000.png": EMPTY,
    "labelsTr/a.png": labelPng(SIZE, VALUES),
  },
  "coco layout": {
    "annotations/instances_val.json": JSON.stringify({
      images: [{ id: 1, file_name: "a.png", ...SIZE }],
      annotations: [{
        id: 1,
        image_id: 1,
        category_id: 3,
        segmentation: [OUTLINE],
        bbox: [1, 1, 8, 8],
        area: 30,
      }],
      categories: [{ id: 3, name: "x" }],
    }),
    "images/a.png": EMPTY,
  },
} satisfies Record<string, SourceFiles>;

/** The name of a kind of source. */
export type SourceName = keyof typeof SOURCES;

/** The kinds, ready to be damaged. */
export const SOURCE_FORMATS = Object.fromEntries(
  Object.keys(SOURCES).map((name) => [name, () => prepare(SOURCES[name as SourceName])]),
) as Record<SourceName, () => Promise<Prepared>>;

async function prepare(files: SourceFiles): Promise<Prepared> {
  const [path, content] = Object.entries(files)[0]!;
  const original = new TextEncoder().encode(content as string);
  const expected = await contentOf(files);
  return {
    damage: (random) => mutate(original, random),
    checked: false,
    read: async (bytes) => await contentOf({ ...files, [path]: bytes }) === expected,
    close: closeDecoders,
  };
}

/** What an image's reader says of its annotations; other errors of these classes are the runtime's. */
const OWN = /^(Cannot |line \d|its? |shape \d|the (points|mask|kind) of shape |a mask of |an outline )/;

/** All that `import` would write of a source. */
async function contentOf(files: SourceFiles): Promise<string> {
  const { kind, categories, images, leftOut } = await recognize(files);
  const regions = await Promise.all(images.map(async (image) => {
    try {
      return [image.path, image.split, await image.regions(SIZE)];
    } catch (error) {
      // An import leaves the image out and lists it.
      const { message } = error as Error;
      throw OWN.test(message) ? new Error(`Cannot import an image: ${message}`) : error;
    }
  }));
  return JSON.stringify([kind, categories, regions, leftOut]);
}
