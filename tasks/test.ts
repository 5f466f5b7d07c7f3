/**
 * `deno task test`: runs the tests under their own permission set.
 *
 * @module
 */
import type { Command } from "commander";
import { createCommand, EXIT, ExitError, main, writeStdout } from "../src/cli/task.ts";
import { runTests, type TestOptions } from "../src/cli/test_run.ts";

/** The command `test`. */
export function command(): Command {
  return createCommand("test", "Runs the tests; the last line is 'N passed, N failed'.")
    .argument("[paths...]", "test files or folders", ["tests/"])
    .option("--filter <text>", "only tests whose name contains this text or matches this /pattern/")
    .option("--fail-fast", "stop after the first failure")
    .action(async (paths: string[], options: TestOptions) => {
      const { passed, failed } = await runTests(paths, options);
      writeStdout(`${passed} passed, ${failed} failed\n`);
      if (failed > 0) throw new ExitError(EXIT.failed);
    });
}

if (import.meta.main) await main(command());
