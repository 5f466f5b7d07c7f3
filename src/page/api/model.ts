/**
 * Models that a page can predict with.
 * This module is browser compatible.
 *
 * @module
 */
import type { Fit } from "../../image/input_frame.ts";
import type { ClassSpec } from "../../image/class_spec.ts";

/** A model, described without its weights. */
export interface ModelInfo {
  /** What the server finds it by. */
  readonly id: string;
  /** Its name for people: the name of the run, or of the file. */
  readonly name: string;
  /** The address of its file, relative to the page. */
  readonly url: string;
  /** Bytes of the file. */
  readonly byteLength: number;
  /** SHA-256 of the file, in hexadecimal digits; null if nobody has computed it. */
  readonly sha256: string | null;
  /** Its classes. */
  readonly classes: readonly ClassSpec[];
  /** Whether classes exclude each other. */
  readonly head: "sigmoid" | "softmax";
  /** Width that images are resized to, and height unless that is given. */
  readonly size: number;
  /** Height that images are resized to; absent for that of a square. */
  readonly height?: number;
  /** How images fit the input; absent for `stretch`. */
  readonly fit?: Fit;
  /** Width and height of the windows in which images are read; absent for whole images. */
  readonly patch?: number;
  /** Their resolution relative to the images' own; absent for 1. */
  readonly scale?: number;
  /** Filters of the first level. */
  readonly filters: number;
  /** How often the network halves its images; absent for 5. */
  readonly depth?: number;
  /** Number of parameters. */
  readonly parameters: number;
  /** The type of its weights. */
  readonly precision: "f32" | "f16";
  /** The probability above which a pixel is foreground. */
  readonly threshold: number;
  /** The training recipe; null if unknown. */
  readonly recipe: string | null;
  /** The epoch of its weights; null if unknown. */
  readonly epoch: number | null;
  /** Dice of that epoch on the validation images; null if unknown. */
  readonly dice: number | null;
  /** When the file was written, as ISO 8601; null if unknown. */
  readonly trained: string | null;
}

/** The models of a board. */
export interface ModelList {
  /** The newest first; the one that the board was started with is the first of all. */
  readonly models: readonly ModelInfo[];
  /** Models that cannot be read, and why. */
  readonly problems: readonly { readonly name: string; readonly message: string }[];
}
