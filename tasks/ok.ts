/**
 * `deno task ok`: every check that a change must pass.
 *
 * @module
 */
import type { Command } from "commander";
import { runDeno } from "../src/cli/deno_command.ts";
import { formatSeconds, plural } from "../src/format.ts";
import { createCommand, EXIT, ExitError, main, writeStderr, writeStdout } from "../src/cli/task.ts";

/** One check. */
interface Check {
  /** Its name. */
  name: string;
  /** The arguments of `deno` that run it. */
  args: string[];
  /** Whether to print its output as it comes, and not only if it fails. */
  live?: boolean;
}

const CHECKS: readonly Check[] = [
  { name: "format", args: ["fmt", "--check"] },
  { name: "lint", args: ["lint"] },
  { name: "types", args: ["check", "-q"] },
  { name: "doc lint", args: ["doc", "--lint", "mod.ts", "src/entries/"] },
  {
    name: "doc examples",
    // Examples open a GPU: without OpenGL, so that the process does not abort at its exit.
    args: [
      ...["test", "-q", "-P=test", "--doc", "--preload", "tests/support/vulkan_only.ts"],
      ...["README.md", "docs/", "mod.ts", "src/", "kernels/"],
    ],
  },
  { name: "package", args: ["publish", "--dry-run", "--allow-dirty"] },
  { name: "import directions", args: ["test", "-q", "-P=test", "tests/project/imports_test.ts"] },
];

const TESTS: Check = { name: "tests", args: ["run", "-q", "-P=run-tests", "tasks/test.ts"], live: true };

/** The command `ok`. */
export function command(): Command {
  return createCommand("ok", `Checks ${CHECKS.map(({ name }) => name).join(", ")}, and runs the tests.`)
    .option("--no-tests", "skip the tests")
    .action(async (options: { tests: boolean }) => {
      const checks = options.tests ? [...CHECKS, TESTS] : CHECKS;
      const failed: string[] = [];
      for (const check of checks) {
        if (!await passes(check)) failed.push(check.name);
      }
      if (failed.length === 0) {
        writeStdout(`ok: ${plural(checks.length, "check")} passed\n`);
      } else {
        writeStdout(
          `not ok: ${failed.length} of ${plural(checks.length, "check")} failed: ${failed.join(", ")}\n`,
        );
        throw new ExitError(EXIT.failed);
      }
    });
}

/** Runs one check, and prints its output if it fails or is live. */
async function passes({ name, args, live = false }: Check): Promise<boolean> {
  const start = performance.now();
  const { code, stdout, stderr } = await runDeno(args, live ? { onLine: (line, write) => write(line) } : {});
  const seconds = formatSeconds((performance.now() - start) / 1000);
  writeStdout(`${name}: ${code === 0 ? "ok" : "FAILED"} (${seconds})\n`);
  if (code !== 0 && !live) writeStderr(`${stdout}${stderr}`);
  return code === 0;
}

if (import.meta.main) await main(command());
