/**
 * A run of the project's tests, and what it came to in numbers.
 *
 * @module
 */
import { runDeno } from "./deno_command.ts";
import { writeStderr, writeStdout } from "./task.ts";

/** What a shell reports of a process that aborted: 128 + SIGABRT. */
const ABORTED = 134;

/** How many tests passed and failed. */
export interface TestCounts {
  /** Tests that passed. */
  passed: number;
  /** Tests that failed; at least 1 where the run as a whole failed. */
  failed: number;
}

/**
 * Counts from the closing line of `deno test` (`ok | 12 passed (3 steps) | 0 failed (2s)`) and its exit code.
 *
 * A run that ended badly without a failed test (a module that does not compile, a crash) counts as one failure,
 * and so does a run of no test at all: what proves nothing has not passed. An abort behind a closing line without
 * failures is no test's: LLVM, by which Mesa's software adapter compiles, is known to free memory twice while a process
 * ends (llvm-project issues 60361 and 105547), rarely and on busy machines.
 */
export function countTests(stdout: string, code: number): TestCounts {
  const closing = [...stdout.matchAll(/^(?:ok|FAILED) \| (\d+) passed.*? \| (\d+) failed/gm)].at(-1);
  const passed = Number(closing?.[1] ?? 0);
  const failed = Number(closing?.[2] ?? 0);
  const bad = (code !== 0 && !abortedAtExit(stdout, code)) || passed + failed === 0;
  return { passed, failed: bad ? Math.max(1, failed) : failed };
}

/** Whether a run of `deno test` failed in nothing but its end, and if so says so. */
export function excusesAbort(stdout: string, code: number): boolean {
  const excused = abortedAtExit(stdout, code);
  if (excused) {
    writeStderr("note: the driver's compiler aborted while the process ended, after every test had passed\n");
  }
  return excused;
}

/** Whether a run aborted behind its closing line, which told of no failure. */
export function abortedAtExit(stdout: string, code: number): boolean {
  return code === ABORTED && /\nok \| [1-9]\d* passed[^\n]* \| 0 failed[^\n]*\s*$/.test(stdout);
}

/** Runs the tests in `paths` under the permission set `test`, showing them as they come. */
export async function runTests(paths: readonly string[], flags: readonly string[] = []): Promise<TestCounts> {
  const { code, stdout } = await runDeno(["test", "-q", "-P=test", ...flags, ...paths], { echo: true });
  if (stdout !== "" && !stdout.endsWith("\n")) writeStdout("\n"); // Ended within a line: the counts get their own.
  if (!excusesAbort(stdout, code) && code > 127) {
    // 128 and more: by a signal, such as 137 where the system ran out of memory.
    writeStderr(`error: the tests were ended by signal ${code - 128} before they were done\n`);
  }
  return countTests(stdout, code);
}
