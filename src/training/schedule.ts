/**
 * The learning rate over a training run.
 *
 * @module
 */
import type { TrainConfig } from "./train_config.ts";

/** After `patience` epochs without a lower validation loss, the rate is multiplied by `factor`. */
const PLATEAU = { patience: 3, factor: 0.5 };

/** State of the schedule `plateau` between epochs. */
export interface PlateauState {
  /** Factor on the learning rate. */
  readonly scale: number;
  /** The lowest validation loss so far; null before the first. */
  readonly best: number | null;
  /** Epochs since the loss or the rate was last lowered. */
  readonly stale: number;
}

/** Before the first epoch. */
export const NO_PLATEAU: PlateauState = { scale: 1, best: null, stale: 0 };

/** The state after an epoch. */
export function nextPlateau(state: PlateauState, validationLoss: number): PlateauState {
  if (state.best === null || validationLoss < state.best) return { ...state, best: validationLoss, stale: 0 };
  const stale = state.stale + 1;
  if (stale < PLATEAU.patience) return { ...state, stale };
  return { ...state, scale: state.scale * PLATEAU.factor, stale: 0 };
}

/**
 * The learning rate of a batch.
 *
 * Over the first `warmup` epochs it rises linearly to its full value, which their last batch has; after that it is
 * constant, or falls along half a cosine to zero at the end of the last epoch, or is lowered when the validation loss
 * reaches a plateau.
 *
 * @param batch the batch within its epoch, from 0
 * @param batches batches per epoch
 * @param epoch the epoch, from 1
 */
export function learningRateAt(
  config: Pick<TrainConfig, "learningRate" | "schedule" | "warmup" | "epochs">,
  { epoch, batch, batches }: { epoch: number; batch: number; batches: number },
  plateau: PlateauState,
): number {
  const { learningRate, schedule, warmup, epochs } = config;
  const before = epoch - 1 + batch / batches;
  const after = epoch - 1 + (batch + 1) / batches;
  if (after < warmup) return learningRate * after / warmup;
  if (schedule === "plateau") return learningRate * plateau.scale;
  if (schedule === "constant" || before <= warmup) return learningRate;
  return learningRate * 0.5 * (1 + Math.cos(Math.PI * (before - warmup) / (epochs - warmup)));
}
