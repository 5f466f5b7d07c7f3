/**
 * What the prediction engine takes and returns: plain data that travels between the page and its Worker.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { KernelChoices } from "../../../../kernels/choices.ts";
import type { AdapterDescription, GpuLimits } from "../../../gpu/adapter.ts";
import type { Arithmetic } from "../../../gpu/arithmetic.ts";
import type { ImageNote, RgbImage, SampleRange, Spacing } from "../../../image/image.ts";
import type { ClassSpec } from "../../../image/class_spec.ts";
import type { Mask } from "../../../image/mask.ts";
import type { SegmentationSummary } from "../../../prediction/postprocess.ts";
import type { ProbabilityMap } from "../../../prediction/probability_map.ts";
import type { KernelVerdict, RefusedVariant } from "../../../self_test/prove.ts";
import type { Head } from "../../../unet/config.ts";
import type { ModelDescription } from "../../../unet/model_format.ts";

/** What the engine is doing, for a progress bar. */
export type EngineProgress =
  /** The model arrives; `total` is null if the server does not tell. */
  | { readonly phase: "model"; readonly loaded: number; readonly total: number | null }
  /** An adapter is asked for, and a device opened. */
  | { readonly phase: "gpu" }
  /** Kernels are tested on the adapter; nothing is tested if an earlier visit kept the verdicts. */
  | { readonly phase: "self-test"; readonly done: number; readonly total: number }
  /** Kernels are compiled and run once. */
  | { readonly phase: "warm-up" }
  /** Ready to predict. */
  | { readonly phase: "ready" };

/** How the Worker opens; see {@linkcode EngineOptions} of `engine.ts`. */
export interface OpenOptions {
  /** The address of a model file, or its content. */
  readonly model: string | Uint8Array | Blob;
  /** Arithmetic of the kernels; defaults to `fast`. */
  readonly kernels?: Arithmetic;
  /** Name of the database that keeps verdicts; null keeps none. Defaults to `unet-kernels`. */
  readonly memory?: string | null;
  /** Whether to run the self-tests again although their verdicts are kept. */
  readonly retest?: boolean;
  /** Variants to prefer, if they pass their self-tests. */
  readonly prefer?: KernelChoices;
}

/** What is known of the model. */
export interface EngineModel {
  /** What its file says: network, input size, normalization, threshold, training. */
  readonly description: ModelDescription;
  /** Whether the file says it; if not, what cannot be inferred is the original's. */
  readonly described: boolean;
  /** Its classes, with names and colors. */
  readonly classes: readonly ClassSpec[];
  /** Whether classes exclude each other (`softmax`). */
  readonly head: Head;
  /** Bytes of the file. */
  readonly byteLength: number;
  /** SHA-256 of the file, in hexadecimal; null where the page is not secure. */
  readonly sha256: string | null;
  /** Storage type of the weights in the file. The network computes in float32. */
  readonly weights: "float32" | "float16" | "other";
}

/** What the engine runs on, and what it found out. */
export interface EngineState {
  /** The adapter. */
  readonly adapter: AdapterDescription;
  /** The limits of its device. */
  readonly limits: GpuLimits;
  /** The model. */
  readonly model: EngineModel;
  /** Storage type of tensors and sums. */
  readonly precision: "float32";
  /** Arithmetic of the kernels. */
  readonly kernels: Arithmetic;
  /** The variant of each class of shapes that the model has. */
  readonly variants: KernelChoices;
  /** Variants that do not compute correctly here, and are not used. */
  readonly refused: readonly RefusedVariant[];
  /** The verdict on every kernel. */
  readonly selfTests: readonly KernelVerdict[];
  /** How often a lost device was opened again. */
  readonly reopened: number;
  /** Seconds that opening took, by part. */
  readonly seconds: Readonly<Record<"model" | "gpu" | "self-test" | "warm-up", number>>;
}

/** An event that nobody asked for. */
export interface EngineEvent {
  /** The device was lost; it is being opened again, or was. */
  readonly kind: "lost" | "reopened";
  /** In words, for the user. */
  readonly message: string;
}

/** Options of a prediction. */
export interface EnginePredictOptions {
  /** Replaces the model's threshold, 0 to 1; null takes the most probable of several exclusive classes. */
  readonly threshold?: number | null;
  /** Whether to keep only the largest lesion of each class. */
  readonly largest?: boolean;
  /** Removes lesions of fewer pixels. */
  readonly minArea?: number;
  /** Whether to average over mirrored images: four times the work. */
  readonly flips?: boolean;
  /** Which sample values of more than 8 bits become 0 and 1, in place of the model's range. */
  readonly range?: SampleRange;
}

/** One class of a prediction. */
export interface EngineClass extends ClassSpec {
  /** Its probabilities at the network's size. */
  readonly probabilities: ProbabilityMap;
  /** Its mask at the image's own size. */
  readonly mask: Mask;
  /** Row-major, which pixel is in which lesion: 0 outside, `k` in `summary.lesions[k - 1]`. */
  readonly lesionMap: Int32Array;
  /** Area, box, lesions, probabilities, COCO RLE. */
  readonly summary: SegmentationSummary;
}

/** Who decoded an image. */
export interface DecodedBy {
  /** `own`: the decoders that `predict` uses, the same samples; `browser`: the browser's; `pixels`: none. */
  readonly decoder: "own" | "browser" | "pixels";
  /** In words, for the user. */
  readonly message: string;
}

/** The prediction of an image. */
export interface EnginePrediction {
  /** The image in 8-bit RGB as it is displayed: oriented, and windowed if it has more bits. */
  readonly image: RgbImage;
  /** Who decoded it. */
  readonly decodedBy: DecodedBy;
  /** What the user should know of the file. */
  readonly notes: readonly ImageNote[];
  /** Distance between pixels, if the file states it. */
  readonly spacing?: Spacing;
  /** The threshold that was applied; null for the most probable class. */
  readonly threshold: number | null;
  /** Each class of the model, in order. */
  readonly classes: readonly EngineClass[];
  /** Seconds that it took, by part. */
  readonly seconds: Readonly<Record<"decode" | "network" | "mask", number>>;
}

/** What is predicted: the content of an image file, or pixels. */
export type EngineSource = Uint8Array | Blob | RgbImage;

/** What the page sends to the Worker. */
export type Request =
  | { readonly kind: "open"; readonly id: number; readonly options: OpenOptions }
  | {
    readonly kind: "predict";
    readonly id: number;
    readonly source: EngineSource;
    readonly options: EnginePredictOptions;
  }
  | { readonly kind: "cancel"; readonly id: number }
  | { readonly kind: "lose"; readonly id: number };

/** An error by its name and message, since a message does not keep an error's class. */
export interface PlainError {
  /** Name of its class. */
  readonly name: string;
  /** Its message, with a hint after a line break. */
  readonly message: string;
}

/** What the Worker answers. */
export type Reply =
  | { readonly kind: "opened"; readonly id: number; readonly state: EngineState }
  | {
    readonly kind: "predicted";
    readonly id: number;
    readonly prediction: EnginePrediction;
    readonly state: EngineState;
  }
  | { readonly kind: "done"; readonly id: number }
  | { readonly kind: "failed"; readonly id: number; readonly error: PlainError }
  | { readonly kind: "progress"; readonly progress: EngineProgress }
  | { readonly kind: "event"; readonly event: EngineEvent; readonly state: EngineState };
