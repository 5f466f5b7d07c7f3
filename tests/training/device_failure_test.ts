import assert from "node:assert/strict";
import { deviceFailure } from "../../src/training/device_failure.ts";

const at = { doing: "validate epoch 3", folder: "runs/a", epoch: 2, memory: "normal" } as const;
const message = (text: string, more = {}) =>
  (deviceFailure(new Error(text), { ...at, ...more }) as Error).message;

Deno.test("deviceFailure: out of memory says what was running, what is saved, and how to resume with less", () => {
  for (
    const text of [
      'Cannot allocate 1024 bytes for "weights": the device is out of memory\nhint: use a smaller batch',
      "The GPU refused a command: Not enough memory left.",
      "The GPU is out of memory: Out of memory",
    ]
  ) {
    assert.equal(
      message(text),
      `Cannot validate epoch 3: the device is out of memory (${text.split("\n")[0]})\n` +
        "hint: epoch 2 is saved; close what else uses the device, then resume with:  " +
        "deno task train --resume --run runs/a --memory low",
    );
    assert.match(message(text, { memory: "low" }), /--run runs\/a; if it happens again, .*--batch-size/);
    assert.match(message(text, { epoch: null }), /nothing was trained yet; .*start with --memory low, or/);
  }
});

Deno.test("deviceFailure: a lost device can be resumed from, and other errors stay", () => {
  assert.match(
    message("The GPU was lost (unknown): device hung\nhint: run again"),
    /^Cannot validate epoch 3: The GPU was lost .*\nhint: epoch 2 is saved; resume with: .*--memory low$/,
  );
  const other = new Error("Training diverged");
  assert.equal(deviceFailure(other, at), other);
  const told = deviceFailure(new Error("the device is out of memory"), at);
  assert.equal(deviceFailure(told, { ...at, doing: "prepare training" }), told, "once");
});
