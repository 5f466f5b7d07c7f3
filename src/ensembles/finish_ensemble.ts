/**
 * The end of several runs: their table, and what images say that a model has not seen.
 *
 * @module
 */
import { join } from "node:path";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { FOLDERS, RUN_FILES } from "../fs/layout.ts";
import { completeTrainConfig } from "../training/recipe.ts";
import { gpuOptions } from "../training/plan_run.ts";
import { openRunDevice } from "../training/run_device.ts";
import type { TrainConfig } from "../training/train_config.ts";
import { type DoneFolds, evaluateOutOfFold, type OutOfFold, type OutOfFoldOptions } from "./out_of_fold.ts";
import { kindName, rowsOf, type Spread, spreadOf, spreadRows, spreadTable } from "./spread.ts";
import type { EnsembleOptions, MemberResult } from "./train_ensemble.ts";

/** Runs that are done. */
export interface DoneEnsemble extends DoneFolds {
  /** What each came to. */
  readonly members: readonly MemberResult[];
}

/** Writes table and summary, and calibrates and evaluates folds. The summary is written last. */
export async function finishEnsemble(
  done: DoneEnsemble,
  options: EnsembleOptions,
  { onImages, onNote }: Pick<OutOfFoldOptions, "onImages" | "onNote">,
): Promise<{ spread: Record<string, Spread>; outOfFold: OutOfFold | null }> {
  const { folder, file, members } = done;
  const spread = spreadOf(members.map(({ best }) => best?.metrics ?? {}));
  const kind = kindName(file);
  await writeFileAtomic(
    join(folder, RUN_FILES.ensembleTable),
    spreadTable(kind, spreadRows(rowsOf(members), spread)),
  );
  let outOfFold: OutOfFold | null = null;
  if (file.members === "folds") {
    const { cacheFolder = FOLDERS.cache, signal, choices } = options;
    const config = completeTrainConfig(file.config as unknown as TrainConfig);
    const wanted = gpuOptions(options, { ...config, precision: "f32" }, {});
    using device = await openRunDevice(options.gpu, { ...wanted, choices }, cacheFolder);
    outOfFold = await evaluateOutOfFold(device.gpu, done, { cacheFolder, signal, onImages, onNote });
  }
  const summary = {
    members: members.map(({ folder: _, ...member }) => member),
    spread,
    outOfFold,
  };
  await writeFileAtomic(join(folder, RUN_FILES.ensembleSummary), `${JSON.stringify(summary, null, 2)}\n`);
  return { spread, outOfFold };
}
