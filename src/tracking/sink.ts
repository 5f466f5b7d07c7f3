/**
 * What every place that a run is tracked in takes: TensorBoard's files, SwanLab's files, SwanLab's server.
 *
 * @module
 */

/** How a run ended. */
export type RunState = "finished" | "crashed" | "aborted";

/** Named numbers of one epoch; a name may have sections, as in `train/loss`. NaN where undefined. */
export type Metrics = Readonly<Record<string, number>>;

/** A run's configuration after a round through JSON. */
export type Config = Readonly<Record<string, unknown>>;

/** One image of a run. */
export interface TrackedImage {
  /** Its name; images of one name form a series over the steps. */
  readonly name: string;
  /** The epoch that it belongs to. */
  readonly step: number;
  /** The encoded PNG file. */
  readonly png: Uint8Array;
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
  /** A line shown under it. */
  readonly caption: string;
}

/** One text (Markdown) of a run. */
export interface TrackedText {
  /** Its name; texts of one name form a series over the steps. */
  readonly name: string;
  /** The epoch that it belongs to. */
  readonly step: number;
  /** The text. */
  readonly text: string;
}

/** The end of a run. */
export interface RunEnd {
  /** How it ended. */
  readonly state: RunState;
  /** Why it crashed or was aborted; empty where there is nothing to say. */
  readonly message: string;
  /** When. */
  readonly time: Date;
  /** The last epoch that was logged, 0 when none was. */
  readonly step: number;
  /** Its numbers. */
  readonly metrics: Metrics;
}

/** A place that a run is tracked in. Calls come one at a time, steps never fall. */
export interface Sink {
  /** Its name for messages. */
  readonly name: string;
  /** The last step whose numbers it holds, -1 when none: it is given the log's later ones, missed ones included. */
  readonly lastStep: number;
  /** Takes the numbers of one epoch. */
  scalars(step: number, metrics: Metrics, time: Date): Promise<void>;
  /** Takes an image. */
  image(image: TrackedImage, time: Date): Promise<void>;
  /** Takes a text. */
  text(text: TrackedText, time: Date): Promise<void>;
  /** Takes the end of the run and closes. */
  finish(end: RunEnd): Promise<void>;
}
