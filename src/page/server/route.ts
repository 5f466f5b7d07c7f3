/**
 * What the board answers: routes below its token, and what they are given.
 *
 * @module
 */

/** The folders that a board shows. */
export interface Board {
  /** A folder per training run. */
  readonly runs: string;
  /** The dataset. */
  readonly data: string;
  /** Thumbnails and other things made once and kept. */
  readonly cache: string;
  /** The folder of corrected masks. */
  readonly corrections: string;
  /** The name of the dataset's corrections file there, without its ending. */
  readonly correctionsName: string;
  /** The model file that predicts; null for the best of the newest run. */
  readonly model: string | null;
  /** The model that comes with the program; listed last. */
  readonly shipped?: string | null;
  /** Aborted when the board closes. */
  readonly signal: AbortSignal;
}

/** A request that passed all checks. */
export interface RouteRequest {
  /** What the path holds at `:name`, decoded. It is anything: look it up in what was listed, never join it to a path. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The query. */
  readonly query: URLSearchParams;
  /** The request's headers. */
  readonly headers: Headers;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  /** The folders. */
  readonly board: Board;
  /** The body of a POST: JSON of limited size. */
  body(): Promise<unknown>;
}

/** A route: its path below `/TOKEN/`, such as `api/runs/:run/metrics`. */
export interface Route {
  /** POST only where the page saves. */
  readonly method: "GET" | "POST";
  /** Segments; those that begin with a colon match any one. */
  readonly path: string;
  /** Most bytes of a body; defaults to {@linkcode MAX_BODY}. */
  readonly maxBody?: number;
  /** Answers a request. Errors become `{ error, hint }`, with the status of a {@linkcode RouteError}. */
  handle(request: RouteRequest): Promise<Response> | Response;
}

/** Most bytes of a request's body, unless a route allows another number. */
export const MAX_BODY = 2 ** 20;

/** An error with its HTTP status; a second line `hint: ...` of the message says the way out. */
export class RouteError extends Error {
  /** `status` is from 400 on. */
  constructor(readonly status: number, message: string) {
    super(message);
    this.name = "RouteError";
  }
}

/** A JSON response. */
export function json(value: unknown): Response {
  return new Response(JSON.stringify(value), { headers: { "content-type": "application/json" } });
}
