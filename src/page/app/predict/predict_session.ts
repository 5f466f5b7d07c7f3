/**
 * A model on the GPU of this browser: opened, proven, warmed up; from files to masks. A lost device is opened again. Runs
 * in the Worker, and wherever there is WebGPU.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { KernelChoices } from "../../../../kernels/choices.ts";
import { requestAdapter } from "../../../gpu/adapter.ts";
import type { Gpu } from "../../../gpu/gpu.ts";
import { openDevice } from "../../../gpu/open_device.ts";
import { displayImage } from "../../../image/display.ts";
import { rangeNote } from "../../../image/levels.ts";
import { inputSize } from "../../../image/input_frame.ts";
import { planTarget } from "../../../layers/plan_target.ts";
import { decisionThreshold } from "../../../prediction/class_masks.ts";
import { Predictor } from "../../../prediction/predictor.ts";
import { segmentClasses } from "../../../prediction/segment_classes.ts";
import { windowKernels } from "../../../prediction/windows.ts";
import { type Proof, provePlan } from "../../../self_test/prove.ts";
import { stopwatch } from "../../../stopwatch.ts";
import { headOf } from "../../../unet/config.ts";
import { modelClasses } from "../../../unet/model_classes.ts";
import { recordPlan } from "../../../unet/network_plan.ts";
import { decodeSource } from "./decode_source.ts";
import type {
  EngineClass,
  EngineEvent,
  EnginePrediction,
  EnginePredictOptions,
  EngineProgress,
  EngineSource,
  EngineState,
  OpenOptions,
} from "./engine_types.ts";
import { type FetchedModel, fetchModel } from "./fetch_model.ts";
import { browserFacts, explainNoAdapter } from "./no_adapter.ts";
import { VerdictStore } from "./verdict_store.ts";

/** Who is told what happens. */
export interface SessionHooks {
  /** Called with what opening is doing. */
  readonly onProgress?: (progress: EngineProgress) => void;
  /** Called when the device is lost, and when it is open again. */
  readonly onEvent?: (event: EngineEvent, state: EngineState) => void;
}

/** A proven device with the network on it. */
interface Opened {
  readonly gpu: Gpu;
  readonly predictor: Predictor;
  readonly proof: Proof;
  readonly seconds: Omit<EngineState["seconds"], "model">;
  /** Set once the device is lost. */
  lost: boolean;
}

const MEMORY = "unet-kernels";

/** See the head of the file. */
export class PredictSession {
  readonly #options: OpenOptions;
  readonly #hooks: SessionHooks;
  readonly #model: FetchedModel;
  readonly #modelSeconds: number;
  #opened: Opened;
  #reopened = 0;
  #closed = false;

  private constructor(
    options: OpenOptions,
    hooks: SessionHooks,
    model: FetchedModel,
    modelSeconds: number,
    opened: Opened,
  ) {
    this.#options = options;
    this.#hooks = hooks;
    this.#model = model;
    this.#modelSeconds = modelSeconds;
    this.#opened = opened;
    this.#watch(opened);
  }

  /** Fetches the model and opens the GPU at the same time. Throws like `createEngine`. */
  static async open(options: OpenOptions, hooks: SessionHooks = {}): Promise<PredictSession> {
    const lap = stopwatch();
    // A page without a GPU should not wait for the model to say so.
    const device = openAdapter(options);
    const fetching = device.then(() => fetchModel(options.model, (progress) => hooks.onProgress?.(progress)));
    fetching.catch(() => {}); // awaited below, unless there is no device
    hooks.onProgress?.({ phase: "gpu" });
    const gpu = await device;
    const gpuSeconds = lap();
    try {
      const model = await fetching;
      const modelSeconds = lap();
      const opened = await prepare(gpu, model, options, hooks, gpuSeconds);
      hooks.onProgress?.({ phase: "ready" });
      return new PredictSession(options, hooks, model, modelSeconds, opened);
    } catch (error) {
      const lost = await isSettled(gpu.lost);
      gpu.close();
      if (!lost) throw error;
      throw new Error(
        "Cannot open the GPU: it was lost while it was tested\nhint: update the graphics driver, close other programs " +
          "that use the GPU, and reload the page",
        { cause: error },
      );
    }
  }

  /** What it runs on, and what it found out. */
  get state(): EngineState {
    const { gpu, proof, seconds } = this.#opened;
    const { description, described } = this.#model.stored;
    const { byteLength, sha256, weights } = this.#model;
    return {
      adapter: gpu.adapter,
      limits: gpu.limits,
      model: {
        ...{ description, described, byteLength, sha256, weights },
        classes: modelClasses(description),
        head: headOf(description.network),
      },
      precision: "float32",
      kernels: gpu.kernels,
      variants: gpu.choices,
      refused: proof.refused,
      selfTests: proof.verdicts,
      reopened: this.#reopened,
      seconds: { model: this.#modelSeconds, ...seconds },
    };
  }

  /** Predicts an image; if the device is lost meanwhile, opens it again and starts over, once. */
  async predict(source: EngineSource, options: EnginePredictOptions = {}): Promise<EnginePrediction> {
    const lap = stopwatch();
    const { raster, notes, decodedBy } = await decodeSource(source);
    const decode = lap();
    const { description } = this.#model.stored;
    const input = options.range === undefined ? description : { ...description, range: options.range };
    const compute = async () => {
      const predictor = this.#opened.predictor.with({ flips: options.flips ?? false, range: options.range });
      return (await predictor.predictClasses([raster]))[0]!;
    };
    const maps = await this.#retry(compute);
    const network = lap();
    const head = headOf(description.network);
    const threshold = decisionThreshold(description, options.threshold);
    const { largest = false, minArea = 0 } = options;
    const settings = { largest, minArea, head, ...(threshold === null ? {} : { threshold }) };
    const specs = modelClasses(description);
    const classes: EngineClass[] = [];
    for (const { mask, lesionMap, summary } of segmentClasses(maps, raster, settings)) {
      const index = classes.length;
      classes.push({ ...specs[index]!, probabilities: maps[index]!, mask, lesionMap, summary });
    }
    const spacing = "spacing" in raster ? raster.spacing : undefined;
    return {
      image: displayImage(raster),
      decodedBy,
      notes: "range" in raster ? [...notes, ...rangeNote(raster, input)] : notes,
      ...(spacing === undefined ? {} : { spacing }),
      threshold,
      classes,
      seconds: { decode, network, mask: lap() },
    };
  }

  /** Destroys the device, as a driver's reset does. */
  loseDevice(): void {
    this.#opened.gpu.lose();
  }

  /** Frees the device; later calls fail. */
  close(): void {
    this.#closed = true;
    this.#opened.gpu.close();
  }

  /** Runs, after opening a lost device again; and once more if it is lost while running. */
  async #retry<T>(compute: () => Promise<T>): Promise<T> {
    if (this.#opened.lost) {
      await this.#reopen();
      return await compute();
    }
    try {
      return await compute();
    } catch (error) {
      if (!await this.#isLost()) throw error;
    }
    await this.#reopen();
    try {
      return await compute();
    } catch (error) {
      if (!await this.#isLost()) throw error;
      throw new Error(
        "Cannot predict: the GPU was lost twice\nhint: update the graphics driver, close other programs that use " +
          "the GPU, and reload the page",
        { cause: error },
      );
    }
  }

  /** The report of a loss may arrive after the error that it causes. */
  async #isLost(): Promise<boolean> {
    return await isSettled(this.#opened.gpu.lost) || this.#opened.lost;
  }

  async #reopen(): Promise<void> {
    const lap = stopwatch();
    const gpu = await openAdapter(this.#options);
    try {
      this.#opened = await prepare(gpu, this.#model, this.#options, {}, lap());
    } catch (error) {
      gpu.close();
      throw error;
    }
    this.#reopened++;
    this.#watch(this.#opened);
    const message = "The GPU was lost and is open again: nothing is missing";
    this.#hooks.onEvent?.({ kind: "reopened", message }, this.state);
  }

  #watch(opened: Opened): void {
    opened.gpu.lost.then((message) => {
      opened.lost = true;
      if (this.#closed) return;
      const why = message === "" ? "" : ` (${message})`;
      this.#hooks.onEvent?.(
        { kind: "lost", message: `The GPU was lost${why}; the next prediction opens it again` },
        this.state,
      );
    });
  }
}

/** Opens a device with its basic variants. Throws an Error that says how to get an adapter. */
async function openAdapter({ kernels }: OpenOptions): Promise<Gpu> {
  const facts = browserFacts();
  if (!facts.isSecure || !facts.hasWebGpu || await requestAdapter({}) === null) throw explainNoAdapter(facts);
  return await openDevice(kernels === undefined ? {} : { kernels });
}

/** Proves the kernels of the model's plan, uploads the weights, and computes once. */
async function prepare(
  gpu: Gpu,
  { stored }: FetchedModel,
  { memory = MEMORY, retest, prefer }: OpenOptions,
  { onProgress }: SessionHooks,
  gpuSeconds: number,
): Promise<Opened> {
  const lap = stopwatch();
  const { network, patch } = stored.description;
  const { width, height } = inputSize(stored.description);
  const { adapter, limits, kernels, precision } = gpu;
  const spec = { kind: "predict", batch: 1, height, width } as const;
  const kernelsOf = (choices: KernelChoices) => {
    const target = planTarget({ adapter, limits, kernels, precision, choices });
    return patch === undefined
      ? recordPlan(network, target, spec).steps.map(({ dispatch }) => dispatch.kernel.label)
      : windowKernels(network, target, patch);
  };
  const proof = await provePlan(gpu, kernelsOf, {
    memory: memory === null ? undefined : new VerdictStore(memory, retest),
    prefer,
    onTest: (done, total) => onProgress?.({ phase: "self-test", done, total }),
  });
  const selfTest = lap();
  onProgress?.({ phase: "warm-up" });
  const predictor = await Predictor.create(gpu, stored);
  await predictor.logits({
    shape: [1, network.inChannels, height, width],
    data: new Float32Array(network.inChannels * height * width),
  });
  return {
    gpu,
    predictor,
    proof,
    seconds: { gpu: gpuSeconds, "self-test": selfTest, "warm-up": lap() },
    lost: false,
  };
}

/** Whether a promise resolves soon. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  return await Promise.race([
    promise.then(() => true),
    new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 200)),
  ]);
}
