/** The task `bench`, in the parts that take seconds: no test asserts a time. */
import assert from "node:assert/strict";
import { command } from "../../tasks/bench.ts";
import { runInProcess, runTaskCommand } from "../support/run_task.ts";

Deno.test("bench: --json prints the machine and the chosen sections as one document", async () => {
  const { code, stdout, stderr } = await runTaskCommand(
    "bench",
    ...["--quick", "--only", "start,calibration", "--json"],
  );
  assert.equal(code, 0, stderr);
  const { machine, calibration, start, loadAfter, seconds, ...rest } = JSON.parse(stdout);
  assert.deepEqual(rest, {});
  assert.ok(machine.adapter !== "" && machine.cores > 0 && machine.loadBefore >= 0 && loadAfter >= 0);
  assert.ok(calibration.gigaflops.best > 0 && start.readySeconds > 0 && seconds > 0);
});

Deno.test("bench: prints tables, and its notes to standard error", async () => {
  const { code, stdout, stderr } = await runTaskCommand("bench", "--quick", "--only", "calibration");
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^adapter .*\ndriver .*\nmachine .*\nload .*\n\ncalibration {2}\d/);
  assert.match(stdout, /\nmeasured in \d+ s, load .*\n$/);
  assert.match(stderr, /^calibration: measuring\n$/);
});

Deno.test("bench: flags that exclude each other, and unknown sections, are usage errors", async () => {
  const cases: [string[], RegExp][] = [
    [["--only", "kernel"], /"kernel" is not one of calibration, kernels, /],
    [["--filters", "4"], /--filters requires --gpu/],
    [["--gpu", "--quick"], /--quick and --gpu exclude each other/],
    [["--explore"], /--explore requires --gpu/],
    [["--gpu", "--explore", "--peers"], /--peers and --gpu exclude each other/],
    [["--gpu", "--size", "16"], /expected an integer from 32/],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await runInProcess(command(), args);
    assert.deepEqual([code, stdout], [2, ""], args.join(" "));
    assert.match(stderr, message);
  }
});
