/**
 * What the page asks its server. All addresses are relative to the page's own, which holds the token.
 * This module is browser compatible.
 *
 * @module
 */

/** A request that failed. */
export class ApiError extends Error {
  /** `status` is the response's; 0 if there was none. `hint` is a way out. */
  constructor(readonly status: number, message: string, readonly hint: string | null = null) {
    super(message);
    this.name = "ApiError";
  }
}

/** Values of a query; null and undefined are left out. */
export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** What listens to a stream of events. */
export interface EventListeners {
  /** By the event's name; gets its JSON. */
  readonly on: Readonly<Record<string, (data: unknown) => void>>;
  /** Called when the stream begins, breaks (it is then opened again), and begins again. */
  readonly onState?: ((connected: boolean) => void) | undefined;
}

/** The address of an API path, relative to the page: `apiUrl(["runs", name, "metrics"])`. */
export function apiUrl(segments: readonly (string | number)[], query: Query = {}): string {
  const path = ["api", ...segments].map((segment) => encodeURIComponent(segment)).join("/");
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined) search.set(name, `${value}`);
  }
  return search.size === 0 ? path : `${path}?${search}`;
}

/** The server's answers. */
export class Api {
  /** {@linkcode apiUrl}, for images and workers. */
  url(segments: readonly (string | number)[], query?: Query): string {
    return apiUrl(segments, query);
  }

  /**
   * Gets JSON.
   *
   * @throws {ApiError} if the server does not answer, or with an error.
   */
  async get<T>(
    segments: readonly (string | number)[],
    { query, signal }: { query?: Query; signal?: AbortSignal } = {},
  ): Promise<T> {
    return await this.#fetch(apiUrl(segments, query), signal ? { signal } : {}) as T;
  }

  /**
   * Saves JSON.
   *
   * @throws {ApiError} if the server does not answer, or with an error.
   */
  async post<T>(segments: readonly (string | number)[], body: unknown): Promise<T> {
    const headers = { "content-type": "application/json" };
    return await this.#fetch(apiUrl(segments), { method: "POST", headers, body: JSON.stringify(body) }) as T;
  }

  /**
   * Listens to server-sent events until the returned function is called. A hidden page does not listen: browsers allow few
   * connections to a server, and many tabs would take all of them.
   */
  events(segments: readonly (string | number)[], { on, onState }: EventListeners, query?: Query): () => void {
    let source: EventSource | null = null;
    const listen = () => {
      source = new EventSource(apiUrl(segments, query));
      for (const [name, listener] of Object.entries(on)) {
        source.addEventListener(
          name,
          (event) => listener(JSON.parse((event as MessageEvent<string>).data)),
        );
      }
      source.addEventListener("open", () => onState?.(true));
      source.addEventListener("error", () => onState?.(false));
    };
    const follow = () => {
      if (!document.hidden && source === null) listen();
      else if (document.hidden) {
        source?.close();
        source = null;
      }
    };
    document.addEventListener("visibilitychange", follow);
    follow();
    return () => {
      document.removeEventListener("visibilitychange", follow);
      source?.close();
    };
  }

  async #fetch(url: string, init: RequestInit): Promise<unknown> {
    let response: Response;
    try {
      response = await fetch(url, init);
    } catch (error) {
      if ((error as Error).name === "AbortError") throw error;
      throw new ApiError(0, "The server does not answer", "start it again: deno task board");
    }
    const body = await response.json().catch(() => null);
    if (response.ok) return body;
    const { error, hint } = (body ?? {}) as { error?: string; hint?: string | null };
    throw new ApiError(response.status, error ?? `The server answered with status ${response.status}`, hint);
  }
}
