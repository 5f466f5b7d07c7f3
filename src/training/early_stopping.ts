/**
 * Stops a training whose validation loss no longer falls.
 *
 * @module
 */

/** What early stopping remembers from epoch to epoch. */
export interface StoppingState {
  /** The lowest validation loss so far; null before the first. */
  readonly best: number | null;
  /** Its epoch; 0 before the first. */
  readonly bestEpoch: number;
  /** Epochs since then. */
  readonly stale: number;
}

/** Before the first epoch. */
export const NOT_STOPPING: StoppingState = { best: null, bestEpoch: 0, stale: 0 };

/** Goes one epoch on: the first epoch of the lowest loss is the best, as in the original. */
export function nextStopping(state: StoppingState, epoch: number, validationLoss: number): StoppingState {
  if (state.best === null || validationLoss < state.best) {
    return { best: validationLoss, bestEpoch: epoch, stale: 0 };
  }
  return { ...state, stale: state.stale + 1 };
}

/** Whether the loss did not fall for `patience` epochs; never where it is 0. */
export function shouldStop(state: StoppingState, patience: number): boolean {
  return patience > 0 && state.stale >= patience;
}
