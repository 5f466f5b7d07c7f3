/**
 * What the JSON of a checkpoint must look like: a checksum proves that it is as it was written, not that this program
 * wrote it.
 *
 * @module
 */
import {
  FLAG,
  integerOf,
  listOf,
  NUMBER,
  objectOf,
  oneOf,
  orMissing,
  orNull,
  recordOf,
  type Shape,
  TEXT,
  valueOf,
} from "../fs/json_shape.ts";
import { isSampleRange } from "../image/sample_range.ts";
import { parameterTable } from "../unet/parameters.ts";
import { LIGHT, OPTIONAL_AUGMENTATION } from "./augmentation.ts";
import { CLASS_FIELDS, HEADS } from "../../kernels/loss/definition.ts";
import { classCount } from "../unet/config.ts";
import { emptySums, type MetricSums } from "./epoch_metrics.ts";
import { completeTrainConfig } from "./recipe.ts";
import { networkConfig, SETTING_CHOICES, SETTING_RANGES, type TrainConfig } from "./train_config.ts";

const COUNT = integerOf();

/** JSON has no NaN: an undefined metric is null. */
const METRICS = recordOf(orNull(NUMBER));

const AUGMENTATION = objectOf({
  ...Object.fromEntries(
    Object.entries(LIGHT).map(([name, value]) => [name, typeof value === "boolean" ? FLAG : NUMBER]),
  ),
  ...Object.fromEntries(OPTIONAL_AUGMENTATION.map((name) => [name, orMissing(NUMBER)])),
});

/** Settings; a run of an earlier version has fewer. */
const CONFIG: Shape = objectOf({
  recipe: orMissing(TEXT),
  augment: orMissing(orNull(AUGMENTATION)),
  classes: orMissing(listOf(TEXT)),
  merge: orMissing(listOf(TEXT)),
  head: orMissing(oneOf(...HEADS)),
  init: orMissing(
    objectOf({ model: TEXT, sha256: TEXT, range: orMissing(valueOf("a range", isSampleRange)) }),
  ),
  oversample: orMissing(NUMBER),
  ...Object.fromEntries(Object.keys(SETTING_RANGES).map((name) => [name, orMissing(NUMBER)])),
  ...Object.fromEntries(
    Object.entries(SETTING_CHOICES).map(([name, words]) => [name, orMissing(oneOf(...words))]),
  ),
});

const SPLIT = objectOf({ samples: COUNT, sha256: TEXT });

const numbersOf = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, NUMBER]));

const CLASS_COUNTS = objectOf(numbersOf(CLASS_FIELDS));

const LIMIT = orNull(integerOf(1));

const STATE: Shape = objectOf({
  step: COUNT,
  updates: COUNT,
  atOnce: orMissing(objectOf({ train: LIMIT, evaluate: LIMIT })),
  runId: valueOf("an id", (value) => typeof value === "string" && /^[\w-]{1,64}$/.test(value)),
  startedAt: valueOf("a date", (value) => typeof value === "string" && !Number.isNaN(Date.parse(value))),
  dataFolder: orNull(TEXT),
  config: CONFIG,
  data: objectOf({ train: SPLIT, valid: SPLIT, classes: orMissing(listOf(TEXT)) }),
  versions: objectOf({ unet: TEXT, deno: TEXT, v8: TEXT, adapter: TEXT }),
  choices: orMissing(recordOf(TEXT)),
  corrections: orMissing(listOf(objectOf({ path: orNull(TEXT), records: COUNT }))),
  epoch: COUNT,
  partial: orNull(objectOf({
    batches: COUNT,
    sums: objectOf({ ...numbersOf(Object.keys(emptySums())), classes: orMissing(listOf(CLASS_COUNTS)) }),
    seconds: NUMBER,
  })),
  best: orNull(objectOf({ epoch: integerOf(1), metrics: METRICS, sha256: TEXT })),
  stopping: objectOf({ best: orNull(NUMBER), bestEpoch: COUNT, stale: COUNT }),
  plateau: objectOf({ scale: NUMBER, best: orNull(NUMBER), stale: COUNT }),
  history: orMissing(listOf(METRICS)),
});

/** What is wrong with the state of a checkpoint; null if nothing is. */
export function stateFault(state: unknown): string | null {
  const fault = STATE(state, "state");
  if (fault !== null) return fault;
  const { config, epoch, partial, best, history } = state as {
    config: TrainConfig;
    partial: { sums: MetricSums } | null;
    epoch: number;
    best: { epoch: number } | null;
    history?: unknown[];
  };
  if (best !== null && best.epoch > epoch) return "state.best is of an epoch that is not finished";
  if (history !== undefined && history.length !== epoch) return "state.history has not a line per epoch";
  try {
    const classes = classCount(networkConfig(completeTrainConfig(config)));
    const counted = partial?.sums.classes?.length ?? 1;
    return partial === null || counted === classes
      ? null
      : `state.partial counts ${counted} classes, the network has ${classes}`;
  } catch (error) {
    return `state.config: ${(error as Error).message.split("\n")[0]}`;
  }
}

/** Values that each block of a checkpoint of these settings has. */
export function blockSizeOf(config: TrainConfig): number {
  return parameterTable(networkConfig(completeTrainConfig(config))).blockSize;
}
