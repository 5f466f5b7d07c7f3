/**
 * The Worker behind `engine.ts`: owns the GPU, and answers one request after the other. Cancelled ones are left out.
 *
 * This module is browser compatible.
 *
 * @module
 */
import type { Reply, Request } from "./engine_types.ts";
import { PredictSession } from "./predict_session.ts";

/** The part of a Worker's global scope that is used here. */
interface Scope {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(reply: Reply, transfer?: Transferable[]): void;
}

const scope = globalThis as unknown as Scope;
const cancelled = new Set<number>();
let session: PredictSession | undefined;
let last: Promise<void> = Promise.resolve();

scope.onmessage = ({ data }) => {
  if (data.kind === "cancel") cancelled.add(data.id);
  else last = last.then(() => answer(data));
};

async function answer(request: Exclude<Request, { kind: "cancel" }>): Promise<void> {
  const { id } = request;
  if (cancelled.delete(id)) return;
  try {
    const { reply, transfer } = await REPLIES[request.kind](request as never);
    if (!cancelled.delete(id)) scope.postMessage(reply, transfer);
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    scope.postMessage({ kind: "failed", id, error: { name, message } });
  }
}

interface Answer {
  readonly reply: Reply;
  readonly transfer?: Transferable[];
}

const REPLIES = {
  async open({ id, options }: Request & { kind: "open" }): Promise<Answer> {
    session = await PredictSession.open(options, {
      onProgress: (progress) => scope.postMessage({ kind: "progress", progress }),
      onEvent: (event, state) => scope.postMessage({ kind: "event", event, state }),
    });
    return { reply: { kind: "opened", id, state: session.state } };
  },
  async predict({ id, source, options }: Request & { kind: "predict" }): Promise<Answer> {
    const prediction = await opened().predict(source, options);
    const arrays = [
      prediction.image.data,
      ...prediction.classes.flatMap((
        { probabilities, mask, lesionMap },
      ) => [probabilities.data, mask.data, lesionMap]),
    ];
    // Views of the same memory are copied.
    const buffers = new Set(
      arrays.filter((each) => each.byteLength === each.buffer.byteLength).map(({ buffer }) => buffer),
    );
    return {
      reply: { kind: "predicted", id, prediction, state: opened().state },
      transfer: [...buffers] as ArrayBuffer[],
    };
  },
  lose({ id }: Request & { kind: "lose" }): Promise<Answer> {
    opened().loseDevice();
    return Promise.resolve({ reply: { kind: "done", id } });
  },
};

function opened(): PredictSession {
  if (session === undefined) throw new Error("Cannot predict: the engine is not open");
  return session;
}
