import assert from "node:assert/strict";
import { countTests, sumCounts } from "../../src/cli/test_run.ts";

Deno.test("countTests: reads the last of deno's closing lines", () => {
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

Deno.test("countTests: a crash counts as a failure, even after a closing line without any", () => {
  assert.deepEqual(countTests("", 1), { passed: 0, failed: 1 });
  assert.deepEqual(countTests("ok | 5 passed | 0 failed (1ms)\n", 134), { passed: 5, failed: 1 });
  assert.deepEqual(countTests("ok | 5 passed | 0 failed (1ms)\n", 137), { passed: 5, failed: 1 });
  assert.deepEqual(countTests("no closing line\n", 0), { passed: 0, failed: 1 });
});

Deno.test("sumCounts: adds up processes; no test at all counts as a failure", () => {
  assert.deepEqual(sumCounts([{ passed: 2, failed: 0 }, { passed: 3, failed: 1 }]), { passed: 5, failed: 1 });
  assert.deepEqual(sumCounts([{ passed: 0, failed: 0 }, { passed: 3, failed: 0 }]), { passed: 3, failed: 0 });
  assert.deepEqual(sumCounts([{ passed: 0, failed: 0 }, { passed: 0, failed: 0 }]), { passed: 0, failed: 1 });
});
