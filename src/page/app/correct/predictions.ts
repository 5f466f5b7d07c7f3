/**
 * Predictions to start from: by the board's model, computed in this browser.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { encodeRle } from "../../../coco/rle.ts";
import { resizeProbabilities } from "../../../prediction/probability_map.ts";
import type { ImageToCorrect, MaskRegion } from "../../api/corrections.ts";
import type { ModelList } from "../../api/model.ts";
import type { Api } from "../api.ts";
import { createEngine, type Engine, type EngineProgress } from "../predict/engine.ts";
import type { Probabilities } from "./editor_state.ts";
import type { BitTiles } from "./model/bit_tiles.ts";
import { layersOf } from "./model/masks.ts";

/** A prediction to start from. */
export interface PredictedMasks {
  readonly probabilities: Probabilities;
  readonly layers: ReadonlyMap<string, BitTiles>;
  readonly regions: readonly MaskRegion[];
  /** The SHA-256 of the model. */
  readonly model: string | null;
}

/** Predicts images of the dataset; opens the engine once. */
export class Predictions {
  readonly #api: Api;
  #engine: Promise<Engine> | null = null;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * Predicts an image.
   *
   * @throws {Error} if there is no model or no GPU, with the way out
   */
  async predict(
    image: ImageToCorrect,
    say: (text: string) => void,
    signal: AbortSignal,
  ): Promise<PredictedMasks> {
    say("Opening the model …");
    const engine = await (this.#engine ??= this.#open(say).catch((error) => {
      this.#engine = null;
      throw error;
    }));
    say("Predicting …");
    const response = await fetch(this.#api.url(["corrections", "pixels", image.split, image.fileName]), {
      signal,
    });
    const { classes } = await engine.predict(await response.blob(), { signal });
    // A model of one unnamed class predicts the dataset's only one.
    const own = image.classes.filter(({ kind }) => kind === "class");
    const nameOf = (name: string) => classes.length === 1 && own.length === 1 ? own[0]!.name : name;
    const regions = classes.map(({ name, mask }) => ({ category: nameOf(name), rle: encodeRle(mask) }));
    return {
      probabilities: lazily(
        new Map(classes.map(({ name, probabilities }) => [nameOf(name), probabilities])),
        (map) => resizeProbabilities(map, image),
      ),
      layers: layersOf(image, regions),
      regions,
      model: engine.model.sha256,
    };
  }

  /** Frees the GPU. */
  close(): void {
    this.#engine?.then((engine) => engine.close(), () => {});
    this.#engine = null;
  }

  async #open(say: (text: string) => void): Promise<Engine> {
    const { models } = await this.#api.get<ModelList>(["models"]);
    const model = models[0];
    if (model === undefined) {
      throw new Error("Cannot predict: there is no model; train one, or start the board with --model FILE");
    }
    return await createEngine({
      model: model.url,
      onProgress: (progress) => say(describeProgress(progress)),
    });
  }
}

/** At the image's own size, maps may be large: each is made when it is asked for. */
function lazily<From, To>(
  values: ReadonlyMap<string, From>,
  make: (value: From) => To,
): (name: string) => To | null {
  const made = new Map<string, To>();
  return (name) => {
    const value = values.get(name);
    if (value === undefined) return null;
    const kept = made.get(name) ?? make(value);
    made.set(name, kept);
    return kept;
  };
}

function describeProgress(progress: EngineProgress): string {
  switch (progress.phase) {
    case "model":
      return progress.total === null
        ? "The model arrives …"
        : `The model arrives: ${Math.round(100 * progress.loaded / progress.total)} %`;
    case "self-test":
      return `Proving the kernels: ${progress.done} of ${progress.total}`;
    default:
      return "Opening the GPU …";
  }
}
