/**
 * Runs Deno itself, for the tasks that check the project.
 *
 * @module
 */
import { passThrough } from "./terminal.ts";

/** Result of a run of Deno. */
export interface DenoResult {
  /** Exit code. */
  code: number;
  /** Standard output, without colors. */
  stdout: string;
  /** Standard error, without colors. */
  stderr: string;
}

/** Writes text to standard output or standard error. */
export type Write = (text: string) => void;

/** Settings of {@linkcode runDeno}. */
export interface DenoOptions {
  /** Called with each line as it comes, its line break included, and with the stream that it belongs to. */
  onLine?: (line: string, write: Write) => void;
  /** Ends the process when it is aborted. */
  signal?: AbortSignal;
}

/**
 * Runs `deno ARGS` in the current folder and waits for its end.
 *
 * @throws {Error} If there is no `deno` on PATH.
 */
export async function runDeno(args: readonly string[], options: DenoOptions = {}): Promise<DenoResult> {
  const { onLine, signal } = options;
  const hasColors = onLine !== undefined && Deno.stdout.isTerminal();
  const child = spawn(args, hasColors, signal);
  const read = (stream: ReadableStream<Uint8Array<ArrayBuffer>>, write: Write) =>
    readLines(stream, (line) => onLine?.(line, write));
  const [stdout, stderr, status] = await Promise.all([
    read(child.stdout, (line) => passThrough("stdout", line)),
    read(child.stderr, (line) => passThrough("stderr", line)),
    child.status,
  ]);
  return { code: status.code, stdout: stripColors(stdout), stderr: stripColors(stderr) };
}

function spawn(
  args: readonly string[],
  hasColors: boolean,
  signal: AbortSignal | undefined,
): Deno.ChildProcess {
  try {
    return new Deno.Command("deno", {
      args: [...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      ...(hasColors ? {} : { env: { NO_COLOR: "1" } }),
      ...(signal ? { signal } : {}),
    }).spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(
      `Cannot run "deno ${args[0]}": there is no deno on PATH\nhint: sh tasks/run.sh finds or installs one`,
    );
  }
}

/** Reads a stream to its end, line by line; a last line without a line break gets one. */
async function readLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  onLine: (line: string) => void,
): Promise<string> {
  let [all, rest] = ["", ""];
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    all += text;
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) onLine(`${line}\n`);
  }
  if (rest !== "") onLine(`${rest}\n`);
  return all;
}

function stripColors(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/\x1b\[[0-9;]*m/g, "");
}
