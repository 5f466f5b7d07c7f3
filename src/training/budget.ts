/**
 * A time budget: the filters, input size, batch size and epochs that a machine of a measured speed can train in it.
 * Pure: nothing is measured here, see `measure_speed.ts`.
 *
 * @module
 */
import type {
  BudgetCandidate,
  BudgetChoice,
  BudgetNetwork,
  BudgetRules,
  BudgetSettings,
  BudgetStep,
  BudgetTask,
} from "./budget_choice.ts";

/** The shortest and the longest budget in seconds. */
export const BUDGET_RANGE = [10, 30 * 86_400] as const;

/**
 * Filters and sizes in the order in which they are preferred. On the original's dataset 8 filters at 128 px come within
 * 0.03 of the Dice of 32 filters at 256 px (`docs/results.md`); each step down costs half to a third of the one above.
 */
const LADDER = [
  [32, 256],
  [24, 256],
  [16, 256],
  [16, 192],
  [16, 128],
  [8, 128],
  [8, 96],
  [8, 64],
  [4, 64],
  [4, 32],
] as const;
const FILTERS = [32, 24, 16, 12, 8, 4];
const SIZES = [256, 192, 128, 96, 64, 32];

/** What is worth it on a dataset that nobody looked at: the demo has 16 epochs and 192 updates. */
export const BUDGET_RULES: BudgetRules = {
  wanted: { epochs: 12, updates: () => 200, most: 40 },
  enoughUpdates: 500,
  most: { updates: 500, epochs: 200 },
  smallestBatch: 8,
  steadyBatch: 8,
};

/** The share of a budget that is planned for: other programs may slow the machine down. */
const PLANNED_SHARE = 0.85;

/**
 * Seconds of a run that are not steps: starting, preparing an image for the first time (at least, and per pixel on two
 * cores), drawing and reporting.
 */
const START_SECONDS = 4;
const PREPARE_SECONDS = { least: 0.008, perPixel: 15e-9 } as const;
const END_SECONDS = 4;

/** Bytes per second at which a checkpoint of four blocks is written, proven and its model saved. */
const SAVED_BYTES_PER_SECOND = 150e6;

/** Validation computes no gradients: a batch takes about a third of a training step. */
export const VALIDATION_SHARE = 1 / 3;

/**
 * Reads a time such as `90s`, `30m`, `2h`, `1h30m` or `1d`.
 *
 * @throws {RangeError} if it is none, or out of range.
 */
export function parseBudget(text: string): number {
  const units = { d: 86_400, h: 3600, m: 60, s: 1 };
  const match = /^(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?$/i
    .exec(text.trim());
  const [least, most] = BUDGET_RANGE;
  const seconds = match === null
    ? NaN
    : Object.values(units).reduce((sum, unit, i) => sum + unit * Number(match[i + 1] ?? 0), 0);
  if (text.trim() === "" || !(seconds >= least && seconds <= most)) {
    throw new RangeError(`expected a time from ${least}s to ${most / 86_400}d, such as 90s, 30m or 2h`);
  }
  return seconds;
}

/** Seconds per epoch of the smallest network that are not steps: reading metrics, writing records. */
const RECORD_SECONDS = 0.15;

/** Seconds per epoch that are not steps: records, and the checkpoint after it. */
export function saveSeconds(parameters: number): number {
  return RECORD_SECONDS + parameters * 16 / SAVED_BYTES_PER_SECOND;
}

/**
 * Chooses the most preferred filters and size of which enough epochs fit the budget, the largest batch with enough
 * updates, and as many epochs as fit, up to the original's (more if there are few images).
 *
 * @throws {RangeError} if not even one epoch of the smallest choice fits.
 */
export function chooseForBudget(task: BudgetTask): BudgetChoice {
  const { seconds, speed, given, most, rules = BUDGET_RULES } = task;
  const candidates: BudgetCandidate[] = [];
  for (const network of ladderOf(given, task)) {
    const candidate = candidateOf(task, network);
    candidates.push(candidate);
    if ((given.epochs ?? candidate.epochs) >= candidate.wantedEpochs && fitsGiven(candidate, given)) break;
  }
  const { wantedEpochs: _, ...chosen } = candidates.at(-1)!;
  const { batchSize, epochs: fitting, secondsPerEpoch } = chosen;
  if (fitting < 1 && given.epochs === undefined) throw tooShort(task, candidates.at(-1)!);
  const images = imagesOf(task, chosen);
  const epochs = given.epochs ?? Math.min(fitting, mostEpochs(rules, most.epochs, images.train, batchSize));
  const original = { ...most, batchSize: Math.min(most.batchSize, task.images.train) };
  return {
    seconds,
    speed,
    images,
    ...chosen,
    epochs,
    expectedSeconds: otherSeconds(task) + epochs * secondsPerEpoch,
    given: (["filters", "size", "batchSize", "epochs"] as const).filter((name) => given[name] !== undefined),
    candidates,
    originalSeconds: original.epochs * epochSeconds(task, original),
  };
}

/**
 * The epochs of a choice whose speed on the real data is known; those that were given are kept.
 *
 * @param elapsed Seconds of the budget that are gone.
 * @param secondsPerEpoch As measured with the chosen settings, without saving.
 */
export function reviseEpochs(
  choice: BudgetChoice,
  { elapsed, secondsPerEpoch, parameters, most, rules = BUDGET_RULES }: {
    elapsed: number;
    secondsPerEpoch: number;
    parameters: number;
    most: number;
    rules?: BudgetRules;
  },
): BudgetChoice {
  const perEpoch = secondsPerEpoch + saveSeconds(parameters);
  const left = PLANNED_SHARE * choice.seconds - elapsed - END_SECONDS;
  const fitting = Math.max(1, Math.floor(left / perEpoch));
  const epochs = choice.given.includes("epochs")
    ? choice.epochs
    : Math.min(fitting, mostEpochs(rules, most, choice.images.train, choice.batchSize));
  return {
    ...choice,
    epochs,
    secondsPerEpoch: perEpoch,
    expectedSeconds: elapsed + epochs * perEpoch + END_SECONDS,
  };
}

/** Whether another epoch as long as the last one would exceed the budget. */
export function isSpent(
  { seconds }: Pick<BudgetChoice, "seconds">,
  elapsed: number,
  lastEpoch: number,
): boolean {
  return elapsed + lastEpoch + END_SECONDS > seconds;
}

/** Networks and inputs to consider, the most preferred first. */
function ladderOf(
  { filters, size }: Partial<BudgetSettings>,
  { most, sizeStep, rules, fits }: BudgetTask,
): readonly BudgetNetwork[] {
  if (rules?.ladder !== undefined) {
    const possible = rules.ladder.filter((network) => fits({ ...network, batchSize: 1 }));
    // The trainer says why if none is.
    return possible.length > 0 ? possible : rules.ladder.slice(-1);
  }
  if (filters !== undefined && size !== undefined) return [{ filters, size }];
  if (filters !== undefined) {
    return SIZES.filter((each) => each % sizeStep === 0).map((size) => ({ filters, size }));
  }
  if (size !== undefined) {
    return FILTERS.filter((each) => each <= most.filters).map((filters) => ({ filters, size }));
  }
  return LADDER.filter(([, size]) => size % sizeStep === 0).map(([filters, size]) => ({ filters, size }));
}

function imagesOf({ images, patches }: BudgetTask, network: BudgetNetwork): BudgetChoice["images"] {
  return network.patch === undefined ? images : patches?.(network) ?? images;
}

function candidateOf(task: BudgetTask, network: BudgetNetwork): BudgetCandidate {
  const { given, rules: { wanted, enoughUpdates, steadyBatch } = BUDGET_RULES } = task;
  const images = imagesOf(task, network);
  const of = (batchSize: number): BudgetCandidate => {
    const secondsPerEpoch = epochSeconds(task, { ...network, batchSize });
    const epochs = Math.max(0, Math.floor(budgetLeft(task) / secondsPerEpoch));
    const batches = Math.ceil(images.train / batchSize);
    const wantedEpochs = given.epochs ??
      Math.min(
        wanted.most,
        Math.max(
          network.patch ? 1 : wanted.epochs,
          Math.ceil(wanted.updates({ ...network, batchSize }) / batches),
        ),
      );
    return { ...network, batchSize, epochs, secondsPerEpoch, wantedEpochs };
  };
  const all = batchSizes(task, network).map(of);
  const enough = ({ epochs, batchSize }: BudgetCandidate) =>
    Math.min(epochs, wanted.most) * Math.ceil(images.train / batchSize) >= enoughUpdates;
  const largest = all.find(enough) ?? all.at(-1)!;
  return all.find((each) =>
    each.batchSize <= largest.batchSize && each.batchSize >= steadyBatch && each.epochs >= each.wantedEpochs
  ) ?? largest;
}

/** Batches that can be computed whole, the largest first. */
function batchSizes(task: BudgetTask, network: BudgetNetwork): number[] {
  const { given, most, fits, rules: { smallestBatch } = BUDGET_RULES } = task;
  const { train } = imagesOf(task, network);
  if (given.batchSize !== undefined) return [given.batchSize];
  const sizes: number[] = [];
  for (let batch = most.batchSize; batch >= smallestBatch; batch = Math.floor(batch / 2)) sizes.push(batch);
  const whole = sizes.map((batch) => Math.min(batch, train))
    .filter((batchSize) => fits({ ...network, batchSize }));
  if (whole.length > 0) return [...new Set(whole)];
  // Even these are cut by the trainer if they must be.
  const smaller = [4, 2].find((batchSize) => fits({ ...network, batchSize }));
  return [Math.min(smaller ?? 1, train)];
}

function fitsGiven({ epochs }: BudgetCandidate, given: Partial<BudgetSettings>): boolean {
  return given.epochs === undefined || epochs >= given.epochs;
}

function mostEpochs({ most }: BudgetRules, epochs: number, images: number, batchSize: number): number {
  const enough = Math.ceil(most.updates / Math.ceil(images / batchSize));
  return Math.max(epochs, Math.min(most.epochs, enough));
}

function epochSeconds(task: BudgetTask, step: BudgetStep): number {
  const { train, valid } = imagesOf(task, step);
  const batches = Math.ceil(train / step.batchSize) + VALIDATION_SHARE * Math.ceil(valid / step.batchSize);
  return batches * task.stepSeconds(step) + saveSeconds(task.parameters(step.filters, step.depth));
}

function otherSeconds({ elapsed = 0, images: { train, valid }, pixels = 0 }: BudgetTask): number {
  const prepare = Math.max(PREPARE_SECONDS.least, PREPARE_SECONDS.perPixel * pixels);
  return elapsed + START_SECONDS + prepare * (train + valid) + END_SECONDS;
}

function budgetLeft(task: BudgetTask): number {
  return PLANNED_SHARE * task.seconds - otherSeconds(task);
}

function tooShort(task: BudgetTask, candidate: BudgetCandidate): RangeError {
  const { filters, size, secondsPerEpoch } = candidate;
  const needed = Math.ceil((otherSeconds(task) + 2 * secondsPerEpoch) / PLANNED_SHARE);
  const time = needed < 120
    ? `${needed}s`
    : needed < 7200
    ? `${Math.ceil(needed / 60)}m`
    : `${Math.ceil(needed / 3600)}h`;
  return new RangeError(
    `Cannot train within ${Math.round(task.seconds)} s: an epoch of ${filters} filters at ${size} px takes ` +
      `${secondsPerEpoch.toFixed(1)} s here\nhint: --budget ${time} suffices, or use fewer images`,
  );
}
