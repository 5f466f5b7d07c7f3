/**
 * Serves a page that trains in the browser, and says what Deno computes in the same steps:
 *
 *     deno run --unstable-bundle --allow-read --allow-net=127.0.0.1 examples/train_in_browser.ts
 */
// deno-lint-ignore-file no-console
import { openGpu } from "../mod.ts";
import { trainSteps } from "./train_in_browser_steps.ts";

const script = new URL("train_in_browser_page.ts", import.meta.url);
const { outputFiles } = await Deno.bundle({
  entrypoints: [script.href],
  platform: "browser",
  minify: true,
  write: false,
});

const losses: number[] = [];
const gpu = await openGpu();
await trainSteps(gpu, (loss) => losses.push(loss));
gpu.close();

const files: Record<string, { type: string; content: string | Uint8Array<ArrayBuffer> }> = {
  "/": {
    type: "text/html",
    content: await Deno.readTextFile(new URL("train_in_browser.html", import.meta.url)),
  },
  "/train_in_browser.js": {
    type: "text/javascript",
    content: outputFiles![0]!.contents as Uint8Array<ArrayBuffer>,
  },
  "/deno.json": { type: "application/json", content: JSON.stringify(losses) },
};
Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(`open http://127.0.0.1:${port}/ in a browser; Ctrl-C ends this`),
}, ({ url }) => {
  const file = files[new URL(url).pathname];
  if (file === undefined) return new Response("Not found", { status: 404 });
  return new Response(file.content, { headers: { "content-type": `${file.type}; charset=utf-8` } });
});
