/**
 * Listens for Ctrl-C and SIGTERM in a thread of its own, since the one that trains hears nothing while it waits for
 * the GPU.
 *
 * @module
 */
import { writeStderr } from "./task.ts";

/** What the thread is told: what to say at the first signal. */
export interface ToInterruptWorker {
  /** A line for the user. */
  readonly note: string;
}

/** What the thread tells: it listens, and which signal came first. */
export type FromInterruptWorker = "listening" | Signal;

type Signal = "SIGINT" | "SIGTERM";

/** Windows ends a process without a word where others send SIGTERM, and Deno refuses to listen for it there. */
const SIGNALS: readonly Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];

/**
 * For so many milliseconds a second signal is the first one once more: a terminal sends Ctrl-C to all of a task's
 * processes, and `deno task` passes its own on.
 */
const ECHO = 500;

const scope = self as unknown as {
  onmessage: ((event: MessageEvent<ToInterruptWorker>) => void) | null;
  postMessage(message: FromInterruptWorker): void;
};

scope.onmessage = ({ data: { note } }) => {
  let told = false;
  const tell = (signal: Signal) => {
    if (told) return;
    told = true;
    writeStderr(`${Deno.stderr.isTerminal() ? "\r\x1b[K" : ""}note: ${note}\n`);
    scope.postMessage(signal);
    setTimeout(() => {
      // From here on nobody listens, and the next signal ends the process as it does any other.
      for (const [signal, listener] of listeners) Deno.removeSignalListener(signal, listener);
    }, ECHO);
  };
  const listeners = SIGNALS.map((signal) => [signal, () => tell(signal)] as const);
  for (const [signal, listener] of listeners) Deno.addSignalListener(signal, listener);
  scope.postMessage("listening");
};
