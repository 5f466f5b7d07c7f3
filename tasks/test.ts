/**
 * `deno task test`: every test, under the tests' own permission set.
 *
 * @module
 */
import type { Command } from "commander";
import { createCommand, EXIT, ExitError, main, writeStdout } from "../src/cli/task.ts";
import { runTests } from "../src/cli/test_run.ts";

interface Options {
  filter?: string;
  failFast?: boolean;
}

/** The command `test`. */
export function command(): Command {
  return createCommand("test", "Runs the tests, and closes with the line 'N passed, N failed'.")
    .argument("[paths...]", "test files or folders", ["tests/"])
    .option("--filter <text>", "only tests whose name contains this text, or matches this /pattern/")
    .option("--fail-fast", "stop after the first failure")
    .action(async (paths: string[], options: Options) => {
      const flags = [
        ...(options.filter === undefined ? [] : [`--filter=${options.filter}`]),
        ...(options.failFast ? ["--fail-fast"] : []),
      ];
      const { passed, failed } = await runTests(paths, flags);
      writeStdout(`${passed} passed, ${failed} failed\n`);
      if (failed > 0) throw new ExitError(EXIT.failed);
    });
}

if (import.meta.main) await main(command());
