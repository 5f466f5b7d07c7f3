/**
 * Listens for Ctrl-C in a thread of its own, since the one that trains hears nothing while it waits for the GPU.
 *
 * @module
 */
import { writeStderr } from "./task.ts";

/** What the thread is told: what to say at the first Ctrl-C. */
export interface ToInterruptWorker {
  /** A line for the user. */
  readonly note: string;
}

/** What the thread tells: it listens, and the first Ctrl-C came. */
export type FromInterruptWorker = "listening" | "interrupted";

const scope = self as unknown as {
  onmessage: ((event: MessageEvent<ToInterruptWorker>) => void) | null;
  postMessage(message: FromInterruptWorker): void;
};

scope.onmessage = ({ data: { note } }) => {
  const listener = () => {
    // From here on nobody listens, and the next Ctrl-C ends the process as it does any other.
    Deno.removeSignalListener("SIGINT", listener);
    writeStderr(`${Deno.stderr.isTerminal() ? "\r\x1b[K" : ""}note: ${note}\n`);
    scope.postMessage("interrupted");
  };
  Deno.addSignalListener("SIGINT", listener);
  scope.postMessage("listening");
};
