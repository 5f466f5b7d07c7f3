/**
 * Early stopping: ends training when the validation loss no longer falls.
 *
 * @module
 */

/** State of early stopping between epochs. */
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

/** The state after an epoch; the first epoch with the lowest loss is the best, as in the original. */
export function nextStopping(state: StoppingState, epoch: number, validationLoss: number): StoppingState {
  if (state.best === null || validationLoss < state.best) {
    return { best: validationLoss, bestEpoch: epoch, stale: 0 };
  }
  return { ...state, stale: state.stale + 1 };
}

/** Whether the loss has not fallen for `patience` epochs; false if `patience` is 0. */
export function shouldStop(state: StoppingState, patience: number): boolean {
  return patience > 0 && state.stale >= patience;
}
