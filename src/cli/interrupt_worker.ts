/**
 * Listens for Ctrl-C and SIGTERM in a thread of its own, since the main thread is blocked while it waits for the GPU.
 *
 * @module
 */
import { CONTROL, moveCursor, writeStderr } from "./terminal.ts";

/** Message to the thread: the note for the first signal. */
export interface ToInterruptWorker {
  /** A line for the user, or null. */
  readonly note: string | null;
  /** Signals to listen for besides those of {@linkcode SIGNALS}. */
  readonly also: readonly Deno.Signal[];
}

/** Messages from the thread: that it listens, and which signal came first. */
export type FromInterruptWorker = "listening" | Deno.Signal;

/** Windows has no SIGTERM, and Deno refuses to listen for it there. */
const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];

/**
 * Milliseconds during which a second signal counts as the first: a terminal sends Ctrl-C to all processes of a task, and
 * `deno task` forwards its own.
 */
const ECHO_MS = 500;

const scope = self as unknown as {
  onmessage: ((event: MessageEvent<ToInterruptWorker>) => void) | null;
  postMessage(message: FromInterruptWorker): void;
};

scope.onmessage = ({ data: { note, also } }) => {
  let handled = false;
  const handle = (signal: Deno.Signal) => {
    if (handled) return;
    handled = true;
    if (note !== null) {
      if (Deno.stderr.isTerminal()) moveCursor(CONTROL.eraseLine);
      writeStderr(`note: ${note}\n`);
    }
    scope.postMessage(signal);
    setTimeout(() => {
      // Without listeners, the next signal ends the process as usual.
      for (const [signal, listener] of listeners) Deno.removeSignalListener(signal, listener);
    }, ECHO_MS);
  };
  const listeners = [...SIGNALS, ...also].map((signal) => [signal, () => handle(signal)] as const);
  for (const [signal, listener] of listeners) Deno.addSignalListener(signal, listener);
  scope.postMessage("listening");
};
