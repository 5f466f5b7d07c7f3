/** The task `doctor`, with and without an adapter. */
import assert from "node:assert/strict";
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
  const { ok, adapter, kernels, ailments } = JSON.parse(stdout);
  assert.equal(ok, true);
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
  const json = await runTaskWith(NO_DRIVER, "doctor", "--json");
  assert.equal(json.code, 1);
  const { ok, adapter, kernels, ailments } = JSON.parse(json.stdout);
  assert.deepEqual({ ok, adapter, kernels }, { ok: false, adapter: null, kernels: [] });
  assert.equal(ailments.length, 1);
});
