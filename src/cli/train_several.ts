/**
 * `train --folds` and `--seeds` on the command line: progress, table and JSON.
 *
 * @module
 */
import { planEnsemble } from "../ensembles/plan_ensemble.ts";
import { type EnsembleCallbacks, type EnsembleOptions, trainEnsemble } from "../ensembles/train_ensemble.ts";
import { escapeLine } from "../escape.ts";
import { describeEnsemble, describeEnsemblePlan } from "./ensemble_options.ts";
import { stopOnInterrupt } from "./interrupt.ts";
import { describeAuto } from "./auto_view.ts";
import { describeBudget } from "./budget_view.ts";
import { Progress } from "./progress.ts";
import { type ExitError, writeStderr, writeStdout } from "./task.ts";
import { describePlan, TrainView } from "./train_view.ts";

/** How results are shown. */
export interface ShowOptions {
  /** Only plan. */
  readonly dryRun: boolean;
  /** Print one JSON document. */
  readonly json: boolean;
  /** Prints lines for people. */
  readonly write: (text: string) => void;
}

/** Trains or plans several runs; returns the reason of a stop by a signal. */
export async function trainSeveral(
  options: EnsembleOptions,
  { dryRun, json, write }: ShowOptions,
): Promise<ExitError | undefined> {
  const said = new Set<string>();
  /** What every run would say again. */
  const onNote = (note: string) => {
    if (said.has(note)) return;
    said.add(note);
    writeStderr(`note: ${escapeLine(note)}\n`);
  };
  let bar: { what: string; progress: Progress } | null = null;
  const onImages = (what: string, done: number, total: number) => {
    if (bar?.what !== what) {
      bar?.progress.clear();
      bar = { what, progress: new Progress({ label: what, total }) };
    }
    bar.progress.update(done);
    if (done === total) bar.progress.clear();
  };
  const onPrepare = (split: string, done: number, total: number) =>
    onImages(`preparing ${split}`, done, total);
  const told: Pick<EnsembleCallbacks, "onBudget" | "onAuto"> = {
    onBudget: (choice) => write(describeBudget(choice)),
    onAuto: (choice) => write(describeAuto(choice)),
  };
  if (dryRun) {
    const { ensemble } = options;
    if (ensemble === undefined || options.resume) {
      throw new RangeError(
        "Cannot plan a resumed run of folds or seeds: its plan is the one that it was started with\n" +
          "hint: leave --dry-run out to resume it, or --resume to plan a new one",
      );
    }
    const planned = await planEnsemble({ ...options, ensemble }, { ...told, onNote, onPrepare, onImages });
    if (json) writeStdout(`${JSON.stringify(planned, null, 2)}\n`);
    else writeStdout(describePlan(planned.plan) + describeEnsemblePlan(planned));
    return undefined;
  }
  let view: TrainView | undefined;
  const stop = stopOnInterrupt(
    "saving and stopping; press Ctrl-C again to stop at once",
    () => view?.onForeignLine(),
  );
  try {
    const result = await trainEnsemble({ ...options, signal: stop.signal }, {
      ...told,
      onNote,
      onPrepare,
      onImages,
      onMember(index, { members, count }, folder) {
        write(`${members === "folds" ? "fold" : "seed"} ${index + 1} of ${count}, ${escapeLine(folder)}\n`);
        view = new TrainView(write);
        const { onNote: _, ...callbacks } = viewCallbacks(view);
        return { ...callbacks, onNote };
      },
      onMemberEnd() {
        view?.close();
        view = undefined;
      },
    });
    if (json) writeStdout(`${JSON.stringify(result, null, 2)}\n`);
    write(describeEnsemble(result));
    return result.outcome === "interrupted" ? stop.signal.reason : undefined;
  } finally {
    stop.release();
    view?.close();
  }
}

/** The functions of a view, which are its own fields. */
function viewCallbacks(view: TrainView) {
  const { onNote, onPrepare, onCompile, onStart, onEstimate, onProgress, onEpoch } = view;
  return { onNote, onPrepare, onCompile, onStart, onEstimate, onProgress, onEpoch };
}
