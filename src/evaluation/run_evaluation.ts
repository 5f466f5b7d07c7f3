/**
 * A whole evaluation: from a dataset's folder to numbers, tables and figures on the disk.
 *
 * @module
 */
import { prepareSplit } from "../dataset/prepare.ts";
import type { Problem } from "../coco/problems.ts";
import { readSplit, type Unannotated } from "../dataset/samples.ts";
import { findSplits, type Split } from "../dataset/splits.ts";
import { readUnlabelled } from "../dataset/unlabeled.ts";
import type { Predictor } from "../prediction/predictor.ts";
import type { AuditFinding } from "./audit.ts";
import type { Spacing } from "./distance_transform.ts";
import { evaluateSplit, type EvaluateSplitOptions } from "./evaluate.ts";
import type { SplitLoss } from "./loss.ts";
import { type EvaluationFiles, writeEvaluation } from "./evaluation_files.ts";
import type { EvaluationSummary, ImageScore } from "./summary.ts";

/** How {@linkcode runEvaluation} works. */
export interface RunEvaluationOptions extends EvaluateSplitOptions {
  /** The dataset's folder. */
  readonly dataFolder: string;
  /** The split, by its folder's name or its role (`train`, `valid`, `test`); `test` unless given. */
  readonly split?: string;
  /** What becomes of images without annotations; `empty` unless given. */
  readonly unannotated?: Unannotated;
  /** Folder for prepared images, or null for memory. */
  readonly cacheFolder: string | null;
  /** The folder that results go to. */
  readonly output: string;
  /** Most findings that an audit's figure shows; 16 unless given. */
  readonly auditSamples?: number | undefined;
  /** What the JSON file tells of model and device, besides the numbers. */
  readonly provenance?: Readonly<Record<string, unknown>>;
  /** Told after every image, where images are prepared. */
  readonly onPrepare?: ((done: number, total: number) => void) | undefined;
  /** Gets lines for the user. */
  readonly onNote?: ((note: string) => void) | undefined;
}

/** What a model is worth on a split, as it goes to the JSON file. */
export interface EvaluationReport {
  /** The split's role, or its folder's name where it has none. */
  readonly split: string;
  /** What was measured on. */
  readonly data: {
    /** Images. */
    readonly images: number;
    /** Whether the split has an annotation file. */
    readonly annotated: boolean;
    /** What became of its images without annotations. */
    readonly unannotated: Unannotated;
    /** SHA-256 of names, images and annotations. */
    readonly fingerprint: string;
    /** What was left out or is wrong. */
    readonly problems: readonly Problem[];
  };
  /** How it was measured. */
  readonly settings: {
    /** A pixel is predicted where its probability is above this. */
    readonly threshold: number;
    /** Pixels a side of the masks that are compared. */
    readonly size: number;
    /** Millimetres between the rows and the columns of the images' files; null for pixels. */
    readonly spacing: Spacing | null;
    /** Unit of the distances; pixels are those of the masks that are compared. */
    readonly unit: "px" | "mm";
  };
  /** The training's loss; null without annotations. */
  readonly loss: SplitLoss | null;
  /** All images; null without annotations. */
  readonly summary: EvaluationSummary | null;
  /** Each image; empty without annotations. */
  readonly scores: readonly ImageScore[];
  /** The annotations that the model contradicts, the strongest contradiction first; null unless asked for. */
  readonly audit: readonly AuditFinding[] | null;
  /** The paths of what was written. */
  readonly files: EvaluationFiles;
}

/**
 * Evaluates a model on a split and writes `SPLIT.json`, `SPLIT.csv` and the figures to a folder.
 *
 * A folder of images without annotation file can only be audited: every image is taken as free of tumors, and
 * those come first in which the model sees one.
 *
 * @throws {Error} where there is no such split, or it has no annotation file and no audit is asked for.
 * @throws {RangeError} where it has no usable images.
 */
export async function runEvaluation(
  predictor: Predictor,
  options: RunEvaluationOptions,
): Promise<EvaluationReport> {
  const { audit = false, unannotated = "empty", spacing } = options;
  const { size, normalize } = predictor.description;
  const split = chooseSplit(await findSplits(options.dataFolder), options.split ?? "test");
  const annotated = split.annotationFile !== null;
  if (!annotated && !audit) {
    throw new Error(
      `Cannot evaluate split ${JSON.stringify(split.name)}: its folder has no annotation file\n` +
        "hint: --audit ranks its images by what the model sees in them",
    );
  }
  const reading = annotated ? await readSplit(split, { unannotated }) : await readUnlabelled(split);
  // A folder that may not be written to is better known before the work than after it.
  await Deno.mkdir(options.output, { recursive: true });
  await using prepared = await prepareSplit(reading.samples, {
    size,
    normalize,
    cacheFolder: options.cacheFolder,
    onProgress: options.onPrepare,
    onNote: options.onNote,
  });
  const { scores, summary, loss, findings } = await evaluateSplit(predictor, prepared, options);
  const report: Omit<EvaluationReport, "files"> = {
    split: labelOf(split),
    data: {
      images: prepared.count,
      annotated,
      unannotated,
      fingerprint: prepared.fingerprint,
      problems: [...reading.problems, ...prepared.problems],
    },
    settings: {
      threshold: options.threshold ?? predictor.description.threshold,
      size,
      spacing: spacing ?? null,
      unit: spacing ? "mm" : "px",
    },
    loss: annotated ? loss : null,
    summary: annotated ? summary : null,
    scores: annotated ? scores : [],
    audit: audit ? findings : null,
  };
  const { output, provenance = {}, auditSamples } = options;
  const files = await writeEvaluation(predictor, prepared.samples, report, {
    output,
    provenance,
    auditSamples,
  });
  return { ...report, files };
}

/** The split of this folder's name or role. */
function chooseSplit(splits: readonly Split[], name: string): Split {
  const split = splits.find((split) => split.name === name) ?? splits.find((split) => split.role === name);
  if (split !== undefined) return split;
  throw new Error(
    `Cannot find the split ${JSON.stringify(name)}: the dataset has ` +
      splits.map((split) => JSON.stringify(split.name)).join(", "),
  );
}

function labelOf({ name, role }: Split): string {
  return role === "other" ? name : role;
}
