/**
 * Runs Deno itself: what the tasks that check the project are made of.
 *
 * @module
 */
import { writeStderr, writeStdout } from "./task.ts";

/** What a run of Deno came to. */
export interface DenoResult {
  /** Exit code. */
  code: number;
  /** Standard output, without colours. */
  stdout: string;
  /** Standard error, without colours. */
  stderr: string;
}

/** How {@linkcode runDeno} treats what Deno prints. */
export interface DenoOptions {
  /** Pass the output on as it comes, standard output to standard output and errors to errors; false unless given. */
  echo?: boolean;
}

/**
 * Runs `deno ARGS` in the current folder to its end.
 *
 * @throws {Error} where no `deno` is on PATH.
 */
export async function runDeno(args: readonly string[], options: DenoOptions = {}): Promise<DenoResult> {
  const plain = !(options.echo === true && Deno.stdout.isTerminal());
  const child = spawn(args, plain);
  const echo = options.echo === true;
  const [stdout, stderr, status] = await Promise.all([
    drain(child.stdout, echo ? writeStdout : undefined),
    drain(child.stderr, echo ? writeStderr : undefined),
    child.status,
  ]);
  return { code: status.code, stdout: stripColors(stdout), stderr: stripColors(stderr) };
}

function spawn(args: readonly string[], plain: boolean): Deno.ChildProcess {
  try {
    return new Deno.Command("deno", {
      args: [...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      ...(plain ? { env: { NO_COLOR: "1" } } : {}),
    }).spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(
      `Cannot run "deno ${args[0]}": no deno is on PATH\nhint: sh tasks/run.sh finds or gets one`,
    );
  }
}

async function drain(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  write: ((text: string) => void) | undefined,
): Promise<string> {
  let all = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    write?.(text);
    all += text;
  }
  return all;
}

function stripColors(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/\x1b\[[0-9;]*m/g, "");
}
