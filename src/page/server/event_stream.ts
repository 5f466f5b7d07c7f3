/**
 * Server-sent events. A client that has gone ends its stream.
 *
 * @module
 */

/** Milliseconds after which a comment shows that the stream is alive. */
const KEEP_ALIVE_MS = 15_000;

/** Events that wait for a client that reads slowly. */
const MOST_WAITING = 16;

/** Sends an event with JSON. */
export type Send = (event: string, data: unknown) => void;

/** Calls `poll` now and every `everyMs`, one call after the other, until the client or the board goes away. */
export function eventStream(
  { signal, everyMs, poll }: {
    readonly signal: AbortSignal;
    readonly everyMs: number;
    readonly poll: (send: Send) => Promise<void>;
  },
): Response {
  const encoder = new TextEncoder();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOpen = true;
  const end = () => {
    isOpen = false;
    clearTimeout(timer);
  };
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      let sentAt = performance.now();
      const write = (text: string) => {
        if (!isOpen) return;
        controller.enqueue(encoder.encode(text));
        sentAt = performance.now();
      };
      const send: Send = (event, data) => write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
      signal.addEventListener("abort", () => {
        if (!isOpen) return;
        end();
        controller.close();
      });
      write("retry: 1000\n\n");
      let problem: string | null = null;
      const turn = async () => {
        try {
          // A client that reads slowly gets fewer turns, not a longer queue.
          if ((controller.desiredSize ?? 1) > 0) await poll(send);
          if (problem !== null) send("problem", { error: null });
          problem = null;
        } catch (error) {
          // A folder that cannot be read now may be at the next turn.
          const message = (error as Error).message.split("\n")[0]!;
          if (message !== problem) send("problem", { error: message });
          problem = message;
        }
        if (performance.now() - sentAt > KEEP_ALIVE_MS) write(": alive\n\n");
        if (isOpen) timer = setTimeout(turn, everyMs);
      };
      turn();
    },
    cancel: end,
  }, { highWaterMark: MOST_WAITING });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}
