/**
 * Predictions as COCO documents: a dataset that annotation tools open, and the list of results that COCO's evaluation reads.
 * This module is browser compatible.
 *
 * @module
 */
import type { CocoId } from "../coco/ids.ts";
import { formatRuns, labelRuns } from "../coco/rle.ts";
import type { Size } from "../image/image.ts";
import type { CocoIds } from "./coco_ids.ts";
import type { Segmentation } from "./postprocess.ts";

/** Says in the file that nobody has reviewed it. */
const DESCRIPTION = "Predictions of deno-unet: not reviewed by a person";

/** How such a file begins. */
export const COCO_MARK = `{"info":{"description":${JSON.stringify(DESCRIPTION)}`;

/** Digits of a score: float32 probabilities have no more. */
const SCORE_DIGITS = 6;

/** The segmentation of one class of an image. */
export interface ClassSegmentation extends Pick<Segmentation, "lesionMap" | "summary"> {
  /** The name of the class. */
  readonly name: string;
}

/** The lesions of one class of an image, as COCO has them. */
export interface EncodedLesions extends Pick<Segmentation["summary"], "lesions"> {
  /** The name of the class. */
  readonly name: string;
  /** The run lengths of each lesion. */
  readonly counts: readonly string[];
}

/** Encodes the lesions of an image of `size`. */
export function encodeLesions(size: Size, { name, lesionMap, summary }: ClassSegmentation): EncodedLesions {
  const { lesions } = summary;
  return { name, lesions, counts: labelRuns(size, lesionMap, lesions.length).map(formatRuns) };
}

/**
 * Collects predictions as text, since a million lesions would fill the memory as objects. One annotation per lesion:
 * exact RLE, box `[x, y, w, h]`, area, its mean probability as score.
 */
export class CocoResults {
  readonly #ids: CocoIds;
  readonly #images: Uint8Array[] = [];
  readonly #annotations: Uint8Array[] = [];
  readonly #results: Uint8Array[] = [];
  #count = 0;

  /** Without images. */
  constructor(ids: CocoIds) {
    this.#ids = ids;
  }

  /** Adds the segmentations of an image, one per class. */
  add(fileName: string, size: Size, classes: readonly ClassSegmentation[]): void {
    this.addLesions(fileName, size, classes.map((each) => encodeLesions(size, each)));
  }

  /** Adds the lesions of an image, per class. */
  addLesions(fileName: string, { width, height }: Size, classes: readonly EncodedLesions[]): void {
    const id = this.#ids.image(fileName);
    this.#images.push(encode(idJson({ id, file_name: fileName, width, height })));
    for (const { name, lesions, counts } of classes) {
      const category = this.#ids.category(name);
      lesions.forEach(({ area, box, meanProbability }, index) => {
        const place = { image_id: id, category_id: category };
        const segmentation = { size: [height, width], counts: counts[index]! };
        const score = Number(meanProbability.toFixed(SCORE_DIGITS));
        const bbox = [box.x, box.y, box.width, box.height];
        const annotation = { id: ++this.#count, ...place, segmentation, bbox, area, iscrowd: 0, score };
        this.#annotations.push(encode(idJson(annotation)));
        // Without a box: COCO's code would take the area of the box for that of the mask.
        this.#results.push(encode(idJson({ ...place, segmentation, score })));
      });
    }
  }

  /**
   * Both documents, in parts.
   *
   * @param info the model and settings, for the head of the dataset
   */
  documents(
    classes: readonly string[],
    info: Readonly<Record<string, unknown>>,
  ): { readonly dataset: readonly Uint8Array[]; readonly results: readonly Uint8Array[] } {
    const categories = classes.map((name) =>
      encode(idJson({ id: this.#ids.category(name), name, supercategory: "" }))
    );
    const head = `{"info":${JSON.stringify({ description: DESCRIPTION, ...info })},"licenses":[]`;
    const dataset = [
      encode(`${head},\n"images":[`),
      ...listed(this.#images),
      encode(`],\n"annotations":[`),
      ...listed(this.#annotations),
      encode(`],\n"categories":[`),
      ...listed(categories),
      encode("]}\n"),
    ];
    return { dataset, results: [encode("["), ...listed(this.#results), encode("]\n")] };
  }
}

const encoder = new TextEncoder();
const encode = (text: string) => encoder.encode(text);

/** JSON in which ids beyond 2^53, which are digits in texts, are numbers again. */
function idJson(entry: { readonly [key: string]: unknown }): string {
  const exact = Object.entries(entry).map(([key, value]) =>
    `${JSON.stringify(key)}:${isLargeId(key, value) ? value : JSON.stringify(value)}`
  );
  return `{${exact.join(",")}}`;
}

function isLargeId(key: string, value: unknown): value is CocoId & string {
  return typeof value === "string" && /^(image_|category_)?id$/.test(key) && /^\d+$/.test(value);
}

/** The entries of a list with commas and line breaks between them. */
function listed(entries: readonly Uint8Array[]): Uint8Array[] {
  const comma = encode(",\n");
  const start = encode("\n");
  return entries.flatMap((entry, index) => [index === 0 ? start : comma, entry]);
}
