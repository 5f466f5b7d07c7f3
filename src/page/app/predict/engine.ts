/**
 * The prediction engine as a page uses it. A Worker owns the GPU, so that the page stays fluid; images and results never
 * leave the machine, and nothing is requested once the model is there.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { decisionThreshold } from "../../../prediction/class_masks.ts";
import type { Segmentation, SegmentOptions } from "../../../prediction/postprocess.ts";
import { segmentClasses } from "../../../prediction/segment_classes.ts";
import type {
  EngineEvent,
  EngineModel,
  EnginePrediction,
  EnginePredictOptions,
  EngineProgress,
  EngineSource,
  EngineState,
  OpenOptions,
  PlainError,
  Reply,
  Request,
} from "./engine_types.ts";

export type * from "./engine_types.ts";

/** Options of {@linkcode createEngine}. */
export interface EngineOptions extends Omit<OpenOptions, "model"> {
  /** The address of a model file, relative to the page, or its content: safetensors or a PyTorch checkpoint. */
  readonly model: string | URL | Uint8Array | Blob;
  /** The address of the Worker's script, relative to the page; defaults to `predict_worker.js`. */
  readonly worker?: string | URL;
  /** Called with what opening is doing. */
  readonly onProgress?: (progress: EngineProgress) => void;
  /** Called when the device is lost, and when it is open again. */
  readonly onEvent?: (event: EngineEvent, engine: Engine) => void;
  /** Gives up opening, and rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Options of {@linkcode Engine.predict}. */
export interface PredictOptions extends EnginePredictOptions {
  /** Gives the prediction up, and rejects with the signal's reason; one that the GPU already computes ends first. */
  readonly signal?: AbortSignal;
}

/**
 * Opens the GPU in a Worker, proves the kernels on it, and loads a model.
 *
 * @throws {Error} if there is no adapter, with the way to one; if the adapter computes wrongly; or if the model cannot be
 * fetched
 * @throws {SyntaxError} if the model is damaged or truncated, or something else
 */
export async function createEngine({ signal, ...options }: EngineOptions): Promise<Engine> {
  signal?.throwIfAborted();
  const { worker: address = "predict_worker.js", model, onProgress, onEvent, ...rest } = options;
  const base = globalThis.document?.baseURI ?? globalThis.location?.href;
  const absolute = (path: string | URL) => new URL(path, base).href;
  const connection = new Connection(new Worker(absolute(address), { type: "module", name: "predict" }));
  if (onProgress) connection.onProgress = onProgress;
  const stop = () => connection.close(signal!.reason);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const source = typeof model === "string" || model instanceof URL ? absolute(model) : model;
    const reply = await connection.ask({ kind: "open", options: { ...rest, model: source } });
    if (reply.kind !== "opened") {
      throw new Error("Cannot open the engine: its Worker answered something else");
    }
    const engine = new Engine(connection, reply.state);
    connection.onEvent = (event, state) => {
      engine.state = state;
      onEvent?.(event, engine);
    };
    return engine;
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/** An open engine. Predictions are computed one after the other, in the order in which they were asked for. */
export class Engine {
  /** What it runs on; replaced when a lost device was opened again. */
  state: EngineState;
  readonly #connection: Connection;

  /** Made by {@linkcode createEngine}. */
  constructor(connection: Connection, state: EngineState) {
    this.#connection = connection;
    this.state = state;
  }

  /** The model. */
  get model(): EngineModel {
    return this.state.model;
  }

  /**
   * Predicts an image: the content of a file, or pixels. A `File` is read in the Worker.
   *
   * @throws {SyntaxError} if the file is damaged, or no image that can be read here
   * @throws {RangeError} if it exceeds the limits, or an option is out of bounds
   * @throws {Error} if the engine was closed, or the device was lost twice
   */
  async predict(
    source: EngineSource,
    { signal, ...options }: PredictOptions = {},
  ): Promise<EnginePrediction> {
    const reply = await this.#connection.ask({ kind: "predict", source, options }, signal);
    if (reply.kind !== "predicted") throw new Error("Cannot predict: the Worker answered something else");
    this.state = reply.state;
    return reply.prediction;
  }

  /** Destroys the device, as a driver's reset does: the next prediction opens another. For tests. */
  async loseDevice(): Promise<void> {
    await this.#connection.ask({ kind: "lose" });
  }

  /** Ends the Worker and frees its memory; pending predictions are rejected. */
  close(): void {
    this.#connection.close();
  }
}

/**
 * The masks of a prediction at another threshold, for a slider: what {@linkcode Engine.predict} computes with these
 * options, without the network. Takes milliseconds for usual images.
 *
 * @throws {RangeError} if an option is out of bounds
 */
export function segmentAgain(
  { image, classes }: EnginePrediction,
  { description, head }: EngineModel,
  { threshold: given, ...options }: Omit<SegmentOptions, "threshold"> & {
    readonly threshold?: number | null;
  } = {},
): Segmentation[] {
  const threshold = decisionThreshold(description, given);
  const maps = classes.map(({ probabilities }) => probabilities);
  return [...segmentClasses(maps, image, { ...options, head, ...(threshold === null ? {} : { threshold }) })];
}

type Question = Request extends infer One ? One extends Request ? Omit<One, "id"> : never : never;

interface Waiting {
  resolve(reply: Reply): void;
  reject(error: unknown): void;
}

/** Questions to the Worker and their answers. */
class Connection {
  onProgress: ((progress: EngineProgress) => void) | undefined;
  onEvent: ((event: EngineEvent, state: EngineState) => void) | undefined;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;
  #closed: Error | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<Reply>) => this.#receive(data);
    worker.onerror = (event) => {
      event.preventDefault?.();
      // A script that cannot be loaded has no message.
      const why = event.message
        ? `: ${event.message}`
        : ": its script cannot be loaded\nhint: reload the page";
      this.close(new Error(`Cannot predict: the Worker failed${why}`));
    };
    worker.onmessageerror = () =>
      this.close(new Error("Cannot predict: an answer of the Worker cannot be read"));
  }

  /** Asks, and gives up if the signal says so. */
  ask(question: Question, signal?: AbortSignal): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) return reject(this.#closed);
      if (signal?.aborted) return reject(signal.reason);
      const id = ++this.#last;
      const cancel = () => {
        if (!this.#waiting.delete(id)) return;
        this.#post({ kind: "cancel", id });
        reject(signal!.reason);
      };
      const settle = <T>(then: (value: T) => void) => (value: T) => {
        signal?.removeEventListener("abort", cancel);
        then(value);
      };
      this.#waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
      signal?.addEventListener("abort", cancel, { once: true });
      this.#post({ ...question, id } as Request);
    });
  }

  /** Ends the Worker, and rejects what it has not answered. */
  close(reason: unknown = new Error("Cannot predict: the engine was closed")): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason instanceof Error ? reason : new Error(String(reason));
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
  }

  #post(request: Request): void {
    this.#worker.postMessage(request);
  }

  #receive(reply: Reply): void {
    if (reply.kind === "progress") return this.onProgress?.(reply.progress);
    if (reply.kind === "event") return this.onEvent?.(reply.event, reply.state);
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.kind === "failed") waiting?.reject(revive(reply.error));
    else waiting?.resolve(reply);
  }
}

const ERRORS = { SyntaxError, RangeError, TypeError } as const;

/** An error of its class. */
function revive({ name, message }: PlainError): Error {
  const Kind = Object.hasOwn(ERRORS, name) ? ERRORS[name as keyof typeof ERRORS] : Error;
  return new Kind(message);
}
