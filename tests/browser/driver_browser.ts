/** The driver, on a page of its own: what it does reaches the page, and what goes wrong there is found. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { BrowserCase, Context } from "./context.ts";

const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Driver</title>
<style>body { margin: 0; height: 3000px } #drop { width: 100px; height: 100px } #low { margin-top: 2000px }</style>
<label>Name <input id="name"></label><button id="save">Save it</button><button disabled id="off">Off</button>
<input type="file" multiple id="files" hidden><div id="drop">Drop</div><a id="file" download="a b.txt"></a>
<button id="low">Low</button><script src="page.js"></script></html>`;

const SCRIPT = `
globalThis.seen = [];
for (const type of ["click", "dblclick", "keydown", "pointerdown", "pointermove", "pointerup", "wheel", "change"]) {
  addEventListener(type, (event) => seen.push([type, event.key ?? event.target.id ?? "", event.ctrlKey]));
}
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => { event.preventDefault(); seen.push(["drop", event.dataTransfer.files[0].name]); });
globalThis.fail = () => {
  console.error("said", { a: 1 });
  setTimeout(() => { throw new TypeError("thrown"); });
  document.body.append(Object.assign(new Image(), { src: "http://127.0.0.1:9/x.png" }));
  fetch("missing");
  new Worker("worker.js");
};
file.href = URL.createObjectURL(new Blob(["content"]));
`;

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; worker-src 'self'";

interface Seen {
  fail(): void;
  seen: [type: string, what: string, control: boolean][];
}

/** Serves the page, and what a test adds. */
function serve(context: Context, more: Readonly<Record<string, string>> = {}): string {
  const files: Record<string, string> = { "/": PAGE, "/page.js": SCRIPT, ...more };
  return context.serve((request) => {
    const path = new URL(request.url).pathname;
    if (path === "/favicon.ico") return new Response(null, { status: 204 });
    const body = files[path];
    const type = path === "/" ? "text/html" : path.endsWith(".js") ? "text/javascript" : "text/plain";
    return new Response(body ?? "", {
      status: body === undefined ? 404 : 200,
      headers: { "content-type": type, "content-security-policy": POLICY },
    });
  });
}

/** The cases. */
export const cases: BrowserCase[] = [
  {
    name: "driver: mouse, keys and files reach the page",
    async run(context) {
      const page = await context.page(serve(context), { width: 400, height: 300 });
      const seen = () => page.evaluate(() => (globalThis as unknown as Seen).seen.splice(0));
      await page.click("button >> Save");
      assert.deepEqual((await seen()).at(-1), ["click", "save", false]);
      await page.click("#low", { count: 2 });
      assert.deepEqual((await seen()).at(-1), ["dblclick", "low", false]);
      await page.fill("#name", "Ångström 1+1");
      assert.equal(
        await page.evaluate(() => (document.querySelector("#name") as HTMLInputElement).value),
        "Ångström 1+1",
      );
      await seen();
      await page.press("Control+z", "Tab", "+");
      assert.deepEqual(
        (await seen()).filter(([type]) => type === "keydown").map(([, ...key]) => key),
        [["z", true], ["Tab", false], ["+", false]],
      );
      const { x, y } = await page.point("#drop");
      await page.drag([{ x, y }, { x: x + 5, y }, { x: x + 9, y }]);
      assert.deepEqual(
        (await seen()).map(([type]) => type).filter((type) => type.startsWith("pointer")),
        ["pointermove", "pointerdown", "pointermove", "pointermove", "pointerup"],
      );
      await page.wheel("#drop", 100);
      await page.waitFor(
        "the wheel",
        () => (globalThis as unknown as Seen).seen.some(([type]) => type === "wheel"),
      );
      await seen();
      const path = join(context.folder, "scan.txt");
      await Deno.writeTextFile(path, "x");
      await page.dropFiles("#drop", [path]);
      await page.waitFor(
        "the drop",
        () => (globalThis as unknown as Seen).seen.some(([, name]) => name === "scan.txt"),
      );
      await page.setFiles("#files", [path, path]);
      assert.equal(
        await page.evaluate(() => (document.querySelector("#files") as HTMLInputElement).files?.length),
        2,
      );
      const { name, path: downloaded } = await page.download(() =>
        page.evaluate(() => (document.querySelector("#file") as HTMLElement).click())
      );
      assert.equal(name, "a b.txt");
      assert.equal(await Deno.readTextFile(downloaded), "content");
      await assert.rejects(
        page.within(50, "never", () => false),
        /never: not within 50 ms; the page shows "Name/,
      );
    },
  },
  {
    name: "driver: size, colours and motion are what a case asks for",
    async run(context) {
      const page = await context.page(serve(context), {
        width: 360,
        height: 640,
        dark: true,
        reducedMotion: true,
      });
      const look = () =>
        page.evaluate(() => [
          innerWidth,
          innerHeight,
          matchMedia("(prefers-color-scheme: dark)").matches,
          matchMedia("(prefers-reduced-motion: reduce)").matches,
          document.visibilityState,
          document.hasFocus(),
        ]);
      assert.deepEqual(await look(), [360, 640, true, true, "visible", true]);
      await page.look({ width: 1920, height: 1080 });
      assert.deepEqual(await look(), [1920, 1080, false, false, "visible", true]);
      const names = (await page.accessibility()).filter(({ focusable }) => focusable).map(({ name }) => name);
      assert.ok(names.includes("Save it") && names.includes("Name"), names.join());
      assert.ok((await page.screenshot()).byteLength > 1000);
    },
  },
  {
    name: "driver: errors, violations of the policy and failed loads of pages and workers are found",
    async run(context) {
      const worker =
        "console.error('from a worker'); fetch('missing-too'); throw new Error('a worker fell');";
      const page = await context.page(serve(context, { "/worker.js": worker }));
      await page.evaluate(() => (globalThis as unknown as Seen).fail());
      const expected = [
        /said/,
        /TypeError: thrown/,
        /policy: img-src blocked/,
        /load: 404 .*missing$/,
        /from a worker/,
        /a worker fell/,
        /worker: load: 404 .*missing-too/,
      ];
      const found: string[] = [];
      for (
        let attempt = 0;
        attempt < 200 && !expected.every((text) => found.some((one) => text.test(one)));
        attempt++
      ) {
        found.push(...page.takeIssues());
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      for (const text of expected) {
        assert.ok(found.some((one) => text.test(one)), `${text} is not in\n${found.join("\n")}`);
      }
      assert.ok(page.requests.some(({ url }) => url.endsWith("/missing-too")));
    },
  },
  {
    name: "driver: without a network nothing loads, in workers neither",
    async run(context) {
      const worker =
        "onmessage = () => fetch('/').then(() => postMessage('loaded'), () => postMessage('refused'));";
      const page = await context.page(serve(context, { "/worker.js": worker }));
      const ask = () =>
        page.evaluate(() =>
          new Promise<string>((resolve) => {
            const all = globalThis as unknown as { worker?: Worker };
            all.worker ??= new Worker("worker.js");
            all.worker.onmessage = ({ data }) => resolve(data);
            all.worker.postMessage(0);
          })
        );
      assert.equal(await ask(), "loaded");
      await page.offline(true);
      assert.equal(await ask(), "refused");
      assert.equal(await page.evaluate(() => fetch("/").then(() => "loaded", () => "refused")), "refused");
      await page.offline(false);
      assert.equal(await ask(), "loaded");
      assert.ok(page.takeIssues().every((issue) => issue.includes("ERR_INTERNET_DISCONNECTED")));
    },
  },
  {
    name: "driver: the browser has WebGPU",
    async run(context) {
      const page = await context.page(serve(context));
      const adapter = await page.evaluate(async () => (await navigator.gpu.requestAdapter()) !== null);
      assert.equal(adapter, true);
    },
  },
];
