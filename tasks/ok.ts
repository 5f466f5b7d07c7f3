/**
 * `deno task ok`: every check that a change must pass.
 *
 * @module
 */
import type { Command } from "commander";
import { runDeno } from "../src/cli/deno_command.ts";
import { formatSeconds, plural } from "../src/cli/format.ts";
import { createCommand, EXIT, ExitError, main, writeStderr, writeStdout } from "../src/cli/task.ts";
import { runTests } from "../src/cli/test_run.ts";

/** One check: its name and the arguments of `deno` that run it. */
interface Check {
  name: string;
  args: string[];
}

const CHECKS: readonly Check[] = [
  { name: "format", args: ["fmt", "--check"] },
  { name: "lint", args: ["lint"] },
  { name: "types", args: ["check", "-q"] },
  { name: "doc lint", args: ["doc", "--lint", "mod.ts", "src/entries/"] },
  {
    name: "doc examples",
    args: ["test", "-q", "-P=test", "--doc", "README.md", "docs/", "mod.ts", "src/", "kernels/"],
  },
  { name: "import directions", args: ["test", "-q", "-P=test", "tests/project/imports_test.ts"] },
];

/** The command `ok`. */
export function command(): Command {
  return createCommand("ok", `Checks ${CHECKS.map(({ name }) => name).join(", ")}, and runs the tests.`)
    .option("--no-tests", "skip the tests")
    .action(async (options: { tests: boolean }) => {
      const failed: string[] = [];
      for (const check of CHECKS) {
        if (!await prove(check)) failed.push(check.name);
      }
      if (options.tests) {
        const counts = await runTests(["tests/"]);
        writeStdout(`tests: ${counts.passed} passed, ${counts.failed} failed\n`);
        if (counts.failed > 0) failed.push("tests");
      }
      const all = CHECKS.length + (options.tests ? 1 : 0);
      if (failed.length === 0) {
        writeStdout(`ok: ${plural(all, "check")} passed\n`);
      } else {
        writeStdout(`not ok: ${failed.length} of ${plural(all, "check")} failed: ${failed.join(", ")}\n`);
        throw new ExitError(EXIT.failed);
      }
    });
}

/** Runs one check, and prints its output if it fails. */
async function prove({ name, args }: Check): Promise<boolean> {
  const start = performance.now();
  const { code, stdout, stderr } = await runDeno(args);
  const passed = code === 0;
  const seconds = formatSeconds((performance.now() - start) / 1000);
  writeStdout(`${name}: ${passed ? "ok" : "FAILED"} (${seconds})\n`);
  if (!passed) writeStderr(`${stdout}${stderr}`);
  return passed;
}

if (import.meta.main) await main(command());
