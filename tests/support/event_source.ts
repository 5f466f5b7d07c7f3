/**
 * Reads server-sent events, one after the other.
 *
 * @module
 */

/** An event. */
export interface SentEvent {
  readonly event: string;
  // deno-lint-ignore no-explicit-any -- tests know what they read
  readonly data: any;
}

/** An open stream of events. */
export interface EventReader extends AsyncDisposable {
  /** The next event of this name; others are passed over. Fails after some seconds. */
  next(event: string): Promise<SentEvent["data"]>;
}

/** Opens a stream. */
export async function readEvents(url: string): Promise<EventReader> {
  const response = await fetch(url);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const read = async (): Promise<SentEvent> => {
    for (;;) {
      const end = text.indexOf("\n\n");
      if (end >= 0) {
        const block = text.slice(0, end);
        text = text.slice(end + 2);
        const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
        if (event !== undefined) return { event, data: JSON.parse(data!) };
        continue;
      }
      const { value, done } = await reader.read();
      if (done) throw new Error("The stream has ended");
      text += value;
    }
  };
  return {
    async next(event) {
      const { promise: late, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(() => reject(new Error(`No event "${event}"`)), 5000);
      try {
        for (;;) {
          const found = await Promise.race([read(), late]);
          if (found.event === event) return found.data;
        }
      } finally {
        clearTimeout(timer);
      }
    },
    [Symbol.asyncDispose]: () => reader.cancel(),
  };
}
