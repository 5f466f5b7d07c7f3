import assert from "node:assert/strict";
import { crc32 } from "node:zlib";
import { joinBytes } from "../../src/bytes.ts";
import { type Checkpoint, checkpointParts, readCheckpoint } from "../../src/training/checkpoint.ts";
import { emptySums, type MetricSums } from "../../src/training/epoch_metrics.ts";
import { LIGHT } from "../../src/training/augmentation.ts";
import { dataDifferences } from "../../src/training/data_fingerprint.ts";
import { completeTrainConfig } from "../../src/training/recipe.ts";
import { resumeConfig } from "../../src/training/resume.ts";
import { readSafetensors, writeSafetensors } from "../../src/weights/safetensors.ts";
import { checkpointOf } from "../support/checkpoints.ts";
import { oddVariants } from "../support/odd_json.ts";

const packCheckpoint = (checkpoint: Checkpoint) => joinBytes(checkpointParts(checkpoint));

Deno.test("readCheckpoint: returns what was packed, bit for bit", () => {
  const full = checkpointOf(3, 2);
  const sums = { ...emptySums(), batches: 2, samples: 7, loss: 0.1 + 0.2 };
  const partial = { ...full, progress: { ...full.progress, partial: { batches: 2, sums, seconds: 1.5 } } };
  const { average: _, ...trainer } = full.trainer;
  const cut = { ...trainer, microBatch: { train: 4, evaluate: null } };
  const counts = { overlap: 3, predicted: 4, truth: 5 };
  const classes = classesOf(partial, { ...sums, classes: [counts, counts] });
  for (const checkpoint of [full, partial, classes, { ...full, trainer }, { ...full, trainer: cut }]) {
    const bytes = packCheckpoint(checkpoint);
    assert.deepEqual(readCheckpoint(bytes), checkpoint);
    assert.deepEqual(packCheckpoint(readCheckpoint(bytes)), bytes);
  }
});

/** A checkpoint of a run of two classes by sigmoid with these sums; the blocks are the padded ones of one class. */
function classesOf({ progress, trainer }: Checkpoint, sums: MetricSums): Checkpoint {
  const config = completeTrainConfig({ ...progress.config, classes: ["lung", "heart"] });
  return { progress: { ...progress, config, partial: { batches: 2, sums, seconds: 1.5 } }, trainer };
}

Deno.test("readCheckpoint: an unfinished epoch has the counts of each of the run's classes", () => {
  const full = checkpointOf(3, 2);
  const counts = { overlap: 3, predicted: 4, truth: 5 };
  for (const classes of [undefined, [counts], [counts, counts, counts]]) {
    const sums = { ...emptySums(), ...(classes ? { classes } : {}) };
    assert.throws(
      () => readCheckpoint(packCheckpoint(classesOf(full, sums))),
      new RegExp(
        "^SyntaxError: Cannot read the checkpoint: " +
          `state.partial counts ${classes?.length ?? 1} classes, the network has 2$`,
      ),
    );
  }
});

Deno.test("readCheckpoint: detects any flipped bit", () => {
  const bytes = packCheckpoint(checkpointOf(1, 1));
  const step = Math.floor(bytes.length / 200);
  for (let at = 0; at < bytes.length; at += step) {
    const damaged = bytes.slice();
    damaged[at]! ^= 1 << (at % 8);
    assert.throws(() => readCheckpoint(damaged), /^(SyntaxError|TypeError|RangeError): /, `byte ${at}`);
  }
  assert.throws(() => readCheckpoint(bytes.subarray(0, bytes.length - 4)), SyntaxError);
  assert.throws(
    () => readCheckpoint(writeSafetensors(new Map())),
    /^SyntaxError: .*checkpoint of format undefined/,
  );
});

Deno.test("checkpointParts: rejects a state that is not finite, naming step and block", () => {
  for (const [name, value] of [["weights", NaN], ["secondMoment", Infinity]] as const) {
    const checkpoint = checkpointOf(2, 1);
    checkpoint.trainer[name][5] = value;
    assert.throws(
      () => packCheckpoint(checkpoint),
      new RegExp(`^RangeError: Cannot save a checkpoint of step 20: its ${name} has`),
    );
  }
});

Deno.test("readCheckpoint: whatever its state holds under a matching checksum, it is read or refused by name", () => {
  const full = checkpointOf(2, 1);
  const sums = { ...emptySums(2), batches: 2, samples: 7 };
  const bytes = packCheckpoint({
    progress: {
      ...full.progress,
      config: completeTrainConfig({
        ...full.progress.config,
        augment: LIGHT,
        classes: ["lung", "heart"],
        merge: ["lung=left+right"],
        head: "softmax",
      }),
      choices: { "conv3x3/thin": "direct" },
      partial: { batches: 2, sums, seconds: 1.5 },
      history: [{ "valid/loss": 1 }, { "valid/loss": 2 }],
    },
    trainer: { ...full.trainer, microBatch: { train: 4, evaluate: null } },
  });
  const { tensors, metadata } = readSafetensors(bytes);
  const pack = (state: string) => {
    let sum = crc32(state);
    for (const { data } of tensors.values()) {
      sum = crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), sum);
    }
    return writeSafetensors(tensors, { ...metadata, state, checksum: sum.toString(16).padStart(8, "0") });
  };
  const counts = { read: 0, refused: 0 };
  for (const odd of oddVariants(JSON.parse(metadata.state!))) {
    try {
      const { progress } = readCheckpoint(pack(JSON.stringify(odd) ?? ""));
      resumeConfig(progress, { folder: "runs/a" });
      dataDifferences(progress.data, full.progress.data);
      counts.read++;
    } catch (error) {
      assert.match(`${error}`, /^SyntaxError: Cannot read the checkpoint: /, JSON.stringify(odd));
      counts.refused++;
    }
  }
  assert.ok(counts.read > 100 && counts.refused > 800, JSON.stringify(counts));
});

Deno.test("readCheckpoint: blocks that are missing, of another shape or of another network are refused by name", () => {
  const { progress, trainer } = checkpointOf(1, 1);
  const { weights: _, ...without } = trainer;
  const other = { ...progress, config: { ...progress.config, filters: 2 } };
  for (
    const checkpoint of [
      { progress, trainer: without },
      { progress, trainer: { ...trainer, secondMoment: trainer.weights.subarray(1) } },
      { progress, trainer: { ...trainer, average: trainer.weights.subarray(1) } },
      { progress: other, trainer },
    ]
  ) {
    assert.throws(
      () => readCheckpoint(packCheckpoint(checkpoint as Checkpoint)),
      /^SyntaxError: Cannot read the checkpoint: its (weights|secondMoment|average) has .*, expected \d+ values$/,
    );
  }
});
