/**
 * What a reader of an evaluation should know: whether model and annotations are still the evaluated ones.
 * This module is browser compatible.
 *
 * @module
 */
import type { EvaluationResults, EvaluationState } from "../../api/results.ts";
import { evaluateHint } from "./image_store.ts";

/** Notes, in words. */
export function evaluationNotes(results: EvaluationResults, state: EvaluationState): string[] {
  const { maps } = results;
  const again = evaluateHint(results);
  const notes: string[] = [];
  if (state.model === "changed") {
    notes.push(`The model of this run has changed since the evaluation; for its own numbers, ${again}`);
  }
  if (state.datasetSplit === null) {
    notes.push(
      `The images of this evaluation are not in ${JSON.stringify(state.dataset)}: ` +
        "numbers and stored maps are shown without them. To see them, start the board with --data FOLDER.",
    );
  } else if (state.missingImages > 0) {
    notes.push(`${state.missingImages} images of this evaluation are not in the dataset any more.`);
  }
  if (state.annotationsNewer) {
    notes.push(
      "The annotation file is newer than this evaluation; an image whose annotation differs says so.",
    );
  }
  const stored = maps?.images.filter(({ file }) => file !== null).length ?? 0;
  if (maps === null) {
    notes.push(`No probability maps are stored, so that masks cannot be shown; to store them, ${again}`);
  } else if (stored < maps.images.length) {
    notes.push(
      `Maps of the first ${stored} of ${maps.images.length} images are stored: more take too much room.`,
    );
  }
  return notes;
}
