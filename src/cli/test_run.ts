/**
 * Runs the project's tests and counts them.
 *
 * @module
 */
import { fileURLToPath, pathToFileURL } from "node:url";
import { type DenoResult, runDeno } from "./deno_command.ts";
import { formatSeconds } from "../format.ts";
import { writeStderr, writeStdout } from "./task.ts";
import { findTests, groupTests, type TestGroups } from "./test_groups.ts";

/** How many tests passed and failed. */
export interface TestCounts {
  /** Tests that passed. */
  passed: number;
  /** Tests that failed; at least 1 if the run as a whole failed. */
  failed: number;
}

/** Settings of {@linkcode runTests}. */
export interface TestOptions {
  /** Only tests whose name contains this text or matches this `/pattern/`. */
  filter?: string;
  /** Stop after the first failure. */
  failFast?: boolean;
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Imports the files that it is given, so that they share one realm and one device. */
const SHARED_PROCESS = `${ROOT}tests/support/shared_process.ts`;

/** Preloaded: makes tests fail that open a GPU. */
const NO_GPU = `${ROOT}tests/support/no_gpu.ts`;

/**
 * Runs the tests in `paths` under the permission set `test`, printing results as they come.
 *
 * Tests that open a GPU run in one process, and at the same time all others in parallel in a second process, because
 * a device and the thread that feeds it rarely keep all cores busy. The output of the second process is printed in one
 * piece when it ends.
 */
export async function runTests(paths: readonly string[], options: TestOptions = {}): Promise<TestCounts> {
  const files = await findTests(paths);
  if (files.length === 0) return { passed: 0, failed: 1 };
  // One check of all types; the processes leave it out, since each would check most of the project again.
  const types = await runDeno(["check", "-q", ...files]);
  if (types.code !== 0) {
    writeStderr(types.stderr);
    return { passed: 0, failed: 1 };
  }
  return await runGroups(await groupTests(files, ROOT), options);
}

async function runGroups({ gpu, parallel }: TestGroups, options: TestOptions): Promise<TestCounts> {
  const stop = new AbortController();
  const run = async (name: string, args: string[], held: boolean): Promise<TestCounts> => {
    const output: [typeof writeStdout, string][] = [];
    const start = performance.now();
    const result = await runDeno(["test", "-q", "-P=test", "--no-check", ...testFlags(options), ...args], {
      onLine: (line, write) => held ? output.push([write, line]) : write(line),
      signal: stop.signal,
    });
    for (const [write, line] of output) write(line);
    if (stop.signal.aborted) return { passed: 0, failed: 0 };
    const counts = judge(result, name);
    const { passed, failed } = counts;
    writeStdout(
      `${name}: ${passed} passed, ${failed} failed in ${formatSeconds((performance.now() - start) / 1000)}\n`,
    );
    if (options.failFast && failed > 0) stop.abort();
    return counts;
  };
  const urls = gpu.map((path) => pathToFileURL(path).href);
  const runs = [
    ...(gpu.length === 0 ? [] : [run("GPU tests", [SHARED_PROCESS, "--", ...urls], false)]),
    ...(parallel.length === 0
      ? []
      : [run("parallel tests", ["--parallel", "--preload", NO_GPU, ...parallel], gpu.length > 0)]),
  ];
  return sumCounts(await Promise.all(runs));
}

function testFlags({ filter, failFast }: TestOptions): string[] {
  return [...(filter === undefined ? [] : [`--filter=${filter}`]), ...(failFast ? ["--fail-fast"] : [])];
}

/** Counts the tests of one process, and says if a signal ended it. */
function judge({ code, stdout }: DenoResult, name: string): TestCounts {
  if (code > 127) {
    // 128 and more: by a signal, such as 137 if the system ran out of memory.
    writeStderr(`error: the ${name} were ended by signal ${code - 128}\n`);
  }
  return countTests(stdout, code);
}

/**
 * Counts from the last line of `deno test` (`ok | 12 passed (3 steps) | 0 failed (2s)`) and its exit code.
 *
 * A process that failed without a failed test (a module that cannot be loaded, a crash) counts as one failure.
 */
export function countTests(stdout: string, code: number): TestCounts {
  const last = [...stdout.matchAll(/^(?:ok|FAILED) \| (\d+) passed.*? \| (\d+) failed/gm)].at(-1);
  const failed = Number(last?.[2] ?? 0);
  const isBroken = code !== 0 || last === undefined;
  return { passed: Number(last?.[1] ?? 0), failed: isBroken ? Math.max(1, failed) : failed };
}

/** Adds up the counts of several processes; if no test ran at all, that counts as one failure. */
export function sumCounts(counts: readonly TestCounts[]): TestCounts {
  const passed = counts.reduce((sum, { passed }) => sum + passed, 0);
  const failed = counts.reduce((sum, { failed }) => sum + failed, 0);
  return { passed, failed: passed + failed === 0 ? 1 : failed };
}
