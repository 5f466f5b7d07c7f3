/**
 * What a case in the browser gets: pages, servers, and folders that end with it.
 *
 * @module
 */
import { join } from "node:path";
import { ROOT } from "../project/files.ts";
import type { Browser } from "./driver.ts";
import type { BrowserPage, PageOptions } from "./page.ts";

/** Everything that these tests write lies below these folders. */
export const [DATA, RUNS] = ["dataset/.browser", "runs/.browser"];

/** A test in the browser. Files named `*_browser.ts` export `cases`. */
export interface BrowserCase {
  /** `Subject: what holds`, in plain words. */
  readonly name: string;
  /** Throws if it does not hold. Errors of a page's console fail the case as well, unless it takes them. */
  run(context: Context): Promise<void>;
}

/** What a case gets; all of it is closed when the case ends. */
export class Context {
  readonly #closers: (() => Promise<unknown>)[] = [];

  /** An absolute path: a folder for this case's own files, empty. */
  readonly folder: string;

  constructor(readonly browser: Browser, name: string) {
    this.folder = join(ROOT, DATA, "cases", name.replace(/\W+/g, "-").slice(0, 60));
  }

  /** Opens a page in a context of its own. */
  page(url: string, options: PageOptions = {}): Promise<BrowserPage> {
    return this.browser.page(url, options);
  }

  /** Serves on a port of its own, and returns the address, which ends with a slash. */
  serve(handler: (request: Request) => Response | Promise<Response>): string {
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
    this.onClose(() => server.shutdown());
    return `http://127.0.0.1:${server.addr.port}/`;
  }

  /** Serves files of a folder, as any web server does. */
  serveFolder(folder: string): string {
    return this.serve(async (request) => {
      const path = decodeURIComponent(new URL(request.url).pathname);
      const file = join(folder, path.endsWith("/") ? `${path}index.html` : path);
      const bytes = await Deno.readFile(file).catch(() => null);
      if (bytes === null) return new Response("Not found", { status: 404 });
      return new Response(bytes, { headers: { "content-type": TYPES[file.split(".").pop()!] ?? "" } });
    });
  }

  /** Runs when the case ends, whether it passed or not. */
  onClose(close: () => Promise<unknown>): void {
    this.#closers.push(close);
  }

  /** Ends everything; the result is what went wrong on pages. */
  async close(): Promise<string[]> {
    const issues = await this.browser.closePages();
    for (const close of this.#closers.reverse()) await close();
    await Deno.remove(this.folder, { recursive: true }).catch(() => {});
    return issues;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  json: "application/json",
  webmanifest: "application/manifest+json",
  svg: "image/svg+xml",
  png: "image/png",
  safetensors: "application/octet-stream",
};
