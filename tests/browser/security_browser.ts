/** A page of another origin reads nothing, saves nothing, and does not even learn that there is a board. */
import assert from "node:assert/strict";
import type { BrowserCase } from "./context.ts";

/** How a page may ask another server, by what it can do with the answer. */
const ATTACKS = `
globalThis.attack = async (board) => {
  const image = board + "style.css", body = JSON.stringify({ image: "x", classes: [] });
  const outcome = (promise) => promise.then((value) => "GOT " + value, () => "refused");
  const loads = (tag, set) => new Promise((resolve, reject) => {
    const element = document.createElement(tag);
    element.onload = () => resolve("loaded");
    element.onerror = reject;
    set(element);
    document.body.append(element);
    setTimeout(reject, 2000);
  });
  const frame = (url) => new Promise((resolve) => {
    const element = document.createElement("iframe");
    // A refused frame loads an error page, whose document nobody may see; the board's would be as foreign.
    element.onload = () => resolve();
    element.name = "target";
    element.src = url;
    document.body.append(element);
  });
  const results = {
    fetch: await outcome(fetch(board + "api/runs").then((response) => response.text())),
    post: await outcome(fetch(board + "api/corrections", {
      method: "POST", headers: { "content-type": "application/json" }, body,
    }).then((response) => response.text())),
    image: await outcome(loads("img", (element) => element.src = board + "api/dataset/thumbnail")),
    script: await outcome(loads("script", (element) => element.src = board + "main.js")),
    style: await outcome(loads("link", (element) => { element.rel = "stylesheet"; element.href = image; })),
    events: await outcome(new Promise((resolve, reject) => {
      const source = new EventSource(board + "api/runs/seen/events");
      source.onopen = source.onmessage = resolve;
      source.onerror = () => { source.close(); reject(); };
    })),
  };
  // Opaque answers: nothing can be read, and the server must have refused all the same.
  await fetch(board + "api/runs", { mode: "no-cors" }).catch(() => {});
  await fetch(board + "api/corrections", { method: "POST", mode: "no-cors", body }).catch(() => {});
  navigator.sendBeacon(board + "api/corrections", new Blob([body], { type: "text/plain" }));
  await frame(board);
  const form = document.createElement("form");
  [form.action, form.method, form.enctype, form.target] = [board + "api/corrections", "POST", "text/plain", "target"];
  const field = document.createElement("input");
  [field.name, field.value] = ['{"image":"', '"}'];
  form.append(field);
  document.body.append(form);
  await new Promise((resolve) => { frames.target && (document.querySelector("iframe").onload = resolve); form.submit(); });
  return results;
};`;

/** The cases. */
export const cases: BrowserCase[] = [
  {
    name: "board: refuses every request of another origin, even one that knows the address",
    async run(context) {
      const handled: string[] = [];
      const board = await context.board({ copied: true, onHandle: (path) => handled.push(path) });
      const foreign = context.serve(({ url }) =>
        url.endsWith(".js")
          ? new Response(ATTACKS, { headers: { "content-type": "text/javascript" } })
          : new Response(`<!doctype html><link rel="icon" href="data:,"><script src="a.js"></script>`, {
            headers: { "content-type": "text/html" },
          })
      );
      const page = await context.page(foreign, { hostile: true });
      const { port } = new URL(board.address);
      for (const address of [board.address, board.address.replace("127.0.0.1", "localhost")]) {
        const results = await page.evaluate(
          (address) =>
            (globalThis as unknown as { attack(a: string): Promise<Record<string, string>> }).attack(address),
          address,
        );
        for (const [attack, result] of Object.entries(results)) assert.equal(result, "refused", attack);
      }
      assert.deepEqual(handled, []);
      const asked = page.requests.filter(({ url }) => new URL(url).port === port);
      assert.ok(asked.length >= 20, `only ${asked.map(({ url }) => url)}`);
      const saved = await Array.fromAsync(Deno.readDir(`${board.data}/corrections`)).catch(() => []);
      assert.deepEqual(saved, []);
    },
  },
  {
    name: "board: answers only by the names of this machine, against DNS rebinding",
    async run(context) {
      const board = await context.board();
      const { port, pathname } = new URL(board.address);
      const page = await context.page("about:blank", { hostile: true });
      for (
        const [host, status] of [["127.0.0.1", 200], ["localhost", 200], ["rebinding.test", 403]] as const
      ) {
        const url = `http://${host}:${port}${pathname}`;
        const answer = page.responseOf(url);
        await page.goto(url);
        assert.equal((await answer).status, status, host);
        if (status === 200) await page.waitForText("Segmentation board");
      }
    },
  },
  {
    name: "board: without the token there is nothing to see, whatever the path",
    async run(context) {
      const board = await context.board();
      const { origin, pathname } = new URL(board.address);
      const token = pathname.split("/")[1]!;
      const other = token.replace(/.$/, (last) => last === "A" ? "B" : "A");
      const page = await context.page("about:blank", { hostile: true });
      for (
        const path of [
          "",
          "api/runs",
          `${other}/`,
          `${token.toLowerCase()}/`,
          `${token}x/`,
          `${token}/../../`,
        ]
      ) {
        const answer = page.responseOf(`${origin}/${path}`);
        await page.goto(`${origin}/${path}`);
        const { status, headers } = await answer;
        assert.equal(status, 404, path);
        assert.match(headers["content-security-policy"]!, /default-src 'none'/);
        assert.equal(await (await fetch(`${origin}/${path}`)).text(), "", path);
      }
    },
  },
];
