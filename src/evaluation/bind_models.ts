/**
 * Several models on a prepared split: inputs in the form of each, and each image by the models that have not seen it.
 *
 * @module
 */
import { readBounded } from "../fs/bounded_read.ts";
import { hashBytes } from "../fs/hash_bytes.ts";
import { mapConcurrently, READ_AHEAD } from "../dataset/map_concurrently.ts";
import { type PrepareOptions, prepareSplit } from "../dataset/prepare.ts";
import type { PreparedSplit } from "../dataset/prepared_split.ts";
import { MAX_BYTES } from "../image/limits.ts";
import { Ensemble } from "../prediction/ensemble.ts";
import type { ImageName, ImagePredictor } from "../prediction/predictor.ts";

/** In which fold an image is held out, by the SHA-256 of its file. */
export type HeldOut = ReadonlyMap<string, number>;

/** Models that are ready for the images of a split. */
export interface BoundModels extends AsyncDisposable {
  /** What predicts. */
  readonly predictor: ImagePredictor;
  /** Images that a single model has not seen, which alone predicts them. */
  readonly heldOut: number;
}

/**
 * Prepares the images of a split for the models that take another input than the first one, and finds out which model has
 * not seen which image. A single model is returned as it is.
 */
export async function bindModels(
  predictor: ImagePredictor,
  prepared: PreparedSplit,
  options: Omit<PrepareOptions, "size" | "normalize" | "range">,
  heldOut?: HeldOut,
): Promise<BoundModels> {
  if (!(predictor instanceof Ensemble)) {
    return { predictor, heldOut: 0, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const others: PreparedSplit[] = [];
  const inputs = [];
  for (const form of predictor.otherForms) {
    const other = await prepareSplit(prepared.samples, { ...options, ...form, range: form.range ?? null });
    others.push(other);
    const places = placesOf(other);
    const read = async (of: readonly ImageName[]) =>
      (await other.batch(of.map((image) => places.get(keyOf(image))!))).images;
    inputs.push({ form, read });
  }
  const folds = heldOut === undefined ? null : await foldsOf(prepared, heldOut);
  return {
    predictor: predictor.over({
      inputs,
      choose: folds === null ? undefined : (image) => {
        const fold = folds.get(keyOf(image));
        return fold === undefined ? null : [fold];
      },
    }),
    heldOut: folds?.size ?? 0,
    async [Symbol.asyncDispose]() {
      for (const other of others) await other.close();
    },
  };
}

function keyOf({ split, fileName }: ImageName): string {
  return JSON.stringify([split, fileName]);
}

function placesOf(prepared: PreparedSplit): Map<string, number> {
  return new Map(prepared.samples.map((sample, place) => [keyOf(sample), place]));
}

/** The fold of each image whose file is one of the cross-validation's. */
async function foldsOf({ samples }: PreparedSplit, heldOut: HeldOut): Promise<Map<string, number>> {
  const folds = await mapConcurrently(
    samples,
    READ_AHEAD,
    async ({ imagePath }) => heldOut.get(hashBytes(await readBounded(imagePath, MAX_BYTES))),
  );
  return new Map(
    samples.flatMap((sample, at) => folds[at] === undefined ? [] : [[keyOf(sample), folds[at]]]),
  );
}
