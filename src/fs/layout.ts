/**
 * Where things lie by default, and what the files of a run are called.
 * This module is browser compatible.
 *
 * @module
 */

/** Default folders of the tasks, relative to the working folder. */
export const FOLDERS = {
  /** The dataset, with a folder per split. */
  data: "dataset",
  /** Prepared images and timed kernel choices. */
  cache: "dataset/.cache",
  /** Synthetic images of `bench`, which removes it afterwards. */
  bench: "dataset/.bench",
  /** The annotations as PNG masks. */
  masks: "dataset/masks",
  /** The synthetic dataset. */
  phantom: "dataset/phantom",
  /** The dataset with near-duplicates in one split each. */
  resplit: "dataset/resplit",
  /** A folder per training run. */
  runs: "runs",
  /** Results of `predict`. */
  predictions: "predictions",
  /** Models that come with this program. */
  models: "models",
  /** The static page of a model. */
  site: "site",
} as const;

/** The contact sheet in a dataset's folder. */
export const OVERVIEW_FILE = "overview.png";

/** What a training run writes to its folder. */
export const RUN_FILES = {
  /** The settings. */
  config: "config.json",
  /** One line of metrics per epoch. */
  metrics: "metrics.jsonl",
  /** The model of the best epoch. */
  best: "best.safetensors",
  /** Everything that resuming needs. */
  checkpoint: "checkpoint.safetensors",
  /** Losses and Dice per epoch, drawn. */
  curves: "curves.png",
  /** What the best model is for, made of and worth, for programs. */
  card: "card.json",
  /** The same for people. */
  cardText: "card.md",
  /** The images that the card shows. */
  cardImages: "card-images",
  /** Curves, settings, results and cases in one page for people. */
  report: "report.html",
  /** Validation samples with the masks of the best epochs, and of the newest one, by {@linkcode sampleFile}. */
  samples: "samples",
  /** TensorBoard's event file. */
  tensorboard: "tb",
  /** SwanLab's offline run. */
  swanlab: "swanlog",
  /** Which models a run of several has; see `EnsembleFile`. */
  ensemble: "ensemble.json",
  /** What these came to: its existence says that the run is finished. */
  ensembleSummary: "ensemble-summary.json",
  /** The same as a table. */
  ensembleTable: "ensemble-summary.csv",
  /** How far the probabilities of images that a model has not seen can be trusted, drawn. */
  reliability: "reliability.png",
  /** The runs of a cross-validation. */
  folds: "folds",
  /** The runs of several seeds. */
  seeds: "seeds",
} as const;

/** The card of a model: `card.json` next to a run's, `NAME.card.json` next to any other. */
export function cardFileOf(model: string, file: string = RUN_FILES.card): string {
  const [, folder, name] = /^(.*[\\/])?([^\\/]*)$/s.exec(model)! as unknown as [
    string,
    string | undefined,
    string,
  ];
  const prefix = name === RUN_FILES.best ? "" : `${name.replace(/(?<=.)\.[^.]*$/, "")}.`;
  return `${folder ?? ""}${prefix}${file}`;
}

/** The name in `samples/` of a validation sample, counted from 1, as it was predicted after an epoch. */
export function sampleFile(epoch: number, sample: number): string {
  return `epoch-${`${epoch}`.padStart(4, "0")}-${sample}.png`;
}

/** Epoch and number of a file that {@linkcode sampleFile} named; null for any other. */
export function parseSampleFile(name: string): { readonly epoch: number; readonly sample: number } | null {
  const match = /^epoch-(\d{4,9})-(\d{1,4})\.png$/.exec(name);
  return match && { epoch: Number(match[1]), sample: Number(match[2]) };
}

/** In a run's folder while a process trains there. */
export const RUN_LOCK = "train.lock";

/** The file names of an evaluation. */
export interface EvaluationNames {
  /** All numbers. */
  readonly json: string;
  /** One row per image. */
  readonly csv: string;
  /** One row per class, if there are several. */
  readonly classesCsv: string;
  /** Images spread evenly over the split. */
  readonly predictions: string;
  /** The worst, median and best images. */
  readonly cases: string;
  /** The same images for the report: small, with captions as text. */
  readonly caseImages: string;
  /** The audit's findings. */
  readonly auditCsv: string;
  /** The strongest of them. */
  readonly auditFigure: string;
  /** The folder of probability maps. */
  readonly maps: string;
  /** The folder of what is done, while ranks evaluate or after they were stopped. */
  readonly ledger: string;
}

/** What an evaluation of `split` writes; the figures of the test split have plain names. */
export function evaluationNames(split: string): EvaluationNames {
  const prefix = split === "test" ? "" : `${split}-`;
  return {
    json: `${split}.json`,
    csv: `${split}.csv`,
    classesCsv: `${split}-classes.csv`,
    predictions: `${prefix}predictions.png`,
    cases: `${prefix}cases.png`,
    caseImages: `${prefix}case-images.json`,
    auditCsv: `${prefix}audit.csv`,
    auditFigure: `${prefix}audit.png`,
    maps: `${split}-probabilities`,
    ledger: `.evaluate-${split}`,
  };
}

/** The split of an evaluation that wrote a figure, an audit or maps of this name; null for any other file. */
export function evaluatedSplit(name: string): string | null {
  const match = /^(?:(.+)-)?(?:predictions\.png|cases\.png|audit\.(?:csv|png))$/.exec(name) ??
    /^(.+)-probabilities$/.exec(name);
  return match && (match[1] ?? "test");
}
