/**
 * What the page itself consists of: its document, style and scripts, by the names that it asks for.
 *
 * @module
 */
import uplot from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import uplotStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
import index from "../app/index.html" with { type: "text" };
import { STYLE } from "../app/style/styles.ts";
import { PAGE_ENTRIES, pageScripts } from "../bundle.ts";
import type { Route } from "./route.ts";

const SCRIPT = "text/javascript; charset=utf-8";

function text(path: string, type: string, body: string): Route {
  return { method: "GET", path, handle: () => new Response(body, { headers: { "content-type": type } }) };
}

function script(path: string): Route {
  return {
    method: "GET",
    path,
    async handle() {
      const bytes = (await pageScripts()).get(path);
      return new Response(bytes ?? null, { headers: { "content-type": SCRIPT } });
    },
  };
}

/** The page. */
export const PAGE_ROUTES: readonly Route[] = [
  text("", "text/html; charset=utf-8", index),
  text("style.css", "text/css; charset=utf-8", `${uplotStyle}\n${STYLE}`),
  text("uplot.js", SCRIPT, uplot),
  ...Object.keys(PAGE_ENTRIES).map(script),
];
