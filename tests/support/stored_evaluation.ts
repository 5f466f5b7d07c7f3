/**
 * An evaluation in a run's folder as `evaluate` leaves it, without figures, by a predictor that needs no GPU.
 *
 * @module
 */
import { join } from "node:path";
import { prepareSplit } from "../../src/dataset/prepare.ts";
import { openSplit } from "../../src/dataset/source_registry.ts";
import { findSplits, splitOf } from "../../src/dataset/splits.ts";
import { formatScores } from "../../src/evaluation/csv.ts";
import { evaluateSplit } from "../../src/evaluation/evaluate_split.ts";
import { storingMaps } from "../../src/evaluation/map_storage.ts";
import { mapClasses, readForModel, targetsOf } from "../../src/evaluation/model_classes.ts";
import { reportDocument } from "../../src/evaluation/report_json.ts";
import { evaluationNames } from "../../src/fs/layout.ts";
import { decisionThreshold } from "../../src/prediction/class_masks.ts";
import type { Predictor } from "../../src/prediction/predictor.ts";
import { headOf } from "../../src/unet/config.ts";

/** What is written besides the test split's scores. */
export interface StoredEvaluationOptions {
  /** Whether to audit; defaults to false. */
  readonly audit?: boolean;
  /** Millimeters between rows and between columns. */
  readonly spacing?: readonly [number, number];
  /** SHA-256 of the model; defaults to a hash of no model. */
  readonly model?: string;
}

/** Evaluates the test split of a dataset and writes JSON, table and maps to a folder; returns the document. */
export async function storeEvaluation(
  predictor: Predictor,
  dataFolder: string,
  output: string,
  { audit = false, spacing, model = "0".repeat(64) }: StoredEvaluationOptions = {},
): Promise<Record<string, unknown>> {
  const split = splitOf(await findSplits(dataFolder), "test");
  const { description: { network, size } } = predictor;
  const reading = await readForModel(predictor, split, await openSplit(split), "empty");
  await using prepared = await prepareSplit(reading.samples, {
    size,
    cacheFolder: null,
    workers: 1,
    targets: targetsOf(predictor),
  });
  const threshold = decisionThreshold(predictor.description, undefined);
  const names = evaluationNames("test");
  const description = {
    split: "test",
    size,
    head: headOf(network),
    threshold,
    ...mapClasses(predictor.description),
    data: prepared.fingerprint,
    model,
  };
  const { result } = await storingMaps(
    join(output, names.maps),
    description,
    (onMaps) => evaluateSplit(predictor, prepared, { onMaps, audit, spacing, bootstrap: { resamples: 10 } }),
  );
  const { scores, summary, loss, findings } = result;
  const document = reportDocument({
    split: "test",
    data: {
      images: prepared.count,
      annotated: true,
      unannotated: "empty",
      fingerprint: prepared.fingerprint,
      problems: [],
    },
    settings: { threshold, size, spacing: spacing ?? null, unit: spacing ? "mm" : "px" },
    loss,
    summary,
    scores,
    audit: audit ? findings : null,
    files: {
      json: names.json,
      csv: names.csv,
      predictions: null,
      cases: null,
      auditCsv: null,
      auditFigure: null,
    },
  }, { model: { file: "runs/x/best.safetensors", sha256: model } });
  await Deno.writeTextFile(join(output, names.csv), formatScores(scores));
  await Deno.writeTextFile(join(output, names.json), `${JSON.stringify(document, null, 2)}\n`);
  return JSON.parse(JSON.stringify(document));
}
