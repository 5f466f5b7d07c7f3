/**
 * What a time budget is chosen from, and what comes of it: types only, which runs and views share.
 *
 * @module
 */
import type { Speed } from "./step_speed.ts";

/** The settings that a budget chooses; those that are given are kept. */
export interface BudgetSettings {
  /** Feature maps of the first block. */
  readonly filters: number;
  /** Height and width of the input. */
  readonly size: number;
  /** Images per batch. */
  readonly batchSize: number;
  /** Epochs. */
  readonly epochs: number;
}

/** An input that is not a square to which whole images are stretched, and a depth other than the original's. */
export interface BudgetForm {
  /** Height of the input if it is not `size`. */
  readonly height?: number;
  /** How often the network halves its images; absent for 5. */
  readonly depth?: number;
  /** Side of patches, equal to `size`; absent for whole images. */
  readonly patch?: number;
  /** With `patch`: the resolution relative to the images' own; absent for 1. */
  readonly scale?: number;
}

/** A network and its input. */
export interface BudgetNetwork extends Pick<BudgetSettings, "filters" | "size">, BudgetForm {}

/** A network with its input and batch: what the time of a step follows from. */
export interface BudgetStep extends BudgetNetwork, Pick<BudgetSettings, "batchSize"> {}

/** What is worth it; `BUDGET_RULES` unless a dataset says otherwise. */
export interface BudgetRules {
  /** Networks and inputs in the order in which they are preferred; none that is given is considered otherwise. */
  readonly ladder?: readonly BudgetNetwork[];
  /** Fewest epochs and updates that are worth a network, and how many epochs may be needed for the latter. */
  readonly wanted: {
    readonly epochs: number;
    readonly updates: (step: BudgetStep) => number;
    readonly most: number;
  };
  /** Updates up to which smaller batches are chosen. */
  readonly enoughUpdates: number;
  /** Updates up to which more epochs than the original's are chosen, and most epochs. */
  readonly most: { readonly updates: number; readonly epochs: number };
  /** The smallest batch that is chosen if larger ones fit, too. */
  readonly smallestBatch: number;
  /** Gradients of smaller batches are noisy: they are taken to reach enough updates, not the wanted ones. */
  readonly steadyBatch: number;
}

/** A network and input size that were considered. */
export interface BudgetCandidate extends BudgetSettings, BudgetForm {
  /** Expected seconds per epoch. `epochs` is how many of them fit. */
  readonly secondsPerEpoch: number;
  /** The epochs that it takes to learn: with fewer, a smaller network is the better choice. */
  readonly wantedEpochs: number;
}

/** What was chosen for a budget, and why. */
export interface BudgetChoice extends BudgetSettings, BudgetForm {
  /** The budget in seconds. */
  readonly seconds: number;
  /** The measured speed. */
  readonly speed: Speed;
  /** Images per epoch that the choice was made for. */
  readonly images: Readonly<Record<"train" | "valid", number>>;
  /** Expected seconds per epoch. */
  readonly secondsPerEpoch: number;
  /** Expected seconds of the whole run, from the start of the command. */
  readonly expectedSeconds: number;
  /** The settings that were given, and so not chosen. */
  readonly given: readonly (keyof BudgetSettings)[];
  /** What was considered, the largest first; the last one is the choice. */
  readonly candidates: readonly BudgetCandidate[];
  /** Expected seconds of the original's settings on these images here. */
  readonly originalSeconds: number;
  /** Whether the epochs that were reached ended the run because the budget was used up; absent if not. */
  readonly spent?: true;
}

/** What a budget is chosen for. */
export interface BudgetTask {
  /** The budget in seconds. */
  readonly seconds: number;
  /** Seconds of it that are gone already. */
  readonly elapsed?: number;
  /** The measured speed. */
  readonly speed: Speed;
  /** Expected seconds of a training step. */
  readonly stepSeconds: (settings: BudgetStep) => number;
  /** Images that an epoch trains and validates on. */
  readonly images: BudgetChoice["images"];
  /** Mean pixels of an image's file, if known: large ones take long to prepare. */
  readonly pixels?: number;
  /** How many patches these are, for a network that is trained on them; whole images by default. */
  readonly patches?: (network: BudgetNetwork) => BudgetChoice["images"];
  /** What is worth it; defaults to `BUDGET_RULES`. */
  readonly rules?: BudgetRules;
  /** The settings that were given. */
  readonly given: Partial<BudgetSettings>;
  /** The settings of the original, which nothing chosen exceeds. */
  readonly most: BudgetSettings;
  /** Sizes are multiples of this. */
  readonly sizeStep: number;
  /** Whether a batch can be computed whole. */
  readonly fits: (settings: BudgetStep) => boolean;
  /** Trained values of a network of so many filters. */
  readonly parameters: (filters: number, depth?: number) => number;
}
