/**
 * What page and server tell each other about evaluations.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { AuditFinding } from "../../evaluation/audit.ts";
import type { LesionCounts } from "../../evaluation/image_score.ts";
import type { MapIndex } from "../../evaluation/map_index.ts";
import type { MaskMetrics } from "../../evaluation/metrics.ts";
import type { OverlapMetrics, PixelCounts } from "../../evaluation/pixel_counts.ts";
import type { Head } from "../../unet/config.ts";
import type { MaskRegion } from "./corrections.ts";

/** An evaluation in the list of all: `GET api/results`. */
export interface EvaluationEntry {
  /** The folder of the run, or of a model that no run wrote. */
  readonly run: string;
  readonly split: string;
  readonly images: number;
  /** Whether the split has annotations; if not, it can only be audited. */
  readonly annotated: boolean;
  /** Over all pixels; null if undefined or not annotated. */
  readonly dice: number | null;
  /** The mean over the images with foreground. */
  readonly meanDice: number | null;
  /** Findings of the audit; null if there was none. */
  readonly findings: number | null;
  /** Whether its probability maps are stored. */
  readonly hasMaps: boolean;
  /** When it was written, as ISO 8601. */
  readonly time: string;
}

/** The scores of an image, or of one of its classes, as the JSON file of the evaluation has them. */
export interface ResultScore {
  readonly metrics: MaskMetrics;
  readonly pixels: PixelCounts;
  readonly lesions: LesionCounts;
}

/** The scores of an image. */
export interface ImageResult extends ResultScore {
  readonly name: string;
  /** By class, if there are several. */
  readonly classes?: Readonly<Record<string, ResultScore>>;
}

/** An evaluation: `GET api/results/RUN/SPLIT`. */
export interface EvaluationResults {
  readonly run: string;
  readonly split: string;
  /** When it was written, as ISO 8601. */
  readonly time: string;
  readonly annotated: boolean;
  readonly settings: {
    /** Null for the most probable of several classes. */
    readonly threshold: number | null;
    /** Width and height of the compared masks in pixels, unless `compared` says otherwise. */
    readonly size: number;
    /** Height of the compared masks; absent for that of a square. */
    readonly height?: number;
    /** `image`: masks are compared at each image's own size. */
    readonly compared?: "image";
    /** Millimeters between rows and between columns of the image files; null for pixels. */
    readonly spacing: readonly [number, number] | null;
    readonly unit: "px" | "mm";
    readonly head?: Head;
  };
  /** Metrics over all pixels; null without annotations. */
  readonly pooled: OverlapMetrics | null;
  /** The accuracy of an empty prediction. */
  readonly baselineAccuracy: number | null;
  /** By class, if there are several. */
  readonly pooledByClass: Readonly<Record<string, OverlapMetrics>> | null;
  /** The images in the order of the evaluation; none without annotations. */
  readonly scores: readonly ImageResult[];
  /** What the audit found, strongest first; null if there was none. Boxes are in pixels of the compared masks. */
  readonly findings: readonly AuditFinding[] | null;
  /** The stored maps; null if there are none. */
  readonly maps: MapIndex | null;
}

/** How an evaluation relates to what there is now: `GET api/results/RUN/SPLIT/state`. */
export interface EvaluationState {
  /** Whether the run's model is the evaluated one. */
  readonly model: "same" | "changed" | "missing" | "unknown";
  /** The split's name in the dataset that the page shows; null if this dataset does not have these images. */
  readonly datasetSplit: string | null;
  /** The dataset's folder, as it was given. */
  readonly dataset: string;
  /** Whether this is the dataset whose masks the board corrects; it may be the run's own, which it does not. */
  readonly canCorrect: boolean;
  /** Whether its annotations were written after the evaluation. */
  readonly annotationsNewer: boolean;
  /** Images of the evaluation that the dataset has not. */
  readonly missingImages: number;
}

/** The present annotation of an image at its own size: `GET api/results/RUN/SPLIT/truth/FILE`. */
export interface ImageTruth {
  readonly width: number;
  readonly height: number;
  /** By the classes of the evaluation, in their order. */
  readonly regions: readonly MaskRegion[];
  /** Pixels that count in nothing; null for none. */
  readonly ignored: MaskRegion["rle"] | null;
}
