/**
 * The page's scripts, bundled in memory from their sources when the board starts; a compiled binary brings them along.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

/** Scripts that a page loads: the name that it asks for, to the module that it is made of. */
export type Entries = Readonly<Record<string, string>>;

const WORKER = { "predict_worker.js": "app/predict/predict_worker.ts" };

/** The scripts of the board's page. */
export const PAGE_ENTRIES: Entries = { "main.js": "app/main.ts", ...WORKER };

/** The scripts of the static site. */
export const SITE_ENTRIES: Entries = {
  "site.js": "app/site/site.ts",
  "service_worker.js": "app/site/service_worker.ts",
  ...WORKER,
};

/** Scripts by the names of {@linkcode PAGE_ENTRIES}. */
export type PageScripts = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** Scripts of the programs that were compiled with them. */
let embedded: PageScripts | undefined;
const bundled = new Map<Entries, Promise<PageScripts>>();

/**
 * The page's scripts, bundled once per process. Needs permission to read `src` and `kernels`.
 *
 * @throws {Error} if they cannot be bundled.
 */
export function pageScripts(): Promise<PageScripts> {
  return scriptsOf(PAGE_ENTRIES);
}

/** The scripts of the static site, as {@linkcode pageScripts}. */
export function siteScripts(): Promise<PageScripts> {
  return scriptsOf(SITE_ENTRIES);
}

async function scriptsOf(entries: Entries): Promise<PageScripts> {
  if (embedded !== undefined) return embedded;
  if (!bundled.has(entries)) bundled.set(entries, bundle(entries));
  return await bundled.get(entries)!;
}

/** Gives the scripts that were bundled when this program was compiled. */
export function embedScripts(texts: Readonly<Record<string, string>>): void {
  const encoder = new TextEncoder();
  embedded = new Map(Object.entries(texts).map(([name, text]) => [name, encoder.encode(text)]));
}

/**
 * Bundles modules for the browser, each to a script of its own: name to module, relative to this folder.
 *
 * @throws {Error} naming the first fault, if they cannot be bundled.
 */
export async function bundle(entries: Readonly<Record<string, string>>): Promise<PageScripts> {
  const found = new Map<string, Uint8Array<ArrayBuffer>>();
  // One by one: with several entries, the names of what is written follow from their common folder.
  for (const [name, path] of Object.entries(entries)) {
    const module = fileURLToPath(new URL(path, import.meta.url));
    const { success, errors, outputFiles } = await Deno.bundle({
      entrypoints: [module],
      platform: "browser",
      minify: true,
      write: false,
    }).catch((error) => {
      throw bundleError(path, (error as Error).message);
    });
    const contents = outputFiles?.[0]?.contents;
    if (!success || contents === undefined) throw bundleError(path, errors[0]?.text ?? "nothing was written");
    found.set(name, contents as Uint8Array<ArrayBuffer>);
  }
  return found;
}

function bundleError(path: string, reason: string): Error {
  const refused = /Requires \w+ access to .*/.exec(reason);
  if (refused !== null) return new Deno.errors.NotCapable(refused[0]);
  const line = reason.split("\n")[0]!;
  if (line.includes("@esbuild/")) {
    return new Error(
      `Cannot bundle the page: Deno's bundler, which it downloads once, is not here: ${line}\n` +
        "hint: start the task once with a network, or use the compiled binary, which holds the page",
    );
  }
  return new Error(`Cannot bundle src/page/${path}: ${line}`);
}
