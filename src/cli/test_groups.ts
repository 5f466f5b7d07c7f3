/**
 * The project's test files, and which of them share a process.
 *
 * @module
 */
import { dirname, join, resolve } from "node:path";

/** Test files by how they run, each absolute and in exactly one group. */
export interface TestGroups {
  /** Tests that open a GPU: they run in one process, which opens one device for all of them. */
  gpu: string[];
  /** All others: they run in parallel, and opening a GPU in their own process fails. */
  parallel: string[];
}

/** Modules of the tests, and names of functions, that open a GPU. */
const OPENS_GPU = /tests\/support\/(test_gpu|software)\.ts$|^(open\w*Gpu|openDevice|describeGpu|diagnose)$/;

/** The names that `deno test` looks for. */
const TEST_FILE = /(^|[._])test\.(ts|tsx|mts|js|mjs|jsx)$/;

/** An import or export of values: the clause with its names, and the module. */
const VALUE_IMPORT = /^(?:import|export)(?! type\b)([^"';]*?)(?:from )?"([^"]+)"/gm;

/**
 * Finds the test files in files and folders, sorted, each once; a path given as a file is one by any name.
 *
 * @throws {Deno.errors.NotFound} If a path does not exist.
 */
export async function findTests(paths: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  const visit = async (folder: string) => {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const path = join(folder, name);
      if (isDirectory && name !== ".git" && name !== "node_modules") await visit(path);
      if (!isDirectory && TEST_FILE.test(name)) found.add(path);
    }
  };
  for (const path of paths) {
    if ((await Deno.stat(path)).isDirectory) await visit(resolve(path));
    else found.add(resolve(path));
  }
  return [...found].sort();
}

/**
 * Sorts test files into groups by what they import, directly or through other files of the tests.
 *
 * @param files Absolute paths.
 * @param root The project's folder, absolute.
 */
export async function groupTests(files: readonly string[], root: string): Promise<TestGroups> {
  const groups: TestGroups = { gpu: [], parallel: [] };
  for (const file of files) {
    groups[await opensGpu(file, join(root, "tests")) ? "gpu" : "parallel"].push(file);
  }
  return groups;
}

async function opensGpu(file: string, tests: string): Promise<boolean> {
  const seen = new Set([file]);
  for (const path of seen) {
    // A file that is missing is no import, but a line within a text: `deno check` has resolved the imports before.
    const text = path.endsWith(".ts") ? await Deno.readTextFile(path).catch(() => "") : "";
    // Programs that a test writes are template literals, and their imports not its own.
    for (const [, clause, module] of text.replaceAll(/`[^`]*`/g, "``").matchAll(VALUE_IMPORT)) {
      const target = join(dirname(path), module!);
      const names = clause!.split(/[^\w]+/);
      if ([target, ...names].some((name) => OPENS_GPU.test(name))) return true;
      if (target.startsWith(`${tests}/`)) seen.add(target);
    }
  }
  return false;
}
