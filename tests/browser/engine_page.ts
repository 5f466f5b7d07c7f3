/**
 * What the engine's cases run in their page: the client of the engine, with bytes as base64.
 *
 * @module
 */
import {
  createEngine,
  type Engine,
  type EngineEvent,
  type EngineOptions,
  type EnginePrediction,
  type EngineProgress,
  type EngineState,
  type PredictOptions,
} from "../../src/page/app/predict/engine.ts";

/** A prediction as JSON. */
export interface PlainPrediction extends Omit<EnginePrediction, "image" | "classes"> {
  /** The displayed pixels. */
  readonly image: { readonly width: number; readonly height: number; readonly rgb: string };
  /** Each class, with its probabilities as float32. */
  readonly classes: readonly {
    readonly name: string;
    readonly probabilities: string;
    readonly mask: string;
    readonly summary: EnginePrediction["classes"][number]["summary"];
  }[];
}

/** What the page offers to the cases. */
export interface EngineHarness {
  /** Opens an engine under a name. */
  open(name: string, options: EngineOptions): Promise<EngineState>;
  /** Predicts the content of a file or, with a size, RGB values. */
  predict(
    name: string,
    base64: string,
    size: { width: number; height: number } | null,
    options?: PredictOptions,
  ): Promise<PlainPrediction>;
  /** The open engines. */
  readonly engines: Map<string, Engine>;
  /** What they said. */
  readonly events: EngineEvent[];
  /** What they did. */
  readonly progress: EngineProgress[];
}

const base64 = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength).toBase64();

const engines = new Map<string, Engine>();
const events: EngineEvent[] = [];
const progress: EngineProgress[] = [];

const harness: EngineHarness = {
  engines,
  events,
  progress,
  async open(name, options) {
    const engine = await createEngine({
      ...options,
      onProgress: (step) => progress.push(step),
      onEvent: (event) => events.push(event),
    });
    engines.set(name, engine);
    return engine.state;
  },
  async predict(name, content, size, options) {
    const bytes = Uint8Array.fromBase64(content);
    const source = size === null ? bytes : { ...size, data: bytes };
    const { image, classes, ...rest } = await engines.get(name)!.predict(source, options);
    return {
      ...rest,
      image: { width: image.width, height: image.height, rgb: base64(image.data) },
      classes: classes.map(({ name, probabilities, mask, summary }) => ({
        name,
        summary,
        probabilities: base64(probabilities.data),
        mask: base64(mask.data),
      })),
    };
  },
};
Object.assign(globalThis, { harness });
