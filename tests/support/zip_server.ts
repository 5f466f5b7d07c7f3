/**
 * A loopback web server that serves one file and misbehaves on request: it speaks HTTP over a raw socket, because a
 * proper server refuses to break off before the announced length.
 *
 * @module
 */

/** A request. */
export interface SeenRequest {
  /** Path with query. */
  readonly target: string;
  /** Header names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

/** How a request is answered; the defaults are those of a correct server. */
export interface Answer {
  /** Code and text of the status line; defaults to `200 OK` or `206 Partial Content`. */
  status?: string;
  /** Headers in addition to length and range; they replace the validator of the file. */
  headers?: Record<string, string>;
  /** A body instead of the file. */
  body?: Uint8Array<ArrayBuffer>;
  /** Closes the connection after this many bytes of the body. */
  cutAfter?: number;
  /** Omits Content-Length: the body ends with the connection. */
  noLength?: boolean;
  /** Ignores Range. */
  noRanges?: boolean;
  /** Answers a Range regardless of If-Range. */
  ignoreIfRange?: boolean;
  /** Sends the headers (and `cutAfter` bytes) and then nothing for this many milliseconds. */
  stall?: number;
}

/** The server: its address and its requests. */
export interface ZipServer extends AsyncDisposable {
  readonly url: string;
  readonly requests: SeenRequest[];
}

/** Answers the n-th request with `answers[n]`, and all later ones with the last of them. */
export function serveFile(
  file: Uint8Array<ArrayBuffer>,
  answers: Answer[] = [{}],
  etag = '"first"',
): ZipServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const requests: SeenRequest[] = [];
  const open = new Set<Promise<void>>();
  const accept = async () => {
    for await (const connection of listener) {
      const turn = answers[Math.min(requests.length, answers.length - 1)] ?? {};
      const work = handle(connection, file, turn, etag, requests).catch(() => {});
      open.add(work);
      work.finally(() => open.delete(work));
    }
  };
  const accepting = accept().catch(() => {});
  return {
    url: `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}/data/file.zip`,
    requests,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      await Promise.all(open);
    },
  };
}

async function handle(
  connection: Deno.Conn,
  file: Uint8Array<ArrayBuffer>,
  answer: Answer,
  etag: string,
  requests: SeenRequest[],
): Promise<void> {
  using socket = connection;
  const request = await readRequest(socket);
  requests.push(request);
  const headers: Record<string, string> = { ...(answer.headers ?? { etag }), connection: "close" };
  let body = answer.body ?? file;
  let status = answer.status ?? "200 OK";
  const range = /^bytes=(\d+)-$/.exec(request.headers.get("range") ?? "");
  const fresh = answer.ignoreIfRange || request.headers.get("if-range") === headers["etag"];
  if (range !== null && fresh && !answer.noRanges && answer.status === undefined) {
    const start = Number(range[1]);
    status = "206 Partial Content";
    headers["content-range"] = `bytes ${start}-${body.length - 1}/${body.length}`;
    body = body.subarray(start);
  }
  if (!answer.noLength) headers["content-length"] ??= String(body.length);
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  await writeAll(socket, new TextEncoder().encode(`HTTP/1.1 ${status}\r\n${head}\r\n`));
  await writeAll(socket, body.subarray(0, answer.cutAfter ?? body.length));
  if (answer.stall !== undefined) await Promise.race([delay(answer.stall), socket.read(new Uint8Array(1))]);
}

async function readRequest(socket: Deno.Conn): Promise<SeenRequest> {
  const buffer = new Uint8Array(8192);
  let text = "";
  while (!text.includes("\r\n\r\n")) {
    const count = await socket.read(buffer);
    if (count === null) throw new Error("no request");
    text += new TextDecoder().decode(buffer.subarray(0, count));
  }
  const [first = "", ...lines] = text.trimEnd().split("\r\n");
  const headers = new Map(lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  }));
  return { target: first.split(" ")[1] ?? "", headers };
}

async function writeAll(socket: Deno.Conn, bytes: Uint8Array): Promise<void> {
  let rest = bytes;
  while (rest.length > 0) rest = rest.subarray(await socket.write(rest));
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    Deno.unrefTimer(timer);
  });
}
