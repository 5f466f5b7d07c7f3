/**
 * A peer in a process of its own, which does one unit of work for each line it is sent; the protocol is described in
 * `tests/bench/peers/serve.ts`.
 *
 * @module
 */

/** The answer of a peer to one unit of work. */
export interface PeerAnswer {
  /** Seconds by its own clock. */
  readonly seconds: number;
  /** Peak device memory in bytes, if it reports it. */
  readonly peakBytes?: number;
}

/** Characters of standard error that are kept to explain a failure. */
const MOST_ERROR = 4000;

/** Milliseconds in which spinning threads come to rest, so that they do not slow down the next contestant. */
const REST = 50;

/**
 * Variables that change which libraries a program loads: if any of them is set, Deno requires permission to run every
 * program. Machines with a GPU often set the first; the system's loader finds the driver without it.
 */
export const NO_LOADER = {
  LD_LIBRARY_PATH: "",
  LD_PRELOAD: "",
  DYLD_LIBRARY_PATH: "",
  DYLD_INSERT_LIBRARIES: "",
};

interface Ready {
  ready: string;
  work: string[];
}

/** A peer that is ready. */
export class PeerProcess {
  /** Its name and version. */
  readonly name: string;
  /** The kinds of work it offers. */
  readonly work: readonly string[];
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: AsyncIterator<Record<string, unknown>>;

  private constructor(
    ready: Ready,
    child: Deno.ChildProcess,
    input: WritableStreamDefaultWriter<Uint8Array>,
    answers: AsyncIterator<Record<string, unknown>>,
  ) {
    this.name = ready.ready;
    this.work = ready.work;
    this.#child = child;
    this.#input = input;
    this.#answers = answers;
  }

  /**
   * Starts a peer and waits until it has warmed up.
   *
   * @throws {Error} if it cannot be started, ends early, or is not ready in time; with the last line it printed.
   */
  static async start(command: readonly string[], seconds: number): Promise<PeerProcess> {
    const [program, ...args] = command;
    const child = new Deno.Command(program!, {
      args,
      env: NO_LOADER,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const complaint = lastError(child.stderr);
    const timer = setTimeout(() => kill(child), 1000 * seconds);
    const answers = documents(child.stdout);
    try {
      const { value, done } = await answers.next();
      if (done) {
        const why = (await child.status).signal === "SIGKILL"
          ? `it was not ready in ${seconds} seconds`
          : await complaint;
        throw new Error(`Cannot start ${program}: ${why}`);
      }
      return new PeerProcess(value as unknown as Ready, child, child.stdin.getWriter(), answers);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Lets the peer do one unit of work. @throws {Error} if it has ended. */
  async measure(work: string): Promise<PeerAnswer> {
    await this.#input.write(new TextEncoder().encode(`${work}\n`));
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`${this.name} ended while it was measured`);
    await new Promise((resolve) => setTimeout(resolve, REST));
    return value as unknown as PeerAnswer;
  }

  /** Ends the process. */
  async close(): Promise<void> {
    kill(this.#child);
    await this.#child.status;
  }
}

/** The JSON documents among the lines of a stream; libraries may print other lines. */
async function* documents(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Record<string, unknown>> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) if (line.startsWith("{")) yield JSON.parse(line);
  }
}

/** The last line of a stream that looks like an error, else its very last line. */
async function lastError(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let end = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) end = (end + text).slice(-MOST_ERROR);
  // deno-lint-ignore no-control-regex
  const lines = end.replace(/\x1b\[[0-9;]*m/g, "").trim().split("\n");
  return lines.findLast((line) => /^\w*error\b/i.test(line)) ?? (lines.at(-1)! || "it printed nothing");
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    // It has ended already.
    if (!(error instanceof TypeError)) throw error;
  }
}
