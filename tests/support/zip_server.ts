/**
 * A loopback web server that hands out one file and misbehaves as told: it speaks HTTP by hand over a raw
 * socket, because a proper server refuses to break off in the middle of a promised length.
 *
 * @module
 */

/** One request, as it came. */
export interface SeenRequest {
  /** Path with query. */
  readonly target: string;
  /** Header names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

/** How one request is answered; what is left out is as a good server does it. */
export interface Answer {
  /** Status line's number and text: `200 OK` or `206 Partial Content` by itself. */
  status?: string;
  /** Headers besides the length and range; replaces the validator of the file. */
  headers?: Record<string, string>;
  /** Another body than the file. */
  body?: Uint8Array<ArrayBuffer>;
  /** Breaks the connection off after so many bytes of the body. */
  cutAfter?: number;
  /** Leaves out Content-Length: the body ends where the connection does. */
  noLength?: boolean;
  /** Ignores Range. */
  noRanges?: boolean;
  /** Answers a Range whatever If-Range says. */
  ignoreIfRange?: boolean;
  /** Sends the head (and `cutAfter` bytes) and then nothing for so many milliseconds. */
  stall?: number;
}

/** The server: its address, and what was asked of it. */
export interface ZipServer extends AsyncDisposable {
  readonly url: string;
  readonly requests: SeenRequest[];
}

/** Answers the n-th request with `answers[n]`, and every later one with the last of them. */
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
