/**
 * `compile`: compiles all commands into one binary, with permissions built in.
 *
 * @module
 */
import { join } from "node:path";
import type { Command } from "commander";
import { type PermissionSets, unionFlags } from "../src/cli/permission_flags.ts";
import { runDeno } from "../src/cli/deno_command.ts";
import { createCommand, EXIT, ExitError, main, writeStderr, writeStdout } from "../src/cli/task.ts";
import { cardFileOf } from "../src/fs/layout.ts";
import { SHIPPED_MODEL } from "../src/prediction/shipped_model.ts";
import { withEmbeddedPage } from "../src/page/embed.ts";
import configuration from "../deno.json" with { type: "json" };
import { BINARY_COMMANDS } from "./main.ts";

/** Modules that Workers load by URL: the module graph does not include them. */
const WORKERS = [
  "src/dataset/batch_worker.ts",
  "src/image/decode_worker.ts",
  "src/dataset/prepare_worker.ts",
  "src/tracking/swanlab_worker.ts",
  "src/cli/interrupt_worker.ts",
  "src/cli/rank_watch_worker.ts",
  "src/fs/heartbeat_worker.ts",
  "src/gpu/first_run_worker.ts",
  "src/page/server/dataset/survey_worker.ts",
];

/** The model that comes with the program, and its card, if it is there. */
export function shippedFiles(project = "."): string[] {
  return [SHIPPED_MODEL, cardFileOf(SHIPPED_MODEL)].filter((file) => {
    try {
      return Deno.statSync(join(project, file)).isFile;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  });
}

/** Calls `body` with the module that the binary starts with: all commands, and the page's scripts. */
export function withEntry<T>(body: (entry: string) => Promise<T>): Promise<T> {
  const module = join(import.meta.dirname!, "main.ts");
  return withEmbeddedPage(join(import.meta.dirname!, "../dist"), { module, start: "start" }, body);
}

/** The arguments of `deno` that compile the binary. */
export function compileArguments(output: string, entry: string, target?: string): string[] {
  return [
    "compile",
    "-q",
    // `deno task ok` checks all types; here that would take most of the time.
    "--no-check",
    "--no-prompt",
    ...unionFlags(configuration.permissions as PermissionSets, Object.keys(BINARY_COMMANDS)),
    ...[...WORKERS, ...shippedFiles()].flatMap((file) => ["--include", file]),
    ...(target ? ["--target", target] : []),
    "--output",
    output,
    entry,
  ];
}

/** Why there is no binary: in two lines if Deno's runtime is missing, otherwise after Deno's own output. */
export function describeFailure(output: string, code: number, stderr: string): string {
  const address = /https?:\/\/\S*\/denort-[^\s)]*\.zip/.exec(stderr)?.[0];
  const failure = `error: Cannot compile ${output}: `;
  if (address === undefined) return `${stderr}${failure}deno compile ended with code ${code}\n`;
  return `${failure}Deno's runtime (denort) cannot be downloaded from ${address}\n` +
    "hint: set DENORT_BIN to a denort of the same version, or put its zip into Deno's cache\n";
}

/** The `compile` command. */
export function command(): Command {
  return createCommand(
    "compile",
    "Compiles all commands into one binary, dist/unet, with permissions built in.",
  )
    .option(
      "--target <triple>",
      "the system to compile for, such as x86_64-unknown-linux-gnu or aarch64-apple-darwin",
    )
    .option("--output <file>", "the binary", "dist/unet")
    .action(async (options: { target?: string; output: string }) => {
      const { code, stderr } = await withEntry((entry) =>
        runDeno(compileArguments(options.output, entry, options.target))
      );
      if (code !== 0) {
        writeStderr(describeFailure(options.output, code, stderr));
        throw new ExitError(EXIT.failed);
      }
      writeStdout(`${options.output}\n`);
    });
}

if (import.meta.main) await main(command());
