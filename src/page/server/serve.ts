/**
 * The board's server: listens on 127.0.0.1, answers below its token, and changes nothing that a run depends on.
 *
 * @module
 */
import { FOLDERS } from "../../fs/layout.ts";
import { correctionsPlace } from "./corrections_place.ts";
import { createToken, HEADERS, isToken, refusal } from "./checks.ts";
import { type Board, MAX_BODY, type Route, RouteError } from "./route.ts";
import { ROUTES } from "./routes.ts";

/** The port that is tried first. */
export const DEFAULT_PORT = 8600;

/** Ports that are tried after it. */
const NEXT_PORTS = 100;

/** Settings of {@linkcode startBoard}. */
export interface BoardOptions {
  /** A folder per training run; defaults to `runs`. */
  readonly runs?: string | undefined;
  /** The dataset; defaults to `dataset`. */
  readonly data?: string | undefined;
  /** Where thumbnails are kept; defaults to `dataset/.cache`. */
  readonly cache?: string | undefined;
  /** The model file that predicts in the page; defaults to the best of the newest run. */
  readonly model?: string | undefined;
  /** The model that comes with the program; none by default. */
  readonly shipped?: string | null;
  /** The port; defaults to 8600 or the next free one. 0 for any. */
  readonly port?: number | undefined;
  /** What is answered; defaults to {@linkcode ROUTES}. */
  readonly routes?: readonly Route[] | undefined;
  /** Gets a line for each request that failed. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** The message of an error, which may have a second line `hint: ...`; defaults to its own. */
  readonly describe?: ((error: Error) => string) | undefined;
}

/** A running board. */
export interface RunningBoard extends AsyncDisposable {
  /** The address of the page, with the token that its requests need. */
  readonly address: string;
  /** The port. */
  readonly port: number;
  /** Resolves when it has closed. */
  readonly finished: Promise<void>;
  /** Ends all streams and stops listening. */
  close(): Promise<void>;
}

/**
 * Starts a board.
 *
 * @throws {Error} if the port is taken, or none is free.
 */
export function startBoard(options: BoardOptions = {}): Promise<RunningBoard> {
  const data = options.data ?? FOLDERS.data;
  const closing = new AbortController();
  const place = correctionsPlace(data);
  const board: Board = {
    runs: options.runs ?? FOLDERS.runs,
    data,
    cache: options.cache ?? FOLDERS.cache,
    corrections: place.folder,
    correctionsName: place.name,
    model: options.model ?? null,
    shipped: options.shipped ?? null,
    signal: closing.signal,
  };
  const token = createToken();
  let port = 0;
  const server = listen(
    options.port,
    closing.signal,
    (request) => answer(request, { board, token, port, options }),
  );
  port = server.addr.port;
  const close = async () => {
    closing.abort();
    await server.finished;
  };
  return Promise.resolve({
    address: `http://127.0.0.1:${port}/${token}/`,
    port,
    finished: server.finished,
    close,
    [Symbol.asyncDispose]: close,
  });
}

function listen(
  port: number | undefined,
  signal: AbortSignal,
  handler: (request: Request) => Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  const at = (port: number) =>
    Deno.serve({ hostname: "127.0.0.1", port, signal, onListen: () => {} }, handler);
  for (let next = port ?? DEFAULT_PORT;; next++) {
    try {
      return at(next);
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      if (port !== undefined) {
        throw new Error(
          `Cannot listen on port ${port}: another program does\nhint: choose another with --port, or leave it out`,
          { cause: error },
        );
      }
      if (next >= DEFAULT_PORT + NEXT_PORTS) {
        throw new Error(
          `Cannot listen on any port from ${DEFAULT_PORT} to ${next}: other programs do\nhint: choose one with --port`,
          { cause: error },
        );
      }
    }
  }
}

/** What answering a request depends on. */
interface Serving {
  readonly board: Board;
  readonly token: string;
  readonly port: number;
  readonly options: BoardOptions;
}

/** Answers a request; errors become JSON. */
async function answer(request: Request, serving: Serving): Promise<Response> {
  const response = await respond(request, serving).catch((error) => failure(request, error, serving.options));
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  if (request.method === "HEAD") await response.body?.cancel();
  return new Response(request.method === "HEAD" ? null : response.body, { status: response.status, headers });
}

async function respond(request: Request, { board, token, port, options }: Serving): Promise<Response> {
  const refused = refusal(request.headers, port);
  if (refused !== null) return empty(refused);
  const url = new URL(request.url);
  const [, given = "", ...encoded] = url.pathname.split("/");
  const segments = decode(encoded);
  if (!isToken(given, token) || segments === null) return empty(404);
  const matches = (options.routes ?? ROUTES).flatMap((route) => {
    const parameters = match(route, segments);
    return parameters === null ? [] : [{ route, parameters }];
  });
  if (matches.length === 0) return empty(404);
  const method = request.method === "HEAD" ? "GET" : request.method;
  const found = matches.find(({ route }) => route.method === method);
  if (found === undefined) return empty(405, { allow: matches.map(({ route }) => route.method).join(", ") });
  const { route, parameters } = found;
  if (route.method === "POST" && !isJson(request)) return empty(415);
  return await route.handle({
    parameters,
    query: url.searchParams,
    headers: request.headers,
    signal: AbortSignal.any([request.signal, board.signal]),
    board,
    body: () => readBody(request, route.maxBody ?? MAX_BODY),
  });
}

function empty(status: number, headers: Record<string, string> = {}): Response {
  return new Response(null, { status, headers });
}

/** The decoded segments of a path; null if they cannot be decoded. */
function decode(segments: readonly string[]): string[] | null {
  try {
    return segments.map(decodeURIComponent);
  } catch {
    return null;
  }
}

/** The parameters of a path that a route matches, or null. */
function match({ path }: Route, segments: readonly string[]): Record<string, string> | null {
  const pattern = path.split("/");
  if (pattern.length !== segments.length) return null;
  const parameters: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index]!;
    if (part.startsWith(":") && segment !== "") parameters[part.slice(1)] = segment;
    else if (part !== segment) return null;
  }
  return parameters;
}

/** A form of another page can send other types without asking first. */
function isJson(request: Request): boolean {
  return /^application\/json\s*(;|$)/i.test(request.headers.get("content-type") ?? "");
}

/** A JSON body; what is longer is not read to its end. */
async function readBody(request: Request, most: number): Promise<unknown> {
  const tooLarge = () => new RouteError(413, `Cannot take a body of more than ${most} bytes`);
  if (Number(request.headers.get("content-length") ?? 0) > most) throw tooLarge();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let [length, text] = [0, ""];
  try {
    for await (const bytes of request.body ?? []) {
      length += bytes.length;
      if (length > most) throw tooLarge();
      text += decoder.decode(bytes, { stream: true });
    }
    return JSON.parse(text + decoder.decode());
  } catch (error) {
    if (error instanceof RouteError) throw error;
    throw new RouteError(400, "Cannot read the body: it is not JSON");
  }
}

/** An error as the page shows it, and as a line in the terminal. */
function failure(request: Request, error: Error, { onNote, describe }: BoardOptions): Response {
  const message = describe?.(error) ?? error.message;
  const [reason, hint] = message.split("\nhint: ");
  const status = error instanceof RouteError
    ? error.status
    : error instanceof Deno.errors.NotFound
    ? 404
    : 500;
  const path = new URL(request.url).pathname.split("/").slice(2).join("/");
  if (!request.signal.aborted && status >= 500) onNote?.(`${request.method} ${path}: ${message}`);
  return Response.json({ error: reason, hint: hint ?? null }, { status });
}
