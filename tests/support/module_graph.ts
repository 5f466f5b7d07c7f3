/**
 * The project's module graph, as `deno info --json` gives it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { projectFiles, readProject, ROOT } from "../project/files.ts";
import { runDeno } from "./run_task.ts";
import { inTempFolder } from "./temp_folder.ts";

/** An import from one module to another, as paths relative to the project or as a package's address. */
export interface Edge {
  /** The module that imports. */
  readonly from: string;
  /** The module that is imported. */
  readonly to: string;
  /** Whether it imports types only, which is gone at run time. */
  readonly typesOnly?: boolean;
  /** Whether it is imported when it is needed. */
  readonly isDynamic?: boolean;
}

/** All imports, and what could not be resolved. */
export interface Graph {
  /** Every import of every module, static or dynamic, and every worker that is started. */
  readonly edges: readonly Edge[];
  /** Imports that lead nowhere. */
  readonly problems: readonly string[];
}

interface InfoModule {
  specifier: string;
  error?: string;
  dependencies?: { code?: Resolved; type?: Resolved; isDynamic?: boolean }[];
}

interface Resolved {
  specifier?: string;
  error?: string;
}

/** Reads the imports of every TypeScript and JavaScript file of the project. */
export async function readGraph(): Promise<Graph> {
  const files = projectFiles(".ts", ".js").filter((path) => !path.startsWith("tests/fixtures/"));
  let modules: InfoModule[] = [];
  await inTempFolder(async (folder) => {
    const root = join(folder, "all.ts");
    const urls = files.filter((path) => !path.endsWith(".d.ts")).map((path) =>
      pathToFileURL(join(ROOT, path)).href
    );
    await Deno.writeTextFile(root, urls.map((url) => `import ${JSON.stringify(url)};\n`).join(""));
    const { code, stdout, stderr } = await runDeno([
      "info",
      "--json",
      "--config",
      join(ROOT, "deno.json"),
      root,
    ]);
    assert.equal(code, 0, stderr);
    modules = JSON.parse(stdout).modules;
  });
  return toGraph(modules, files);
}

function toGraph(modules: readonly InfoModule[], files: readonly string[]): Graph {
  const base = `${pathToFileURL(ROOT).href}/`;
  const local = (url: string) => url.startsWith(base) ? decodeURIComponent(url.slice(base.length)) : url;
  const edges: Edge[] = [];
  const problems: string[] = [];
  for (const module of modules) {
    const from = local(module.specifier);
    if (module.error !== undefined) problems.push(`${from}: ${module.error}`);
    if (from === module.specifier) continue;
    for (const { code, type, isDynamic = false } of module.dependencies ?? []) {
      for (const resolved of [code, type]) {
        if (resolved?.error !== undefined) problems.push(`${from}: ${resolved.error}`);
        if (resolved?.specifier === undefined) continue;
        edges.push({ from, to: local(resolved.specifier), typesOnly: resolved === type, isDynamic });
      }
    }
  }
  for (const from of files) {
    for (const [, path] of readProject(from).matchAll(/new Worker\(\s*new URL\(\s*"(\.[^"]*)"/g)) {
      edges.push({ from, to: local(new URL(path!, `${base}${from}`).href) });
    }
  }
  return { edges, problems };
}

/** The modules that are loaded with one of them: those that it imports at once, and theirs. */
export function loadedWith(edges: readonly Edge[], root: string): Set<string> {
  const loaded = new Set([root]);
  // A set's iteration reaches what is added to it.
  for (const module of loaded) {
    for (const { from, to, typesOnly, isDynamic } of edges) {
      if (from === module && !typesOnly && !isDynamic) loaded.add(to);
    }
  }
  return loaded;
}

/** The circles of modules that import values from each other: of each circle its modules, sorted. */
export function circles(edges: readonly Edge[]): string[][] {
  const next = new Map<string, string[]>();
  for (const { from, to, typesOnly } of edges) {
    if (!typesOnly) next.set(from, [...next.get(from) ?? [], to]);
  }
  // Tarjan's strongly connected components.
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (name: string) => {
    order.set(name, order.size);
    low.set(name, order.get(name)!);
    stack.push(name);
    for (const to of next.get(name) ?? []) {
      if (!order.has(to)) visit(to);
      if (stack.includes(to)) low.set(name, Math.min(low.get(name)!, low.get(to)!));
    }
    if (low.get(name) !== order.get(name)) return;
    const component = stack.splice(stack.indexOf(name)).sort();
    if (component.length > 1 || next.get(name)?.includes(name)) found.push(component);
  };
  for (const name of next.keys()) if (!order.has(name)) visit(name);
  return found;
}
