import assert from "node:assert/strict";
import { abortedAtExit, countTests } from "../../src/cli/test_run.ts";

Deno.test("countTests: reads deno's closing line, the last one", () => {
  assert.deepEqual(countTests("a ... ok (1ms)\n\nok | 12 passed | 0 failed (2s)\n", 0), {
    passed: 12,
    failed: 0,
  });
  assert.deepEqual(countTests("ok | 3 passed (7 steps) | 0 failed | 2 filtered out (1s)\n", 0), {
    passed: 3,
    failed: 0,
  });
  assert.deepEqual(countTests("ok | 9 passed | 0 failed\nFAILED | 1 passed | 2 failed (3ms)\n", 1), {
    passed: 1,
    failed: 2,
  });
});

Deno.test("countTests: a run that broke, or ran nothing, has failed", () => {
  assert.deepEqual(countTests("", 1), { passed: 0, failed: 1 });
  assert.deepEqual(countTests("ok | 0 passed | 0 failed (1ms)\n", 0), { passed: 0, failed: 1 });
  assert.deepEqual(countTests("ok | 5 passed | 0 failed (1ms)\n", 137), { passed: 5, failed: 1 });
  assert.deepEqual(countTests("no closing line\n", 0), { passed: 0, failed: 1 });
});

Deno.test("countTests: an abort counts as a failure, unless it came behind a closing line without any", () => {
  const closed = "a ... ok (1ms)\n\nok | 5 passed | 0 failed (1ms)\n\n";
  assert.ok(abortedAtExit(closed, 134));
  assert.deepEqual(countTests(closed, 134), { passed: 5, failed: 0 });
  for (
    const [stdout, code] of [
      [closed, 139],
      ["a ... ok (1ms)\n", 134],
      ["\nok | 0 passed | 0 failed (1ms)\n", 134],
      [`${closed}running 3 tests from ./b_test.ts\n`, 134],
      ["\nFAILED | 5 passed | 1 failed (1ms)\n", 134],
    ] as const
  ) {
    assert.ok(!abortedAtExit(stdout, code), stdout);
    assert.ok(countTests(stdout, code).failed >= 1);
  }
});
