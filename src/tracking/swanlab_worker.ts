/**
 * The thread that talks to a SwanLab server: turns messages into calls of {@linkcode SwanLabOnline}.
 *
 * @module
 */
import { SwanLabOnline, type SwanLabOnlineOptions } from "./swanlab_online.ts";
import type { Metrics, RunEnd, TrackedImage, TrackedRun, TrackedText } from "./backend.ts";

/** Messages to the thread. The first is `open`, the last `finish`. */
export type ToWorker =
  | { readonly open: TrackedRun; readonly options: SwanLabOnlineOptions }
  | { readonly scalars: Metrics; readonly step: number; readonly time: Date }
  | { readonly image: TrackedImage; readonly time: Date }
  | { readonly text: TrackedText; readonly time: Date }
  | { readonly finish: RunEnd };

/** Messages from the thread: a line for the user, or that it is done. */
export type FromWorker = { readonly note: string } | { readonly done: true };

// The project is type-checked with the main thread's types, where `self` is a window.
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<ToWorker>) => void;
  postMessage(message: FromWorker): void;
};

let online: SwanLabOnline | undefined;

scope.onmessage = async ({ data }) => {
  try {
    await handle(data);
  } catch (error) {
    scope.postMessage({ note: error instanceof Error ? error.message : String(error) });
  }
  if ("finish" in data) scope.postMessage({ done: true });
};

async function handle(data: ToWorker): Promise<void> {
  if ("open" in data) {
    online = new SwanLabOnline(data.open, data.options, (note) => scope.postMessage({ note }));
  } else if ("scalars" in data) {
    await online?.scalars(data.step, data.scalars, data.time);
  } else if ("image" in data) {
    await online?.image(data.image, data.time);
  } else if ("text" in data) {
    await online?.text(data.text, data.time);
  } else {
    await online?.finish(data.finish);
  }
}
