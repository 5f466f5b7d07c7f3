/**
 * What a case in the browser gets: pages, servers, and folders that end with it.
 *
 * @module
 */
import { join } from "node:path";
import { ROUTES } from "../../src/page/server/routes.ts";
import { startBoard } from "../../src/page/server/serve.ts";
import { ROOT } from "../project/files.ts";
import type { Browser } from "./driver.ts";
import type { BrowserPage, PageOptions } from "./page.ts";
import { CACHE, copyFolder, DATA, phantoms, RUNS, shownRuns } from "./fixtures.ts";

/** What a board shows. */
export interface ShownOptions {
  /** A folder of runs; defaults to that of {@linkcode shownRuns}. */
  readonly runs?: string;
  /** A dataset; defaults to {@linkcode phantoms}. */
  readonly data?: string;
  /** The model that predicts; defaults to the best of the newest run. */
  readonly model?: string;
  /** Called with the path of every route that a request reaches. */
  readonly onHandle?: (path: string) => void;
  /** Copies runs and dataset for this case, which may then write there. */
  readonly copied?: boolean;
}

/** A board that runs in this process. */
export interface ShownBoard {
  /** Its address, which ends with a slash after the token. */
  readonly address: string;
  /** Folders that it shows, relative to the project's. */
  readonly runs: string;
  readonly data: string;
  readonly cache: string;
}

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
  readonly #notes: string[] = [];
  readonly #name: string;

  /** An absolute path: a folder for this case's own files, empty. */
  readonly folder: string;

  constructor(readonly browser: Browser, name: string) {
    this.#name = name.replace(/\W+/g, "-").slice(0, 60);
    this.folder = join(ROOT, DATA, "cases", this.#name, "files");
  }

  /** Opens a page in a context of its own. */
  page(url: string, options: PageOptions = {}): Promise<BrowserPage> {
    return this.browser.page(url, options);
  }

  /** Starts a board. Its own failures, answers of 500, fail the case. */
  async board(options: ShownOptions = {}): Promise<ShownBoard> {
    let [runs, data] = [options.runs ?? await shownRuns(), options.data ?? await phantoms()];
    if (options.copied) {
      runs = await copyFolder(runs, `${RUNS}/cases/${this.#name}`);
      data = await copyFolder(data, `${DATA}/cases/${this.#name}/data`);
    }
    const cache = CACHE;
    const board = await startBoard({
      runs,
      data,
      cache,
      port: 0,
      ...(options.model === undefined ? {} : { model: options.model }),
      routes: ROUTES.map((route) => ({
        ...route,
        handle: (request) => {
          options.onHandle?.(route.path);
          return route.handle(request);
        },
      })),
      onNote: (note) => this.#notes.push(`board: ${note}`),
    });
    this.onClose(() => board.close());
    return { address: board.address, runs, data, cache };
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
    for (const folder of [`${DATA}/cases/${this.#name}`, `${RUNS}/cases/${this.#name}`]) {
      await Deno.remove(join(ROOT, folder), { recursive: true }).catch(() => {});
    }
    return [...issues, ...this.#notes];
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
