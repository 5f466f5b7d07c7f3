/**
 * A SwanLab server on the loopback interface that answers as SwanLab's SDK expects, and can be told to fail.
 *
 * @module
 */

/** A request. */
export interface SeenRequest {
  /** The method. */
  readonly method: string;
  /** The path without `/api`, with its query. */
  readonly path: string;
  /** The headers. */
  readonly headers: Headers;
  /** The raw body. */
  readonly bytes: Uint8Array;
  /** The body as JSON; null without one. */
  // deno-lint-ignore no-explicit-any
  readonly body: any;
}

/** The answer of a failure rule: a status, or `hang` for none. */
export type Failure = number | "hang" | undefined;

/** The server and its requests. */
export interface SwanLabServer extends AsyncDisposable {
  /** Its address. */
  readonly host: string;
  /** All requests, in order of arrival. */
  readonly requests: readonly SeenRequest[];
  /** The requests with this method and path prefix. */
  seen(method: string, path: string): SeenRequest[];
  /** Waits until `count` requests with this method and path have succeeded. */
  until(method: string, path: string, count?: number): Promise<void>;
}

/** Options of the server. */
export interface SwanLabServerOptions {
  /** Called first for each request. */
  readonly fail?: (request: SeenRequest) => Failure;
  /** The summaries of an existing experiment; without them, the experiment is new. */
  readonly summaries?: Record<string, { key: string; step: number }[]>;
  /** The version of the project; 1 is current. */
  readonly version?: number;
  /** Where images are stored; defaults to this server. */
  readonly storage?: string;
  /** The port; defaults to any free one. */
  readonly port?: number;
}

/** Starts a server on 127.0.0.1. */
export function startSwanLabServer(options: SwanLabServerOptions = {}): SwanLabServer {
  const requests: SeenRequest[] = [], answered: SeenRequest[] = [];
  const stop = new AbortController();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: options.port ?? 0, onListen: () => {} },
    async (request) => {
      const url = new URL(request.url);
      const bytes = await request.bytes();
      const isJson = request.headers.get("content-type") === "application/json";
      const seen: SeenRequest = {
        method: request.method,
        path: url.pathname.replace(/^\/api/, "") + url.search,
        headers: request.headers,
        bytes,
        body: isJson ? JSON.parse(new TextDecoder().decode(bytes)) : null,
      };
      requests.push(seen);
      const failure = options.fail?.(seen);
      if (failure === "hang") {
        await new Promise((resolve) => stop.signal.addEventListener("abort", resolve));
        return new Response(null, { status: 503 });
      }
      const response = failure
        ? Response.json({ code: "x", message: "no" }, { status: failure })
        : reply(seen, url);
      if (response.ok) answered.push(seen);
      return response;
    },
  );
  const matching = (list: SeenRequest[], method: string, path: string) => {
    return list.filter((request) => request.method === method && request.path.startsWith(path));
  };

  function reply({ method, path, headers, body }: SeenRequest, url: URL): Response {
    if (method === "PUT" && path.startsWith("/store/")) return new Response("<ok/>");
    if (method === "POST" && path === "/login/api_key") {
      if (headers.get("authorization") !== "key-1") return Response.json({ message: "no" }, { status: 401 });
      const expiredAt = new Date(Date.now() + 30 * 24 * 3600 * 1000).toISOString();
      return Response.json({ sid: "s1", expiredAt, userInfo: { username: "ann", name: "Ann" } });
    }
    if (headers.get("cookie") !== "sid=s1") return Response.json({ message: "log in" }, { status: 401 });
    const routes: [string, RegExp, () => Response][] = [
      ["POST", /^\/projects\/ann$/, () => Response.json({}, { status: 201 })],
      ["GET", /^\/project\/ann\/tumors$/, () => {
        const version = "version" in options ? options.version : 1;
        return Response.json({ cuid: "p1", name: "tumors", path: "/ann/tumors", version });
      }],
      ["POST", /^\/project\/ann\/tumors\/experiment$/, () => {
        const experiment = { cuid: "e1", slug: body.cuid, name: body.name };
        return Response.json(experiment, { status: options.summaries ? 200 : 201 });
      }],
      [
        "GET",
        /^\/project\/ann\/tumors\/runs\/e1$/,
        () => Response.json({ createdAt: "2026-01-02T03:04:05.000Z" }),
      ],
      ["GET", /^\/house\/metrics\/summaries\/p1\/e1\?/, () => Response.json(options.summaries)],
      ["POST", /^\/house\/experiments\/e1\/heartbeat$/, () => Response.json({})],
      ["PUT", /^\/project\/ann\/tumors\/runs\/e1\/(profile|state)$/, () => Response.json({})],
      ["POST", /^\/projects\/ann\/tumors\/series$/, () => new Response(null, { status: 201 })],
      ["POST", /^\/house\/metrics$/, () => Response.json({})],
      ["POST", /^\/resources\/presigned\/put$/, () => {
        return Response.json({
          urls: body.paths.map((path: string) => `${options.storage ?? url.origin}/store/${path}?signed=1`),
        });
      }],
    ];
    const route = routes.find(([verb, pattern]) => verb === method && pattern.test(path));
    return route ? route[2]() : Response.json({ message: "no such path" }, { status: 404 });
  }

  return {
    host: `http://127.0.0.1:${server.addr.port}`,
    requests,
    seen: (method, path) => matching(requests, method, path),
    async until(method, path, count = 1) {
      while (matching(answered, method, path).length < count) {
        await new Promise((done) => setTimeout(done, 5));
      }
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await server.shutdown();
    },
  };
}
