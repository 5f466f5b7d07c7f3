/**
 * The interface of tracking backends: TensorBoard's file, SwanLab's offline run, SwanLab's server.
 *
 * @module
 */
import type { SwanLabOnlineOptions } from "./swanlab_online.ts";

/** How a run ended. */
export type RunState = "finished" | "crashed" | "aborted";

/** Named numbers of one epoch, NaN where undefined; a name may have sections, as in `train/loss`. */
export type Metrics = Readonly<Record<string, number>>;

/** The configuration of a run, as plain JSON. */
export type RunConfig = Readonly<Record<string, unknown>>;

/** The identity and configuration of a run. */
export interface TrackedRun {
  /** Stable over resumes: a run that is uploaded twice under one id is one experiment. */
  readonly runId: string;
  /** The name of the project. */
  readonly project: string;
  /** The team or user; empty for the owner of the key. */
  readonly workspace: string;
  /** The name of the experiment. */
  readonly name: string;
  /** A line about the experiment; may be empty. */
  readonly description: string;
  /** The configuration. */
  readonly config: RunConfig;
  /** When the run was first started. */
  readonly startedAt: Date;
}

/** An image of a run. */
export interface TrackedImage {
  /** Its name; images of the same name form a series over the steps. */
  readonly name: string;
  /** Its epoch. */
  readonly step: number;
  /** The encoded PNG file. */
  readonly png: Uint8Array;
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
  /** Its caption. */
  readonly caption: string;
}

/** A text (Markdown) of a run. */
export interface TrackedText {
  /** Its name; texts of the same name form a series over the steps. */
  readonly name: string;
  /** Its epoch. */
  readonly step: number;
  /** The text. */
  readonly text: string;
}

/** The end of a run. */
export interface RunEnd {
  /** How it ended. */
  readonly state: RunState;
  /** Why it crashed or was aborted; may be empty. */
  readonly message: string;
  /** When. */
  readonly time: Date;
  /** The last logged epoch, 0 without any. */
  readonly step: number;
}

/** Something that records a run. Calls come one at a time, and steps never decrease. */
export interface TrackingBackend {
  /** Its name in messages. */
  readonly name: string;
  /** The last step whose numbers it has, -1 without any; it is given all later ones of the log. */
  readonly lastStep: number;
  /** The command that uploads what it recorded, if it needs one. */
  readonly uploadCommand?: string;
  /** Records the numbers of one epoch. */
  scalars(step: number, metrics: Metrics, time: Date): Promise<void>;
  /** Records an image. */
  image(image: TrackedImage, time: Date): Promise<void>;
  /** Records a text. */
  text(text: TrackedText, time: Date): Promise<void>;
  /** Records the end of the run and closes. */
  finish(end: RunEnd): Promise<void>;
}

/** Options of `openTracker`. */
export interface TrackerOptions {
  /** The folder of the run, `runs/NAME`; created if it is missing. */
  readonly runFolder: string;
  /** The id of the run, kept over resumes; `createRunId` makes one. */
  readonly runId: string;
  /** The name of the project at SwanLab. */
  readonly project: string;
  /** The configuration of the run: any JSON. File paths in its texts are replaced. */
  readonly config: object;
  /** When the run was first started, also if it is resumed. */
  readonly startedAt: Date;
  /** Whether to write TensorBoard's file to `tb/`. */
  readonly tensorboard: boolean;
  /** SwanLab: an offline run in `swanlog/` only, an offline run and a server, or neither. */
  readonly swanlab: "offline" | "online" | "off";
  /** The server and the key for `online`. */
  readonly online?: SwanLabOnlineOptions | undefined;
  /** The name of the experiment; defaults to the run id. */
  readonly name?: string | undefined;
  /** A line about the experiment. */
  readonly description?: string | undefined;
  /** SwanLab's team or user; defaults to the owner of the key. */
  readonly workspace?: string | undefined;
  /** Resumes a run: the last epoch to keep; everything recorded after it is removed. */
  readonly resume?: number | undefined;
  /** Receives notes for the user: where the run is shown, what could not be recorded. */
  readonly onNote?: ((message: string) => void) | undefined;
}

/** What a backend is opened with. */
export interface OpenBackendRequest {
  /** The run, without file paths in its configuration. */
  readonly run: TrackedRun;
  /** The options of the tracker. */
  readonly options: TrackerOptions;
  /** Receives notes for the user. */
  readonly onNote: (message: string) => void;
}

/** Opens a backend for a run; null if the options do not ask for it. */
export type OpenBackend = (request: OpenBackendRequest) => Promise<TrackingBackend | null>;
