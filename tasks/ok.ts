/**
 * `deno task ok`: everything that must hold before a change is handed in.
 *
 * @module
 */
import type { Command } from "commander";
import { runDeno } from "../src/cli/deno_command.ts";
import { formatSeconds, plural } from "../src/cli/format.ts";
import { createCommand, EXIT, ExitError, main, writeStderr, writeStdout } from "../src/cli/task.ts";
import { excusesAbort, runTests } from "../src/cli/test_run.ts";

/** One thing that must hold: its name and the words after `deno` that prove it. */
interface Check {
  name: string;
  args: string[];
}

const CHECKS: readonly Check[] = [
  { name: "format", args: ["fmt", "--check"] },
  { name: "lint", args: ["lint"] },
  { name: "types", args: ["check", "-q"] },
  { name: "doc lint", args: ["doc", "--lint", "mod.ts"] },
  {
    name: "doc examples",
    args: ["test", "-q", "-P=test", "--doc", "--permit-no-files", "README.md", "mod.ts", "src/", "kernels/"],
  },
  { name: "import directions", args: ["test", "-q", "-P=test", "tests/project/imports_test.ts"] },
];

/** The command `ok`. */
export function command(): Command {
  return createCommand("ok", `Checks ${CHECKS.map(({ name }) => name).join(", ")}, and runs the tests.`)
    .option("--no-tests", "leave the tests out")
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

/** Runs one check; what it printed is shown where it fails. */
async function prove({ name, args }: Check): Promise<boolean> {
  const start = performance.now();
  const { code, stdout, stderr } = await runDeno(args);
  const passed = code === 0 || excusesAbort(stdout, code);
  const seconds = formatSeconds((performance.now() - start) / 1000);
  writeStdout(`${name}: ${passed ? "ok" : "FAILED"} (${seconds})\n`);
  if (!passed) writeStderr(`${stdout}${stderr}`);
  return passed;
}

if (import.meta.main) await main(command());
