/** The task `doctor`, with and without an adapter. */
import assert from "node:assert/strict";
import { chooseForBudget } from "../../src/training/budget.ts";
import { describeVerdict } from "../../tasks/doctor.ts";
import { runTaskCommand, runTaskWith } from "../support/run_task.ts";

// No driver file, and no OpenGL as a fallback: a machine without any driver.
const NO_DRIVER = {
  VK_DRIVER_FILES: "/nowhere",
  VK_ICD_FILENAMES: "/nowhere",
  DENO_WEBGPU_BACKEND: "vulkan",
};

Deno.test("doctor: describes the adapter and tests every kernel on it", async () => {
  const { code, stdout, stderr } = await runTaskCommand("doctor", "--json");
  assert.equal(code, 0, stderr);
  const { ok, adapter, kernels, training, ailments } = JSON.parse(stdout);
  assert.equal(ok, true);
  assert.ok(training.seconds === 1800 && training.epochs >= 1 && training.originalSeconds > 0);
  assert.equal(typeof adapter.description, "string");
  assert.ok(kernels.length > 0);
  for (const { kernel, passed, worstError, limit } of kernels) {
    assert.ok(passed && worstError <= limit, `${kernel}: ${worstError} of ${limit}`);
  }
  assert.ok(ailments.every(({ kind }: { kind: string }) => kind === "slow"));
});

Deno.test("doctor: fails without an adapter, and says what to type", async () => {
  const plain = await runTaskWith(NO_DRIVER, "doctor");
  assert.equal(plain.code, 1);
  assert.match(plain.stderr, /^error: this machine offers no WebGPU adapter.*\n(hint: .*\n)?$/);
  if (Deno.build.os === "linux") assert.match(plain.stderr, /hint: (sudo )?sh tasks\/run\.sh --driver\n/);
  assert.match(plain.stdout, /\nverdict +not ready: nothing can run here\nnext +.*deno task doctor\n$/);
  const json = await runTaskWith(NO_DRIVER, "doctor", "--json");
  assert.equal(json.code, 1);
  const { ok, adapter, kernels, ailments } = JSON.parse(json.stdout);
  assert.deepEqual({ ok, adapter, kernels }, { ok: false, adapter: null, kernels: [] });
  assert.equal(ailments.length, 1);
});

Deno.test("describeVerdict of doctor: whether this machine is ready, and what to do next", () => {
  const ready = { failed: [], found: [], onCpu: false };
  assert.match(describeVerdict(ready), /^verdict +ready: every kernel passed\nnext +deno task demo, /);
  assert.match(describeVerdict({ ...ready, onCpu: true }), /^verdict +ready, on the CPU: /);
  const training = chooseForBudget({
    seconds: 1800,
    speed: { adapter: "", points: [], seconds: 2 },
    stepSeconds: ({ filters, size, batchSize }) => filters * batchSize * size ** 2 * 5e-7,
    images: { train: 1502, valid: 429 },
    given: {},
    most: { filters: 32, size: 256, batchSize: 32, epochs: 40 },
    sizeStep: 32,
    fits: () => true,
    parameters: () => 0,
  });
  assert.match(
    describeVerdict({ ...ready, training }),
    /\n +in 30 min 00 s it trains \d+ filters at \d+ px .*settings would take \d+ h .*\n[^]* deno task train --budget 30m/,
  );
  const slow = { kind: "slow", message: "Mesa is old", command: "sh fix.sh" } as const;
  assert.match(
    describeVerdict({ ...ready, found: [slow] }),
    /^verdict +ready, but slower than it could be: .*\nnext +sh fix\.sh makes it faster\n +deno task demo/,
  );
  assert.match(
    describeVerdict({ ...ready, failed: ["conv2d", "conv2d"] }),
    /^verdict +not ready: results of conv2d would be wrong here\nnext +update the driver, or use --software\n$/,
  );
  const fatal = { kind: "fatal", message: "no adapter", command: null } as const;
  assert.match(
    describeVerdict({ ...ready, found: [fatal] }),
    /^verdict +not ready: .*\nnext +fix the error, /,
  );
});
