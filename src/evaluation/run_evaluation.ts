/**
 * A whole evaluation: from a dataset folder to numbers, tables and figures on the disk.
 *
 * @module
 */
import { join } from "node:path";
import { prepareSplit } from "../dataset/prepare.ts";
import type { PreparedSource, PreparedSplit } from "../dataset/prepared_split.ts";
import type { Problem } from "../coco/problems.ts";
import { assertAnnotated, type Unannotated } from "../dataset/samples.ts";
import { openSplit } from "../dataset/source_registry.ts";
import { findSplits, type Split } from "../dataset/splits.ts";
import { readUnlabeled } from "../dataset/unlabeled.ts";
import { decisionThreshold } from "../prediction/class_masks.ts";
import { type AppearanceSummary, summarizeAppearance } from "./appearance_summary.ts";
import { bindModels, type HeldOut } from "./bind_models.ts";
import type { ImagePredictor } from "../prediction/predictor.ts";
import type { AuditFinding } from "./audit.ts";
import type { Spacing } from "./distance_transform.ts";
import { evaluateSplit, type EvaluateSplitOptions, type SplitEvaluation } from "./evaluate_split.ts";
import type { SplitLoss } from "./split_loss.ts";
import { type EvaluationFiles, writeEvaluation } from "./evaluation_files.ts";
import type { ImageScore } from "./image_score.ts";
import { mapClasses, readForModel, targetsOf } from "./model_classes.ts";
import { type Head, headOf } from "../unet/config.ts";
import { evaluationNames } from "../fs/layout.ts";
import { isAtOwnSize } from "../image/input_frame.ts";
import { removeTree } from "../fs/paths.ts";
import { type MapDescription, type StoredMaps, type StoreMaps, storingMaps } from "./map_storage.ts";
import type { SharedWork } from "../ranks/share.ts";
import { evaluateShared, type SharedEvaluationOptions } from "./shared_evaluation.ts";
import type { EvaluationSummary } from "./summary.ts";

/** Options of {@linkcode runEvaluation}. */
export interface RunEvaluationOptions extends Omit<EvaluateSplitOptions, "onMaps"> {
  /** The folder of the dataset. */
  readonly dataFolder: string;
  /** The split, by folder name or role (`train`, `valid`, `test`); defaults to `test`. */
  readonly split?: string;
  /** How images without annotations are treated; defaults to `empty`. */
  readonly unannotated?: Unannotated;
  /** The folder for prepared images, or null to keep them in memory. */
  readonly cacheFolder: string | null;
  /** The output folder. */
  readonly output: string;
  /** The maximum number of findings in the audit figure; defaults to 16. */
  readonly auditSamples?: number | undefined;
  /** Whether to store probability maps, which the results page shows; defaults to false. */
  readonly maps?: boolean;
  /**
   * Of the models of a cross-validation, which one has not seen an image: it alone predicts that. All models predict the
   * images that none has seen.
   */
  readonly heldOut?: HeldOut | undefined;
  /** SHA-256 of the model's file, which the maps name. */
  readonly modelHash?: string | undefined;
  /** The description of model and device in the JSON file. */
  readonly provenance?: Readonly<Record<string, unknown>>;
  /** Called after every prepared image. */
  readonly onPrepare?: ((done: number, total: number) => void) | undefined;
  /** Receives notes for the user. */
  readonly onNote?: ((note: string) => void) | undefined;
}

/** What an evaluated image and its mask are. */
export interface EvaluatedSource extends PreparedSource {
  /** The name of its split. */
  readonly split: string;
  /** Its path in the split's folder. */
  readonly fileName: string;
}

/** The result of an evaluation; {@linkcode reportDocument} makes its JSON document. */
export interface EvaluationReport {
  /** The role of the split, or its folder name if it has none. */
  readonly split: string;
  /** The data. */
  readonly data: {
    /** The number of images. */
    readonly images: number;
    /** Whether the split has an annotation file. */
    readonly annotated: boolean;
    /** How images without annotations were treated. */
    readonly unannotated: Unannotated;
    /** SHA-256 of names, images and annotations. */
    readonly fingerprint: string;
    /** What was left out or is invalid. */
    readonly problems: readonly Problem[];
    /** Images that only the model of a cross-validation predicted that had not seen them; absent for none. */
    readonly heldOut?: number;
  };
  /** The settings. */
  readonly settings: {
    /** The probability above which a pixel is foreground; null for the most probable of several classes. */
    readonly threshold: number | null;
    /** Width and height of the network's input, at which masks are compared unless `compared` says otherwise. */
    readonly size: number;
    /** Its height; absent for that of a square. */
    readonly height?: number;
    /** `image`: masks are compared at each image's own size; absent for the network's. */
    readonly compared?: "image";
    /** Millimeters between rows and between columns of the image files; null for pixels. */
    readonly spacing: Spacing | null;
    /** The unit of distances; pixels are those of the compared masks. */
    readonly unit: "px" | "mm";
    /** How several classes are told apart; absent for one. */
    readonly head?: Head;
  };
  /** The training loss; null without annotations. */
  readonly loss: SplitLoss | null;
  /** The scores of the split; null without annotations. */
  readonly summary: EvaluationSummary | null;
  /** How many images do not look like the training images; absent if the model's file does not tell. */
  readonly appearance?: AppearanceSummary;
  /** The scores of each image; empty without annotations. */
  readonly scores: readonly ImageScore[];
  /** Annotations that the model contradicts, strongest contradiction first; null unless asked for. */
  readonly audit: readonly AuditFinding[] | null;
  /** The stored probability maps, if any. Not part of the JSON document. */
  readonly maps?: StoredMaps;
  /** The hashes of image files and masks, in the order of the images. Not part of the JSON document. */
  readonly sources?: readonly EvaluatedSource[];
  /** The paths of the written files. */
  readonly files: EvaluationFiles;
}

/**
 * Evaluates a model on a split and writes `SPLIT.json`, `SPLIT.csv` and the figures to a folder.
 *
 * A folder of images without an annotation file can only be audited: every image counts as background only, and those
 * in which the model finds foreground come first.
 *
 * @throws {Error} if the split does not exist, or has no annotation file and no audit is asked for
 * @throws {RangeError} if it has no usable images
 */
export async function runEvaluation(
  predictor: ImagePredictor,
  options: RunEvaluationOptions,
): Promise<EvaluationReport> {
  return (await runEvaluationOnRanks(predictor, options, null))!;
}

/**
 * The same with the work shared: the first rank writes the files that a single one writes, and gets the report; the
 * others get null. Every rank must call it.
 *
 * @throws as {@linkcode runEvaluation}
 */
export async function runEvaluationOnRanks(
  predictor: ImagePredictor,
  options: RunEvaluationOptions,
  shared: SharedWork | null,
): Promise<EvaluationReport | null> {
  const { audit = false, unannotated = "empty", spacing } = options;
  const { size, height, fit, patch, scale, normalize, range = null } = predictor.description;
  const extents = { size, height, fit, patch, scale };
  const split = chooseSplit(await findSplits(options.dataFolder), options.split ?? "test");
  if (split.annotationFile === null && !audit) {
    throw new Error(
      `Cannot evaluate split ${
        JSON.stringify(split.name)
      }: its folder has no annotation file\nhint: ${AUDIT}`,
    );
  }
  // An audit takes a split in which nothing is annotated as what it is: a folder of images.
  const listing = split.annotationFile === null ? null : await openSplit(split);
  const annotated = listing !== null && (!audit || listing.images.some(({ state }) => state === "annotated"));
  const reading = annotated
    ? await readForModel(predictor, split, listing, unannotated)
    : await readUnlabeled(split);
  if ("listing" in reading) assertAnnotated(reading, reading.samples, NOT_ANNOTATED);
  // Fails before the work rather than after it if the folder cannot be written.
  await Deno.mkdir(options.output, { recursive: true });
  await using prepared = await prepareSplit(reading.samples, {
    ...extents,
    normalize,
    targets: targetsOf(predictor),
    range,
    cacheFolder: options.cacheFolder,
    onProgress: options.onPrepare,
    onNote: options.onNote,
    ranks: shared?.ranks,
  });
  if ("listing" in reading) {
    assertAnnotated(reading, prepared.samples, NOT_ANNOTATED);
    for (const note of reading.notes) options.onNote?.(`${split.name}: ${note}`);
  }
  const threshold = decisionThreshold(predictor.description, options.threshold);
  const names = evaluationNames(labelOf(split));
  const mapsFolder = join(options.output, names.maps);
  const description: MapDescription = {
    split: labelOf(split),
    size,
    ...(extents.height === undefined ? {} : { height: extents.height }),
    ...(isAtOwnSize(extents) ? { compared: "image" as const } : {}),
    head: headOf(predictor.description.network),
    threshold,
    ...mapClasses(predictor.description),
    data: prepared.fingerprint,
    model: options.modelHash ?? null,
  };
  const maps = options.maps ? { folder: mapsFolder, description } : null;
  const targets = targetsOf(predictor);
  await using bound = await bindModels(
    predictor,
    prepared,
    { targets, cacheFolder: options.cacheFolder, onNote: options.onNote, ranks: shared?.ranks },
    options.heldOut,
  );
  if (bound.heldOut > 0) {
    options.onNote?.(
      `${bound.heldOut} of ${prepared.count} images are of the run's own dataset: each is predicted by the model of ` +
        "the fold that has not seen it",
    );
  }
  const evaluated = shared === null
    ? await evaluateAlone(bound.predictor, prepared, options, maps)
    : await evaluateShared(bound.predictor, prepared, {
      ...options,
      ...shared,
      maps,
      ledger: join(options.output, names.ledger),
      settings: [options.provenance, threshold, spacing, audit],
    });
  if (evaluated === null) return null;
  const { result: { scores, summary, loss, findings }, stored } = evaluated;
  if (stored === null) await removeTree(mapsFolder);
  const appearance = summarizeAppearance(scores, predictor.description);
  const report: Omit<EvaluationReport, "files"> = {
    split: labelOf(split),
    data: {
      images: prepared.count,
      annotated,
      unannotated,
      fingerprint: prepared.fingerprint,
      problems: [...reading.problems, ...prepared.problems],
      ...(bound.heldOut > 0 && { heldOut: bound.heldOut }),
    },
    settings: {
      threshold,
      size,
      ...(height === undefined ? {} : { height }),
      ...(isAtOwnSize(extents) ? { compared: "image" as const } : {}),
      spacing: spacing ?? null,
      unit: spacing ? "mm" : "px",
      ...(predictor.classes > 1 && { head: headOf(predictor.description.network) }),
    },
    loss: annotated ? loss : null,
    summary: annotated ? summary : null,
    ...(appearance && { appearance }),
    scores: annotated ? scores : [],
    audit: audit ? findings : null,
    ...(stored !== null && { maps: stored }),
    sources: prepared.sources.map((source, index) => {
      const { split, fileName } = prepared.samples[index]!;
      return { ...source, split, fileName };
    }),
  };
  const { output, provenance = {}, auditSamples } = options;
  const files = await writeEvaluation(bound.predictor, prepared.samples, report, {
    output,
    provenance,
    auditSamples,
  });
  return { ...report, files };
}

async function evaluateAlone(
  predictor: ImagePredictor,
  prepared: PreparedSplit,
  options: EvaluateSplitOptions,
  maps: SharedEvaluationOptions["maps"],
): Promise<{ result: SplitEvaluation; stored: StoredMaps | null }> {
  const evaluate = (onMaps?: StoreMaps) => evaluateSplit(predictor, prepared, { ...options, onMaps });
  if (maps === null) return { result: await evaluate(), stored: null };
  return await storingMaps(maps.folder, maps.description, evaluate);
}

const AUDIT = "--audit ranks its images by what the model finds in them";

const NOT_ANNOTATED = { action: "evaluate", hint: AUDIT };

/** The split with this folder name, or else with this role. */
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
