import assert from "node:assert/strict";
import { joinBytes } from "../../src/bytes.ts";
import { type Checkpoint, checkpointParts, readCheckpoint } from "../../src/training/checkpoint.ts";
import { emptySums } from "../../src/training/epoch_metrics.ts";
import { writeSafetensors } from "../../src/weights/safetensors.ts";
import { checkpointOf } from "../support/checkpoints.ts";

const packCheckpoint = (checkpoint: Checkpoint) => joinBytes(checkpointParts(checkpoint));

Deno.test("readCheckpoint: returns what was packed, bit for bit", () => {
  const full = checkpointOf(3, 2);
  const sums = { ...emptySums(), batches: 2, samples: 7, loss: 0.1 + 0.2 };
  const partial = { ...full, progress: { ...full.progress, partial: { batches: 2, sums, seconds: 1.5 } } };
  const { average: _, ...trainer } = full.trainer;
  const cut = { ...trainer, microBatch: { train: 4, evaluate: null } };
  for (const checkpoint of [full, partial, { ...full, trainer }, { ...full, trainer: cut }]) {
    const bytes = packCheckpoint(checkpoint);
    assert.deepEqual(readCheckpoint(bytes), checkpoint);
    assert.deepEqual(packCheckpoint(readCheckpoint(bytes)), bytes);
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
