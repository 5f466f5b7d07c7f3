/**
 * `deno task test:onnx`: runs `onnxruntime.ts` in a process of its own, which may load the native library.
 *
 * @module
 */
import type { Command } from "commander";
import { NO_LOADER } from "../../src/benchmark/peer_process.ts";
import { createCommand, EXIT, ExitError, main, writeStdout } from "../../src/cli/task.ts";

/** What the process may do; without the lock file, which holds the project's own packages only. */
const FLAGS = [
  "--quiet",
  "--no-lock",
  "--no-prompt",
  "--allow-read",
  "--allow-ffi",
  "--allow-env=DENO_WEBGPU_BACKEND",
  "--allow-run=/usr/bin/python3",
];

/** The command. */
export function command(): Command {
  return createCommand(
    "test:onnx",
    "Compares exported ONNX models with our predictions in onnxruntime-node, which it fetches, and checks them with " +
      "Debian's python3-onnx; the last line is 'N passed, N failed'.",
  ).action(async () => {
    const args = ["test", ...FLAGS, "tests/onnx/onnxruntime.ts"];
    const deno = new Deno.Command("deno", {
      args,
      env: { ...NO_LOADER, NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
    });
    const child = deno.spawn();
    let text = "";
    for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
      writeStdout(part);
      text += part;
    }
    const [, passed = "0", failed = "0"] = /(\d+) passed(?:.*?)\| (\d+) failed/.exec(text) ?? [];
    const { code } = await child.status;
    writeStdout(`${passed} passed, ${code !== 0 && failed === "0" ? 1 : failed} failed\n`);
    if (code !== 0) throw new ExitError(EXIT.failed);
  });
}

if (import.meta.main) await main(command());
