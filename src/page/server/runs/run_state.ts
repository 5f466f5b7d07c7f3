/**
 * What a run is doing, from what its folder holds.
 *
 * @module
 */
import type { RunProgress } from "../../../training/checkpoint.ts";
import {
  nextStopping,
  NOT_STOPPING,
  shouldStop,
  type StoppingState,
} from "../../../training/early_stopping.ts";
import type { EpochLine, RunState } from "../../api/runs.ts";
import type { Life } from "./liveness.ts";

/** The part of a checkpoint that tells. */
export type StoredProgress = Pick<RunProgress, "epoch" | "partial" | "stopping"> & {
  readonly config: Pick<RunProgress["config"], "epochs" | "patience">;
};

/** What is known of a run. */
export interface RunFacts extends Life {
  /** Of its checkpoint; null if there is none, or it cannot be read. */
  readonly progress: StoredProgress | null;
  /** From its settings; null if they cannot be read. */
  readonly limits: { readonly epochs: number; readonly patience: number } | null;
  /** Its log by epochs, in their order. */
  readonly lines: readonly EpochLine[];
}

/** The state of a run, and why. */
export function runState(facts: RunFacts): { readonly state: RunState; readonly reason: string } {
  const { alive, locked, progress, lines } = facts;
  if (alive) return { state: "running", reason: "a process trains it" };
  const end = ending(facts);
  if (end !== null) return { state: "finished", reason: end };
  const epoch = progress?.epoch ?? lines.at(-1)?.epoch ?? 0;
  const where = epoch === 0 ? "in its first epoch" : `after epoch ${epoch}`;
  if (locked) return { state: "crashed", reason: `its process is gone, ${where}: it left its lock` };
  if (progress?.partial) return { state: "stopped", reason: `saved ${where}; --resume continues it` };
  if (progress === null) {
    return { state: "crashed", reason: `it ended ${where}, and has no readable checkpoint` };
  }
  return { state: "crashed", reason: `it ended with an error ${where}; --resume continues it` };
}

/** What ended a run that is complete; null if it is not. */
function ending({ progress, limits, lines }: RunFacts): string | null {
  const { epochs, patience } = progress?.config ?? limits ?? { epochs: Infinity, patience: 0 };
  const epoch = progress?.epoch ?? lines.at(-1)?.epoch ?? 0;
  if (epoch >= epochs) return `all ${epochs} epochs are done`;
  if (shouldStop(progress?.stopping ?? stoppingOf(lines), patience)) {
    return `early stopping: no lower loss in ${patience} epochs`;
  }
  return null;
}

/** Early stopping, told from the log of a run without a checkpoint. */
function stoppingOf(lines: readonly EpochLine[]): StoppingState {
  return lines.reduce((state, { epoch, metrics }) => {
    const loss = metrics["valid/loss"];
    return typeof loss === "number" ? nextStopping(state, epoch, loss) : state;
  }, NOT_STOPPING);
}
