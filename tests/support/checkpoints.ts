/**
 * Synthetic checkpoints of a tiny network.
 *
 * @module
 */
import type { Checkpoint } from "../../src/training/checkpoint.ts";
import { networkConfig } from "../../src/training/train_config.ts";
import { completeTrainConfig } from "../../src/training/recipe.ts";
import { NOT_STOPPING } from "../../src/training/early_stopping.ts";
import { NO_PLATEAU } from "../../src/training/schedule.ts";
import { initialBlock, parameterTable } from "../../src/unet/parameters.ts";

const config = completeTrainConfig({ filters: 1, size: 32, average: 0.5 });
const table = parameterTable(networkConfig(config));

/** A checkpoint after `epoch`, with `best` the best epoch; its blocks differ from epoch to epoch. */
export function checkpointOf(epoch: number, best: number | null): Checkpoint {
  const block = (seed: number) => initialBlock(table, seed);
  return {
    progress: {
      runId: "abcd1234",
      startedAt: "2026-01-02T03:04:05.000Z",
      dataFolder: "dataset",
      config,
      data: { train: { samples: 3, sha256: "aa" }, valid: { samples: 1, sha256: "bb" } },
      versions: { unet: "1", deno: "2", v8: "3", adapter: "none" },
      epoch,
      partial: null,
      best: best === null ? null : { epoch: best, metrics: { "valid/loss": 1 / best }, sha256: "" },
      stopping: NOT_STOPPING,
      plateau: NO_PLATEAU,
    },
    trainer: {
      step: 10 * epoch,
      updates: 10 * epoch,
      weights: block(epoch),
      firstMoment: block(epoch + 100),
      secondMoment: block(epoch + 200),
      average: block(epoch + 300),
    },
  };
}
