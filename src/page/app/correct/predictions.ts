/**
 * Predictions to start from: stored by `evaluate`, or computed in this browser by a model of the board.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { encodeRle } from "../../../coco/rle.ts";
import { type ProbabilityMap, resizeProbabilities } from "../../../prediction/probability_map.ts";
import { segmentClasses } from "../../../prediction/segment_classes.ts";
import type { ImageToCorrect, MaskRegion } from "../../api/corrections.ts";
import type { ModelList } from "../../api/model.ts";
import type { EvaluationEntry, EvaluationResults } from "../../api/results.ts";
import type { Api } from "../api.ts";
import { createEngine, type Engine, type EngineProgress } from "../predict/engine.ts";
import { evaluateHint } from "../results/image_store.ts";
import { MeasuredImage } from "../results/measured_image.ts";
import type { Probabilities } from "./editor_state.ts";
import type { BitTiles } from "./model/bit_tiles.ts";
import { layersOf } from "./model/masks.ts";

/** Where a prediction comes from. */
export type PredictionSource =
  /** Maps that an evaluation of the image's split stored. */
  | { readonly kind: "stored"; readonly run: string; readonly label: string }
  /** A model, by the address of its file. */
  | { readonly kind: "model"; readonly url: string; readonly label: string };

/** A prediction to start from. */
export interface PredictedMasks {
  readonly probabilities: Probabilities;
  readonly layers: ReadonlyMap<string, BitTiles>;
  readonly regions: readonly MaskRegion[];
  /** The SHA-256 of the model; null if it is not known. */
  readonly model: string | null;
}

/** Predicts images of the dataset; keeps the engine of the last model open. */
export class Predictions {
  readonly #api: Api;
  #engine: { readonly url: string; readonly opened: Promise<Engine> } | null = null;

  constructor(api: Api) {
    this.#api = api;
  }

  /** What can predict images of a split: stored maps, then models. Parts that cannot be read are left out. */
  async sources(split: string): Promise<readonly PredictionSource[]> {
    const [evaluations, { models }] = await Promise.all([
      this.#api.get<readonly EvaluationEntry[]>(["results"]).catch((): readonly EvaluationEntry[] => []),
      this.#api.get<ModelList>(["models"]).catch((): ModelList => ({ models: [], problems: [] })),
    ]);
    const stored = evaluations.filter((each) => each.split === split && each.hasMaps);
    return [
      ...stored.map(({ run }): PredictionSource => ({ kind: "stored", run, label: `stored by ${run}` })),
      ...models.map(({ url, name }): PredictionSource => ({
        kind: "model",
        url,
        label: `computed by ${name}`,
      })),
    ];
  }

  /** Predicts an image. Throws an Error with the way out if there is no stored map or no GPU. */
  async predict(
    source: PredictionSource,
    image: ImageToCorrect,
    say: (text: string) => void,
    signal: AbortSignal,
  ): Promise<PredictedMasks> {
    return source.kind === "stored"
      ? await this.#read(source.run, image, signal)
      : await this.#compute(source.url, image, say, signal);
  }

  /** Frees the GPU. */
  close(): void {
    this.#engine?.opened.then((engine) => engine.close(), () => {});
    this.#engine = null;
  }

  async #read(run: string, image: ImageToCorrect, signal: AbortSignal): Promise<PredictedMasks> {
    const path = ["results", run, image.split];
    const { maps: index, settings } = await this.#api.get<EvaluationResults>(path, { signal });
    const entry = index?.images.find(({ name }) => name === image.fileName);
    const missing = () =>
      new Error(
        `Cannot start from a prediction: ${run} has none of this image (${
          evaluateHint({ run, split: image.split })
        })`,
      );
    if (!index || !entry || entry.width !== image.width || entry.height !== image.height) throw missing();
    const response = await fetch(this.#api.url([...path, "map", image.fileName]), { signal });
    if (!response.ok) throw missing();
    const stored = new MeasuredImage(new Uint8Array(await response.arrayBuffer()), entry, index);
    const maps = index.classes.map((_, i): ProbabilityMap => ({
      width: index.size,
      height: index.size,
      data: stored.probabilities(i),
    }));
    const { threshold } = settings;
    const masks = [
      ...segmentClasses(maps, image, { head: index.head, ...(threshold === null ? {} : { threshold }) }),
    ];
    const classes = index.classes.map(({ name }, i) => ({ name, map: maps[i]!, mask: masks[i]!.mask }));
    return predicted(image, classes, index.model);
  }

  async #compute(
    url: string,
    image: ImageToCorrect,
    say: (text: string) => void,
    signal: AbortSignal,
  ): Promise<PredictedMasks> {
    if (this.#engine?.url !== url) {
      this.close();
      const opened = createEngine({ model: url, onProgress: (progress) => say(describeProgress(progress)) });
      this.#engine = { url, opened };
      opened.catch(() => this.#engine = null);
    }
    const engine = await this.#engine!.opened;
    say("Predicting …");
    const response = await fetch(this.#api.url(["corrections", "pixels", image.split, image.fileName]), {
      signal,
    });
    const { classes } = await engine.predict(await response.blob(), { signal });
    const found = classes.map(({ name, probabilities, mask }) => ({ name, map: probabilities, mask }));
    return predicted(image, found, engine.model.sha256);
  }
}

function predicted(
  image: ImageToCorrect,
  classes: readonly {
    readonly name: string;
    readonly map: ProbabilityMap;
    readonly mask: Parameters<typeof encodeRle>[0];
  }[],
  model: string | null,
): PredictedMasks {
  // A model of one class, whatever its name, predicts the only class of the dataset.
  const own = image.classes.filter(({ kind }) => kind === "class");
  const nameOf = (name: string) => classes.length === 1 && own.length === 1 ? own[0]!.name : name;
  const regions = classes.map(({ name, mask }) => ({ category: nameOf(name), rle: encodeRle(mask) }));
  return {
    probabilities: lazily(
      new Map(classes.map(({ name, map }) => [nameOf(name), map])),
      (map) => resizeProbabilities(map, image),
    ),
    layers: layersOf(image, regions),
    regions,
    model,
  };
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
