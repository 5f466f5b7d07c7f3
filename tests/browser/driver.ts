/**
 * Drives Chromium: starts it with a temporary profile, and opens pages in contexts of their own.
 *
 * @module
 */
import { join } from "node:path";
import { Connection } from "./devtools.ts";
import { BrowserPage, type PageOptions } from "./page.ts";

/** Names of a browser that can be driven, the first one found is taken; the permission set names them as well. */
export const BROWSERS = ["chromium", "google-chrome", "chromium-browser"];

const FLAGS = [
  "--headless",
  "--no-sandbox", // a container's root has none
  "--enable-unsafe-webgpu", // without it there is no adapter without a GPU
  "--remote-debugging-port=0",
  // Nothing outside of this machine is ever reached; one name leads here that is not this machine's.
  "--host-resolver-rules=MAP rebinding.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
  "--hide-scrollbars",
  "--force-color-profile=srgb",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-default-apps",
  "--disable-gpu-shader-disk-cache",
  "--metrics-recording-only",
  "--no-first-run",
  "--password-store=basic",
  "about:blank",
];

/** Longest that a browser may take to start, in milliseconds. */
const START_MS = 60_000;

/** A running browser. */
export class Browser {
  readonly #child: Deno.ChildProcess;
  readonly #connection: Connection;
  readonly #folder: string;
  readonly #pages = new Set<BrowserPage>();
  #downloads = 0;

  private constructor(child: Deno.ChildProcess, connection: Connection, folder: string) {
    this.#child = child;
    this.#connection = connection;
    this.#folder = folder;
  }

  /**
   * Starts a browser.
   *
   * @param folder An absolute path: its profile and downloads lie there, and `close` removes it.
   * @throws {Error} If there is no browser, or it does not start.
   */
  static async launch(folder: string): Promise<Browser> {
    await Deno.mkdir(join(folder, "profile"), { recursive: true });
    const child = spawn([`--user-data-dir=${join(folder, "profile")}`, ...FLAGS]);
    try {
      const url = await addressOf(child);
      return new Browser(child, await Connection.open(url), folder);
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
  }

  /** Opens a page in a context of its own, or in that of another page: they share storage and service workers. */
  async page(url: string, options: PageOptions = {}): Promise<BrowserPage> {
    const { browser } = this.#connection;
    const context = options.sibling?.context ??
      (await browser.send("Target.createBrowserContext", { disposeOnDetach: true })).browserContextId;
    const downloads = options.sibling?.downloads ?? join(this.#folder, "downloads", `${++this.#downloads}`);
    await Deno.mkdir(downloads, { recursive: true });
    const page = await BrowserPage.open(browser, context, downloads, options);
    this.#pages.add(page);
    await page.goto(url);
    return page;
  }

  /** Closes all pages and their contexts; the result is what went wrong on them. */
  async closePages(): Promise<string[]> {
    const issues: string[] = [];
    const contexts = new Set<string>();
    for (const page of this.#pages) {
      if (!page.isHostile) issues.push(...page.takeIssues());
      contexts.add(page.context);
    }
    this.#pages.clear();
    const { browser } = this.#connection;
    for (const browserContextId of contexts) {
      await browser.send("Target.disposeBrowserContext", { browserContextId }).catch(() => {});
    }
    return issues;
  }

  /** Ends the browser and removes its folder. */
  async close(): Promise<void> {
    await this.#connection.browser.send("Browser.close").catch(() => {});
    this.#connection.close();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 5000);
    await this.#child.status;
    clearTimeout(timer);
    // Its last helpers may still write.
    for (let attempt = 0; attempt < 20; attempt++) {
      if (await Deno.remove(this.#folder, { recursive: true }).then(() => true, gone)) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

function gone(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound;
}

function spawn(args: readonly string[]): Deno.ChildProcess {
  for (const name of BROWSERS) {
    try {
      return new Deno.Command(name, { args: [...args], stdin: "null", stdout: "null", stderr: "piped" })
        .spawn();
    } catch (error) {
      // A name that is not found is not granted either.
      if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable)) throw error;
    }
  }
  throw new Error(
    `Cannot start a browser: none of ${BROWSERS.join(", ")} is on PATH\n` +
      "hint: sh tasks/run.sh test:browser installs it, or names the command that does",
  );
}

/** Reads what the browser prints until it tells where it listens; the rest is drained. */
async function addressOf(child: Deno.ChildProcess): Promise<string> {
  let text = "";
  let found: (url: string) => void;
  let failed: (error: Error) => void;
  const address = new Promise<string>((resolve, reject) => [found, failed] = [resolve, reject]);
  const timer = setTimeout(
    () => failed(new Error(`The browser did not start in ${START_MS} ms: ${text}`)),
    START_MS,
  );
  const read = async () => {
    for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) {
      text = (text + part).slice(-10_000);
      const url = /DevTools listening on (ws:\/\/127\.0\.0\.1:\S+)/.exec(text)?.[1];
      if (url !== undefined) found(url);
    }
    failed(new Error(`The browser ended: ${text}`));
  };
  read().catch((error) => failed(error));
  return await address.finally(() => clearTimeout(timer));
}
