/**
 * Fetches what a view shows of an image, keeps the last ones, and looks ahead.
 * This module is browser compatible.
 *
 * @module
 */
import type { ImageTruth } from "../../api/results.ts";
import type { EvaluationResults } from "../../api/results.ts";
import { type Api, ApiError } from "../api.ts";
import { MeasuredImage } from "./measured_image.ts";

/** What is known of an image; each part fails on its own. */
export interface ShownImage {
  readonly name: string;
  /** The image file; an error if the dataset does not have it. */
  readonly pixels: ImageBitmap | Error;
  /** The stored maps; an error if there are none. */
  readonly maps: MeasuredImage | Error;
  /** The annotation of now; an error if there is none. */
  readonly truth: ImageTruth | Error;
}

/** Images that are kept. */
const MOST_KEPT = 12;

/** The images of an evaluation. */
export class ImageStore {
  readonly #api: Api;
  readonly #results: EvaluationResults;
  readonly #kept = new Map<string, Promise<ShownImage>>();

  constructor(api: Api, results: EvaluationResults) {
    this.#api = api;
    this.#results = results;
  }

  /** An image with everything; never rejects. */
  get(name: string): Promise<ShownImage> {
    const image = this.#kept.get(name) ?? this.#load(name);
    // The least recently used one comes first.
    this.#kept.delete(name);
    this.#kept.set(name, image);
    for (const key of [...this.#kept.keys()].slice(0, -MOST_KEPT)) this.#drop(key);
    return image;
  }

  /** Frees all images. */
  close(): void {
    for (const key of [...this.#kept.keys()]) this.#drop(key);
  }

  #drop(key: string): void {
    this.#kept.get(key)?.then(({ pixels }) => pixels instanceof ImageBitmap && pixels.close());
    this.#kept.delete(key);
  }

  async #load(name: string): Promise<ShownImage> {
    const caught = <T>(promise: Promise<T>) => promise.catch((error: Error) => error);
    const [pixels, maps, truth] = await Promise.all([
      caught(this.#pixels(name)),
      caught(this.#maps(name)),
      caught(this.#api.get<ImageTruth>(this.#path("truth", name))),
    ]);
    return { name, pixels, maps, truth };
  }

  #path(...rest: string[]): string[] {
    return ["results", this.#results.run, this.#results.split, ...rest];
  }

  async #pixels(name: string): Promise<ImageBitmap> {
    const decode = async (convert: boolean) => {
      const query = convert ? { convert } : {};
      const response = await fetch(this.#api.url(this.#path("image", name), query));
      if (!response.ok) throw await errorOf(response);
      return await createImageBitmap(await response.blob());
    };
    // What this browser cannot decode, the server converts.
    return await decode(false).catch((error) => {
      if (error instanceof ApiError) throw error;
      return decode(true);
    });
  }

  async #maps(name: string): Promise<MeasuredImage> {
    const { maps } = this.#results;
    const entry = maps?.images.find((image) => image.name === name);
    if (!maps || !entry) {
      throw new ApiError(
        404,
        "No probability maps are stored of this evaluation",
        evaluateHint(this.#results),
      );
    }
    const response = await fetch(this.#api.url(this.#path("map", name)));
    if (!response.ok) throw await errorOf(response);
    return new MeasuredImage(new Uint8Array(await response.arrayBuffer()), entry, maps);
  }
}

/** The command that makes an evaluation whole. */
export function evaluateHint({ run, split }: Pick<EvaluationResults, "run" | "split">): string {
  return `evaluate again: deno task evaluate --run runs/${run} --split ${split}`;
}

async function errorOf(response: Response): Promise<ApiError> {
  const { error, hint } = await response.json().catch(() => ({}));
  return new ApiError(response.status, error ?? `The server answered with status ${response.status}`, hint);
}
