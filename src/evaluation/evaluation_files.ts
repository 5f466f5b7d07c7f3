/**
 * Writes the files of an evaluation.
 *
 * @module
 */
import { join } from "node:path";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { type EvaluationNames, evaluationNames } from "../fs/layout.ts";
import { removeFile } from "../fs/paths.ts";
import type { Sample } from "../dataset/samples.ts";
import { encodeRgbPng } from "../image/encode.ts";
import type { ImagePredictor } from "../prediction/predictor.ts";
import { AUDIT_REASONS, type AuditFinding } from "./audit.ts";
import { type CaseImages, casesDocument, drawCase } from "./case_images.ts";
import { type Case, rankedCases, spreadByName } from "./cases.ts";
import { formatCsv } from "../csv_text.ts";
import type { InputExtents } from "../image/input_frame.ts";
import { comparedSize } from "./compared_masks.ts";
import { CLASS_LINES } from "./class_panels.ts";
import { formatClasses } from "./class_text.ts";
import { formatScores } from "./csv.ts";
import { drawSamples, type FigureKind, type FigureSample, type PredictedSample } from "./figures.ts";
import { reportDocument } from "./report_json.ts";
import type { EvaluationReport } from "./run_evaluation.ts";
import type { ImageScore } from "./image_score.ts";

/** The paths of the files of an evaluation; null for those that do not apply. */
export interface EvaluationFiles {
  /** All numbers. */
  readonly json: string;
  /** One row per image, as a table. */
  readonly csv: string | null;
  /** One row per class, as a table; absent for one class. */
  readonly classesCsv?: string | null;
  /** Eight images with true and predicted masks, drawn like the original. */
  readonly predictions: string | null;
  /** The worst, median and best images. */
  readonly cases: string | null;
  /** The annotations that the model contradicts, as a table. */
  readonly auditCsv: string | null;
  /** The strongest of them, drawn. */
  readonly auditFigure: string | null;
}

/** Options of {@linkcode writeEvaluation}. */
export interface WriteEvaluationOptions {
  /** The output folder. */
  readonly output: string;
  /** The description of model and device in the JSON file. */
  readonly provenance: Readonly<Record<string, unknown>>;
  /** The maximum number of findings in the audit figure; defaults to {@linkcode AUDIT_SAMPLES}. */
  readonly auditSamples?: number | undefined;
}

/** Images in the original's figure. */
const FIGURE_SAMPLES = 8;

/** The default maximum number of findings in the audit figure. */
export const AUDIT_SAMPLES = 16;

/**
 * Writes tables and figures, and the JSON file last. Removes files of an earlier evaluation that this one does not
 * write.
 */
export async function writeEvaluation(
  predictor: ImagePredictor,
  samples: readonly Sample[],
  report: Omit<EvaluationReport, "files">,
  { output, provenance, auditSamples = AUDIT_SAMPLES }: WriteEvaluationOptions,
): Promise<EvaluationFiles> {
  const { split, scores, audit, settings: { threshold } } = report;
  const lines = predictor.classes > 1 ? CLASS_LINES : LEGEND;
  const names = evaluationNames(split);
  const at = (name: keyof EvaluationNames) => join(output, names[name]);
  const write = async (path: string, content: string | Uint8Array | null): Promise<string | null> => {
    if (content === null) await removeFile(path);
    else await writeFileAtomic(path, content);
    return content === null ? null : path;
  };
  const draw = async (
    kind: FigureKind,
    title: string,
    chosen: readonly FigureSample[],
    onSample?: (sample: PredictedSample) => Promise<void>,
  ) =>
    chosen.length === 0
      ? null
      : await encodeRgbPng(await drawSamples(predictor, chosen, { kind, title, threshold, onSample }));
  const ranked = rankedCases(scores);
  const cases: CaseImages[] = [];
  const drawRanked = async (sample: PredictedSample) => {
    const { index, rank } = ranked[cases.length]!;
    cases.push(await drawCase(predictor, sample, { rank, score: scores[index]!, threshold }));
  };
  const files: EvaluationFiles = {
    json: at("json"),
    csv: await write(at("csv"), scores.length === 0 ? null : formatScores(scores)),
    ...(predictor.classes > 1 && { classesCsv: await write(at("classesCsv"), classesTable(report.summary)) }),
    predictions: await write(
      at("predictions"),
      await draw("prediction", `${split}: ${PREDICTIONS_TITLE} ${lines}`, spreadSamples(samples, scores)),
    ),
    cases: await write(
      at("cases"),
      await draw(
        "prediction",
        `${split}: ${CASES_TITLE} ${lines}`,
        caseSamples(samples, scores, ranked),
        drawRanked,
      ),
    ),
    auditCsv: await write(at("auditCsv"), audit && formatFindings(audit, samples, predictor.description)),
    auditFigure: await write(
      at("auditFigure"),
      await draw(
        "audit",
        `${split}: ${report.data.annotated ? AUDIT_TITLE : UNLABELED_TITLE}`,
        findingSamples(samples, (audit ?? []).slice(0, auditSamples), predictor.classNames),
      ),
    ),
  };
  const images = casesDocument(predictor, split, cases);
  await write(at("caseImages"), images && `${JSON.stringify(images)}\n`);
  const document = reportDocument({ ...report, files }, provenance);
  await writeFileAtomic(files.json, `${JSON.stringify(document, null, 2)}\n`);
  return files;
}

const LEGEND = "(orange line: predicted, blue line: annotated)";
const PREDICTIONS_TITLE = "images spread evenly over all by name";
const CASES_TITLE = "worst, median and best images by Dice";
const AUDIT_TITLE = `where the model contradicts the annotation most ${LEGEND}`;
const UNLABELED_TITLE =
  "not annotated; where the model is most certain of foreground (orange line: predicted)";

function spreadSamples(samples: readonly Sample[], scores: readonly ImageScore[]): FigureSample[] {
  return spreadByName(scores.map(({ name }) => name), FIGURE_SAMPLES)
    .map((index) => ({ sample: samples[index]!, name: scores[index]!.name, note: diceOf(scores[index]!) }));
}

function caseSamples(
  samples: readonly Sample[],
  scores: readonly ImageScore[],
  ranked: readonly Case[],
): FigureSample[] {
  return ranked.map(({ index, rank }) => ({
    sample: samples[index]!,
    name: scores[index]!.name,
    note: `${rank}: ${diceOf(scores[index]!)}`,
  }));
}

function diceOf({ metrics: { dice }, classes }: ImageScore): string {
  return dice === null ? "both empty" : `overlay, ${classes ? "mean " : ""}Dice ${dice.toFixed(3)}`;
}

/** The table of classes; null without annotations. */
function classesTable(summary: EvaluationReport["summary"]): string | null {
  return summary?.classes && summary.classMeans ? formatClasses(summary.classes, summary.classMeans) : null;
}

function findingSamples(
  samples: readonly Sample[],
  findings: readonly AuditFinding[],
  classNames: readonly string[],
): FigureSample[] {
  const byName = new Map(samples.map((sample) => [sample.fileName, sample]));
  return findings.map(({ name, class: className, kind, score }, index) => ({
    sample: byName.get(name)!,
    name: `${index + 1}. ${name}`,
    note: `${className === undefined ? "" : `${className}: `}${kind}, score ${score.toFixed(3)}`,
    class: className === undefined ? undefined : classNames.indexOf(className),
  }));
}

/** The findings as a table, strongest first; boxes are in pixels of the image file. */
function formatFindings(
  findings: readonly AuditFinding[],
  samples: readonly Sample[],
  extents: InputExtents,
): string {
  const byName = new Map(samples.map((sample) => [sample.fileName, sample]));
  const several = findings.some((finding) => finding.class !== undefined);
  const rows = findings.map(({ name, class: className, score, kind, box, pixels, certainty }) => {
    const { width, height } = byName.get(name)!;
    const size = comparedSize(extents, { width, height });
    const [left, right] = [box.x, box.x + box.width].map((x) => Math.round(x * width / size.width));
    const [top, bottom] = [box.y, box.y + box.height].map((y) => Math.round(y * height / size.height));
    const share = pixels / (size.width * size.height);
    return [
      name,
      ...(several ? [className ?? null] : []),
      score,
      kind,
      AUDIT_REASONS[kind],
      left!,
      top!,
      right! - left!,
      bottom! - top!,
      share,
      certainty,
    ];
  });
  const header = ["score", "kind", "reason", "x", "y", "width", "height", "share", "certainty"];
  return formatCsv([["picture", ...(several ? ["class"] : []), ...header], ...rows]);
}
