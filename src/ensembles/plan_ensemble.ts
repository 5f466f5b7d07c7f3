/**
 * Plans several runs: which images each is validated with, what one needs and how long all take.
 *
 * @module
 */
import { FOLDERS } from "../fs/layout.ts";
import type { FoldImage, MemberKind } from "../prediction/ensemble_file.ts";
import { planRun, type RunPlan } from "../training/plan_run.ts";
import { foldChoice } from "./fold_choice.ts";
import {
  type EnsembleCallbacks,
  type EnsembleChoice,
  type EnsembleOptions,
  foldImages,
  settingsOf,
} from "./train_ensemble.ts";

/** A fold in numbers. */
export interface FoldSummary {
  /** Its images: the run is validated with them. */
  readonly images: number;
  /** The groups that they form. */
  readonly groups: number;
}

/** What several runs will need. */
export interface EnsemblePlan {
  /** Why there are several. */
  readonly members: MemberKind;
  /** How many. */
  readonly count: number;
  /** The folds; null for seeds. */
  readonly folds: readonly FoldSummary[] | null;
  /** Seconds that all epochs of all runs take at most; null if there is no device. */
  readonly seconds: number | null;
  /** The first of them. */
  readonly plan: RunPlan;
}

/**
 * Reads the dataset and says what the runs will need; writes only the cache.
 *
 * @throws as `trainEnsemble`
 */
export async function planEnsemble(
  options: EnsembleOptions & { readonly ensemble: EnsembleChoice },
  callbacks: EnsembleCallbacks = {},
): Promise<EnsemblePlan> {
  const { members, count, group } = options.ensemble;
  const { config, auto, plan: chosen } = await settingsOf(options, callbacks);
  const dataFolder = options.dataFolder ?? FOLDERS.data;
  // First the whole: the first fold alone would prepare a part of the images.
  const whole = chosen ?? await planRun(options, callbacks);
  const images = members === "seeds"
    ? undefined
    : await foldImages(dataFolder, { count, group }, config, options, callbacks);
  const plan = images === undefined
    ? whole
    : await planRun({ ...options, config, auto, folder: "", fold: foldChoice({ images }, 0) }, {});
  const { secondsPerEpoch, config: { epochs } } = plan;
  return {
    members,
    count,
    folds: images === undefined ? null : summarizeFolds(images, count),
    seconds: secondsPerEpoch === null ? null : secondsPerEpoch * epochs * count,
    plan,
  };
}

/** The sizes of folds. */
export function summarizeFolds(images: readonly FoldImage[], count: number): FoldSummary[] {
  return Array.from({ length: count }, (_, fold) => {
    const own = images.filter((image) => image.fold === fold);
    return { images: own.length, groups: new Set(own.map(({ group }) => group)).size };
  });
}
