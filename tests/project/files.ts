/**
 * The files of the project, for tests that read all of them.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's folder, absolute, without a trailing slash. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

// Git's folder and what .gitignore excludes.
const NOT_OURS = new Set([".git", "dataset", "runs", "predictions", "dist", ".gpu", "node_modules"]);

/** Sorted paths, relative to {@linkcode ROOT}, of the project's files that end with one of `endings`. */
export function projectFiles(...endings: string[]): string[] {
  const found: string[] = [];
  const visit = (folder: string) => {
    for (const entry of Deno.readDirSync(join(ROOT, folder))) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory && !(folder === "" && NOT_OURS.has(entry.name))) visit(path);
      if (entry.isFile && (endings.length === 0 || endings.some((end) => path.endsWith(end)))) {
        found.push(path);
      }
    }
  };
  visit("");
  return found.sort();
}

/** The folder of WGSL texts that several rooms of kernels share. */
const PARTS = "kernels/parts/";

/** Paths of the kernels: of every WGSL text with an entry point. */
export function kernelFiles(): string[] {
  return projectFiles(".wgsl").filter((path) => readProject(path).includes("@compute"));
}

/** Paths of the parts that several rooms of kernels share. */
export function partFiles(): string[] {
  return projectFiles(".wgsl").filter((path) => path.startsWith(PARTS));
}

/** The text of a file of the project. */
export function readProject(path: string): string {
  return Deno.readTextFileSync(join(ROOT, path));
}

/** The parts of `deno.json` that tests read. */
export interface Configuration {
  /** Task name to command line: what users type. */
  tasks: Record<string, string>;
  /** The same of long checks outside the ordinary tests, which are in tests/. */
  checks: Record<string, string>;
  /** Permission set name to permissions. */
  permissions: Record<string, Record<string, unknown>>;
  /** Settings of the type checker. */
  compilerOptions: Record<string, unknown>;
  /** Entry points by the names that other projects import. */
  exports: Record<string, string>;
  /** Bare specifiers to packages. */
  imports: Record<string, string>;
}

/** The project's `deno.json`. */
export function readConfiguration(): Configuration {
  const configuration = JSON.parse(readProject("deno.json")) as Omit<Configuration, "checks">;
  const entries = Object.entries(configuration.tasks);
  const isCheck = ([, command]: [string, string]) => command.includes(" tests/");
  return {
    ...configuration,
    tasks: Object.fromEntries(entries.filter((entry) => !isCheck(entry))),
    checks: Object.fromEntries(entries.filter(isCheck)),
  };
}
