/** Who the board answers: every check of a request, over real connections. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { MAX_BODY, type Route } from "../../../src/page/server/route.ts";
import { ROUTES } from "../../../src/page/server/routes.ts";
import { type RunningBoard, startBoard } from "../../../src/page/server/serve.ts";

async function withBoard(
  body: (board: RunningBoard, token: string) => Promise<void>,
  routes?: readonly Route[],
): Promise<void> {
  await using board = await startBoard({ runs: "no-runs", data: "no-data", port: 0, routes });
  await body(board, new URL(board.address).pathname.split("/")[1]!);
}

/** Sends a request as it is written: `fetch` would set host and origin itself, and tidy the path up. */
function send(port: number, lines: readonly string[], body = ""): Promise<{ status: number; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  let text = "";
  const socket = connect(port, "127.0.0.1", () => {
    socket.write(`${lines.join("\r\n")}\r\nConnection: close\r\n\r\n${body}`);
  });
  socket.on("data", (data) => text += data);
  socket.on("error", reject);
  socket.on("close", () => resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), text }));
  return promise;
}

Deno.test("startBoard: serves the page below its token only, and lists no folder", () =>
  withBoard(async ({ address, port }, token) => {
    const page = await fetch(address);
    assert.equal(page.status, 200);
    assert.match(await page.text(), /<script type="module" src="main.js">/);
    assert.match(page.headers.get("content-security-policy")!, /^default-src 'none'; script-src 'self'/);
    assert.equal(page.headers.get("x-content-type-options"), "nosniff");
    assert.equal(page.headers.get("cache-control"), "no-store");

    const origin = `http://127.0.0.1:${port}`;
    const other = token.startsWith("A") ? `B${token.slice(1)}` : `A${token.slice(1)}`;
    for (
      const path of [
        "",
        "main.js",
        `${other}/`,
        `${token.slice(0, -1)}/`,
        `${token}a/`,
        token,
        `${token}/nothing`,
        `${token}/api`,
        `${token}/api/`,
        `${token}//`,
        `${token}/..%2f..%2fdeno.json`,
        `${token}/%`,
      ]
    ) {
      const response = await fetch(`${origin}/${path}`);
      assert.equal(response.status, 404, path);
      assert.equal(await response.text(), "", path);
    }
    for (const path of [`/${token}/../../etc/passwd`, `/${token}/api/../../../deno.json`]) {
      const { status } = await send(port, [`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`]);
      assert.equal(status, 404, path);
    }
  }));

Deno.test("startBoard: refuses other hosts, origins and sites, though they know the token", () =>
  withBoard(async ({ port }, token) => {
    const get = (...headers: string[]) => send(port, [`GET /${token}/ HTTP/1.1`, ...headers]);
    const host = `Host: 127.0.0.1:${port}`;
    const accepted = [
      [host],
      [`Host: localhost:${port}`, `Origin: http://localhost:${port}`],
      [host, `Origin: http://127.0.0.1:${port}`, "Sec-Fetch-Site: same-origin"],
      [host, "Sec-Fetch-Site: none"],
    ];
    for (const headers of accepted) assert.equal((await get(...headers)).status, 200, headers.join(", "));
    const refused = [
      [`Host: board.example:${port}`],
      [`Host: 127.0.0.1:${port === 80 ? 81 : 80}`],
      ["Host: 127.0.0.1"],
      [`Host: [::1]:${port}`],
      [host, "Origin: null"],
      [host, "Origin: https://other.example"],
      [host, `Origin: https://127.0.0.1:${port}`],
      [host, `Origin: http://localhost:${port}`],
      [host, `Origin: http://127.0.0.1:${port + 1}`],
      [host, "Sec-Fetch-Site: cross-site"],
      [host, "Sec-Fetch-Site: same-site"],
    ];
    for (const headers of refused) {
      const { status, text } = await get(...headers);
      assert.equal(status, 403, headers.join(", "));
      assert.ok(!text.includes("main.js"), headers.join(", "));
    }
    // The host is checked before the token: a refusal does not tell whether it was the right one.
    const wrong = await send(port, ["GET /wrong/ HTTP/1.1", "Host: board.example"]);
    assert.equal(wrong.status, 403);
  }));

Deno.test("startBoard: answers GET and HEAD, other methods only where the page saves", () =>
  withBoard(async ({ address }) => {
    for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
      const response = await fetch(address, { method });
      assert.equal(response.status, 405, method);
      assert.equal(response.headers.get("allow"), "GET");
      await response.body?.cancel();
    }
    const head = await fetch(address, { method: "HEAD" });
    assert.equal(head.status, 200);
    assert.equal(await head.text(), "");
    const methods = new Set(ROUTES.filter(({ method }) => method !== "GET").map(({ path }) => path));
    assert.ok([...methods].every((path) => path.startsWith("api/corrections")), [...methods].join());
    const paths = ROUTES.map(({ method, path }) => `${method} ${path}`);
    assert.equal(new Set(paths).size, paths.length);
  }));

const ECHO: Route = {
  method: "POST",
  path: "api/echo",
  handle: async ({ body }) => Response.json(await body()),
};

Deno.test("startBoard: takes JSON of limited size, and reads no further", () =>
  withBoard(async ({ address, port }, token) => {
    const post = (body: BodyInit, type = "application/json") =>
      fetch(`${address}api/echo`, { method: "POST", body, headers: { "content-type": type } });
    const echoed = await post('{"a":1}', "application/json; charset=utf-8");
    assert.deepEqual(await echoed.json(), { a: 1 });
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"]) {
      const response = await post("{}", type);
      assert.equal(response.status, 415, type);
      await response.body?.cancel();
    }
    const broken = await post("{");
    assert.deepEqual([broken.status, await broken.json()], [400, {
      error: "Cannot read the body: it is not JSON",
      hint: null,
    }]);
    const large = await post(`"${"a".repeat(MAX_BODY)}"`);
    assert.equal(large.status, 413);
    await large.body?.cancel();
    // Without a length, the limit is met while reading.
    const chunk = "10000\r\n" + "a".repeat(65536) + "\r\n";
    const { status } = await send(
      port,
      [
        `POST /${token}/api/echo HTTP/1.1`,
        `Host: 127.0.0.1:${port}`,
        "Content-Type: application/json",
        "Transfer-Encoding: chunked",
      ],
      chunk.repeat(MAX_BODY / 65536 + 1) + "0\r\n\r\n",
    );
    assert.equal(status, 413);
  }, [ECHO]));

Deno.test("startBoard: a port that another program has is an error if it was given", () =>
  withBoard(async ({ port }) => {
    await assert.rejects(
      async () => await startBoard({ port }),
      new RegExp(`Cannot listen on port ${port}: another program does\nhint: `),
    );
  }));
