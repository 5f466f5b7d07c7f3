/**
 * The folder of a run as its report reads it: settings, log, checkpoint and an evaluation, without training anything.
 *
 * @module
 */
import { join } from "node:path";
import { CASES_FORMAT, type CasesDocument } from "../../src/evaluation/case_images.ts";
import { rankedCases } from "../../src/evaluation/cases.ts";
import type { ImageScore } from "../../src/evaluation/image_score.ts";
import { reportDocument } from "../../src/evaluation/report_json.ts";
import { summarize } from "../../src/evaluation/summary.ts";
import { evaluationNames, RUN_FILES } from "../../src/fs/layout.ts";
import { completeTrainConfig } from "../../src/training/recipe.ts";
import type { TrainConfig } from "../../src/training/train_config.ts";
import { exampleScores } from "./evaluation.ts";

/** A JPEG of a pixel. */
export const JPEG =
  "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAA//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AR//Z";

/** What {@linkcode writeRunRecords} writes. */
export interface RunRecordsOptions {
  /** Settings other than the original's. */
  readonly settings?: Partial<TrainConfig>;
  /** Epochs of the log; defaults to 6, and 0 writes none. */
  readonly epochs?: number;
  /** The splits that were evaluated; default to `test`. */
  readonly splits?: readonly string[];
  /** The scores of an evaluation; default to {@linkcode exampleScores}. */
  readonly scores?: readonly ImageScore[];
  /** A JPEG in base64 of every panel of its cases. */
  readonly jpeg?: string;
  /** Names and colors of several classes. */
  readonly classes?: CasesDocument["classes"];
}

/** Writes `config.json`, `metrics.jsonl` and evaluations to `folder`. */
export async function writeRunRecords(folder: string, options: RunRecordsOptions = {}): Promise<void> {
  const { settings, epochs = 6, splits = ["test"] } = options;
  await Deno.mkdir(folder, { recursive: true });
  const config = {
    ...completeTrainConfig({ epochs: 6, filters: 4, size: 64, ...settings }),
    parameters: 12345,
    data: { train: { samples: 3, sha256: "ab".repeat(32) }, valid: { samples: 1, sha256: "cd".repeat(32) } },
    validation_background: 0.9321,
    versions: { unet: "0.2.0", deno: "2.9.6", v8: "15.0", adapter: "an adapter" },
    kernel_choices: { "conv3x3.forward": "winograd" },
  };
  await Deno.writeTextFile(join(folder, RUN_FILES.config), JSON.stringify(config));
  if (epochs > 0) {
    const lines = Array.from({ length: epochs }, (_, index) => JSON.stringify(logLine(index + 1)));
    await Deno.writeTextFile(join(folder, RUN_FILES.metrics), `${lines.join("\n")}\n`);
  }
  for (const split of splits) await writeEvaluationRecords(folder, split, options);
}

/** Numbers of a line of the log. */
type Logged =
  | "epoch"
  | `${"train" | "valid"}/loss`
  | "train/dice"
  | "valid/iou"
  | "valid/accuracy"
  | "learning_rate"
  | "seconds"
  | "samples_per_second";

/** A line of the log: numbers with many digits, the lowest validation loss at the last epoch but one. */
export function logLine(
  epoch: number,
): Record<Logged, number> & Record<"valid/dice", number | null> & { time: string } {
  return {
    epoch,
    time: new Date(Date.UTC(2026, 0, 31, 12, epoch)).toISOString(),
    "train/loss": 1 / (epoch + 1) + 1e-7,
    "valid/loss": epoch % 6 === 5 ? 0.123456789 : 1.2 / (epoch + 1),
    "train/dice": 1 - 1 / (epoch + 2),
    "valid/dice": epoch === 1 ? null : 0.9 - 0.7 / epoch,
    "valid/iou": 0.7 - 0.5 / epoch,
    "valid/accuracy": 0.98,
    learning_rate: 1e-4 / epoch,
    seconds: 1.5,
    samples_per_second: 20.25,
  };
}

async function writeEvaluationRecords(
  folder: string,
  split: string,
  { scores = exampleScores(), jpeg = JPEG, classes = [] }: RunRecordsOptions,
): Promise<void> {
  const names = evaluationNames(split);
  const loss = { loss: 0.5123, diceLoss: 0.4, bce: 0.3, accuracy: 0.9 };
  const document = reportDocument({
    split,
    data: {
      images: scores.length,
      annotated: true,
      unannotated: "empty",
      fingerprint: "ef".repeat(32),
      problems: [],
    },
    settings: { threshold: 0.5, size: 64, spacing: null, unit: "px" },
    loss: { weighted: loss, batchMean: loss, batchSize: 32 },
    summary: summarize(scores, { resamples: 50 }),
    scores,
    audit: null,
    files: {
      json: names.json,
      csv: names.csv,
      predictions: null,
      cases: null,
      auditCsv: null,
      auditFigure: null,
    },
  }, {
    model: { file: join(folder, RUN_FILES.best), sha256: "12".repeat(32), epoch: 5 },
    device: { kernels: "fast", flips: false, adapter: "an adapter" },
  });
  await Deno.writeTextFile(join(folder, names.json), JSON.stringify(document));
  const cases: CasesDocument = {
    format: CASES_FORMAT,
    split,
    classes,
    cases: rankedCases(scores).map(({ index, rank }) => ({
      name: scores[index]!.name,
      rank,
      dice: scores[index]!.metrics.dice,
      width: 5,
      height: 2,
      panels: ["image", "outlines", "errors"].map((caption) => ({ caption, jpeg })),
    })),
  };
  await Deno.writeTextFile(join(folder, names.caseImages), JSON.stringify(cases));
}
