/**
 * Runs, as server and page exchange them. This module is browser compatible.
 *
 * @module
 */

/**
 * What a run is doing:
 * - `running`: a process holds it, and has given a sign of life within the last five seconds;
 * - `finished`: all epochs are done, or early stopping ended it;
 * - `stopped`: its process saved it within an epoch and ended, as after Ctrl-C;
 * - `crashed`: its process ended in any other way;
 * - `unknown`: its files cannot be read.
 */
export type RunState = "running" | "finished" | "stopped" | "crashed" | "unknown";

/** A line of a run's log. */
export interface EpochLine {
  readonly epoch: number;
  /** When the epoch ended, ISO 8601; null if the line does not say it. */
  readonly time: string | null;
  /** By name; null where not defined. */
  readonly metrics: Readonly<Record<string, number | null>>;
}

/** A run in a table. */
export interface RunSummary {
  /** Its folder's name. */
  readonly name: string;
  readonly state: RunState;
  /** The state in words, such as what ended the run. */
  readonly reason: string;
  /** What in the folder cannot be read; empty if nothing. */
  readonly problems: readonly string[];
  readonly recipe: string | null;
  /** Finished epochs. */
  readonly epoch: number;
  /** The most there will be. */
  readonly epochs: number | null;
  /** The highest Dice of the validation split, and its epoch. */
  readonly bestDice: number | null;
  readonly bestDiceEpoch: number | null;
  /** The lowest loss of the validation split, and its epoch: the weights that the run keeps. */
  readonly bestLoss: number | null;
  readonly bestLossEpoch: number | null;
  /** Seconds of all finished epochs. */
  readonly seconds: number | null;
  /**
   * Seconds from the end of the last finished epoch to that of the last one, unless early stopping ends the run; null
   * unless it is running.
   */
  readonly secondsLeft: number | null;
  /** Of the last epoch. */
  readonly samplesPerSecond: number | null;
  /** Bytes of device memory, as planned. */
  readonly memoryBytes: number | null;
  /** When the first epoch began, and the last one ended, ISO 8601. */
  readonly started: string | null;
  readonly updated: string | null;
}

/** All runs. */
export interface RunList {
  /** The folder. */
  readonly folder: string;
  readonly runs: readonly RunSummary[];
}

/** A validation sample as it was predicted after an epoch. */
export interface RunSample {
  /** From 1 on. */
  readonly sample: number;
  readonly epoch: number;
  /** Its file; changes with its content. */
  readonly file: string;
  readonly version: string;
}

/** A run as a whole: what the stream of its events begins with, and what replaces it when the run was started again. */
export interface RunDetail {
  readonly summary: RunSummary;
  /** The settings; null if they cannot be read. */
  readonly config: Readonly<Record<string, unknown>> | null;
  /** The log, in its order; an epoch that was trained again is in it twice, and the last one counts. */
  readonly lines: readonly EpochLine[];
  readonly samples: readonly RunSample[];
}

/** The event `problem` of every stream: why the server could not look; null when it could again. */
export interface StreamProblem {
  readonly error: string | null;
}
