/** The task `bench`, in the little that takes seconds: no test asserts a time. */
import assert from "node:assert/strict";
import { runTaskCommand } from "../support/task_command.ts";

Deno.test("bench --json prints the machine and the sections that were asked for, as one document", async () => {
  const { code, stdout, stderr } = await runTaskCommand(
    "bench",
    "--quick",
    "--only",
    "memory,calibration",
    "--json",
  );
  assert.equal(code, 0, stderr);
  const { machine, calibration, memory, loadAfter, seconds, ...rest } = JSON.parse(stdout);
  assert.deepEqual(rest, {});
  assert.ok(machine.adapter !== "" && machine.cores > 0 && machine.loadBefore >= 0 && loadAfter >= 0);
  assert.ok(calibration.gigaflops.best > 0 && seconds > 0);
  assert.equal(memory.length, 2 * 5 * 7);
  assert.ok(
    memory.every((entry: { planned: number | null; refusal: string | null }) =>
      (entry.planned === null) !== (entry.refusal === null)
    ),
  );
});

Deno.test("bench prints tables, its notes go to standard error", async () => {
  const { code, stdout, stderr } = await runTaskCommand("bench", "--quick", "--only", "memory");
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^adapter .*\ndriver .*\nmachine .*\nload .*\n\nmemory of training, 8 filters, GiB/);
  assert.match(stdout, /\n {2}1024 px, planned .*\n[^]*\nmeasured in \d+ s, load .*\n$/);
  assert.match(stderr, /^memory: measuring\n$/);
});

Deno.test("bench: flags that do not go together, and unknown sections, are usage errors", async () => {
  const cases: [string[], RegExp][] = [
    [["--only", "kernel"], /"kernel" is none of calibration, kernels, /],
    [["--filters", "4"], /--filters is for --gpu alone/],
    [["--gpu", "--quick"], /--quick and --gpu exclude each other/],
    [["--gpu", "--size", "16"], /expected a whole number from 32/],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await runTaskCommand("bench", ...args);
    assert.deepEqual([code, stdout], [2, ""], args.join(" "));
    assert.match(stderr, message);
  }
});
