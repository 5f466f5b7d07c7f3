/**
 * Completes the card of a model when it has been evaluated.
 *
 * @module
 */
import { basename, join } from "node:path";
import type { CaseImages, CasesDocument } from "../evaluation/case_images.ts";
import type { EvaluationReport } from "../evaluation/run_evaluation.ts";
import { readBoundedText } from "../fs/bounded_read.ts";
import { evaluationNames, RUN_FILES } from "../fs/layout.ts";
import { ifFound } from "../fs/paths.ts";
import type { LoadedModel } from "../prediction/load_model.ts";
import { addEvaluation } from "./add_evaluation.ts";
import type { ModelCard } from "./card_format.ts";
import { cardPaths, readCard, writeCard } from "./card_files.ts";
import { type CardSubject, makeCard, renewCard } from "./make_card.ts";

/** Bytes of drawn cases. */
const MAX_CASES_BYTES = 2 ** 24;

/**
 * Adds an evaluation to the card of its model: in the run's folder for a run's model, for any other one in `output`, where
 * the evaluation's files are. Returns the path of the Markdown; null for a split without annotations.
 *
 * @throws {SyntaxError} if the model's card is damaged
 */
export async function completeCard(
  model: LoadedModel,
  report: EvaluationReport,
  output: string,
): Promise<string | null> {
  const own = cardPaths(model.path);
  const isRuns = basename(model.path) === RUN_FILES.best;
  const paths = isRuns ? own : cardPaths(join(output, RUN_FILES.best));
  const before = await cardOf(model, await readCard(own.json));
  const card = isRuns ? before : { ...before, evaluations: {} };
  const added = addEvaluation(card, {
    report,
    cases: await drawnCases(report, output),
    imageFolder: paths.images,
  });
  if (added === null) return null;
  await writeCard(paths, added.card, added.drawings);
  return paths.markdown;
}

/** The card of the file as it is now. */
async function cardOf(model: LoadedModel, card: ModelCard | null): Promise<ModelCard> {
  if (card?.model.sha256 === model.sha256) return card;
  const subject = await subjectOf(model);
  return card === null ? makeCard(subject) : renewCard(card, subject);
}

/** A loaded model as a card describes it. */
export async function subjectOf(
  { path, sha256, description }: Pick<LoadedModel, "path" | "sha256" | "description">,
): Promise<CardSubject> {
  const { size } = await Deno.stat(path);
  return { file: basename(path), sha256, byteLength: size, description };
}

/** The images that the evaluation has just drawn; none if it drew none. */
async function drawnCases({ split }: EvaluationReport, output: string): Promise<readonly CaseImages[]> {
  const path = join(output, evaluationNames(split).caseImages);
  const text = await ifFound(readBoundedText(path, MAX_CASES_BYTES));
  return text === null ? [] : (JSON.parse(text) as CasesDocument).cases;
}
