/**
 * What page and server tell each other about the dataset.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { AnnotationState, CorrectionClass, MaskRegion } from "./corrections.ts";

/** `GET api/dataset`: everything that is known without reading an image. */
export interface DatasetSummary {
  /** The folder, as it was given to the board. */
  readonly folder: string;
  readonly splits: readonly DatasetSplit[];
  /** The classes, and at the end what is ignored. */
  readonly classes: readonly CorrectionClass[];
}

/** A split of the dataset. */
export interface DatasetSplit {
  readonly name: string;
  /** `train`, `valid`, `test` or `other`. */
  readonly role: string;
  /** Whether it has annotations. */
  readonly annotated: boolean;
  readonly images: readonly DatasetImage[];
  /** Problems of its annotations that belong to none of the images. */
  readonly problems: readonly DatasetProblem[];
}

/** An image as its annotations describe it. */
export interface DatasetImage {
  readonly fileName: string;
  /** As listed; null if nothing lists it. */
  readonly width: number | null;
  readonly height: number | null;
  readonly state: AnnotationState;
  /** Annotations that can be drawn. */
  readonly annotations: number;
  /** Indices of the classes that it shows. */
  readonly classes: readonly number[];
  readonly problems: readonly DatasetProblem[];
}

/** A problem, as `inspect` reports it. */
export interface DatasetProblem {
  readonly kind: string;
  readonly message: string;
}

/** A problem of an image's file. */
export interface FileProblem extends DatasetProblem {
  readonly split: string;
  readonly fileName: string;
}

/** `GET api/dataset/survey`: what reading all image files found so far. */
export interface SurveyState {
  /** Changes when the survey starts again. */
  readonly id: number;
  readonly total: number;
  readonly done: number;
  /** Problems of files from number `from` of the query on. */
  readonly problems: readonly FileProblem[];
  /** Null until all images are read and compared. */
  readonly duplicates: Duplicates | null;
}

/** Images that show the same. */
export interface Duplicates {
  readonly pairs: readonly DuplicatePair[];
  /** False if there are more. */
  readonly complete: boolean;
}

/** Two files that show the same image. */
export interface DuplicatePair {
  readonly files: readonly [DuplicateFile, DuplicateFile];
  readonly reasons: readonly string[];
}

/** A file of a pair. */
export interface DuplicateFile {
  readonly split: string;
  readonly fileName: string;
}

/** `GET api/dataset/image/SPLIT/FILE`: what opening an image shows. */
export interface DatasetImageDetail {
  readonly width: number;
  readonly height: number;
  /** Its annotations, one mask per category; null if it has none that fit. */
  readonly regions: readonly MaskRegion[] | null;
  /** Why what is not annotated is not known to be background; null if it is. */
  readonly doubt: string | null;
}
