/**
 * `deno task test:browser`: the page in a real Chromium. A missing browser fails, it never skips.
 *
 * @module
 */
import type { Command } from "commander";
import { join } from "node:path";
import { createCommand, EXIT, ExitError, main, writeStdout } from "../../src/cli/task.ts";
import { ROOT } from "../project/files.ts";
import { type BrowserCase, Context } from "./context.ts";
import { Browser } from "./driver.ts";
import { DATA, RUNS } from "./fixtures.ts";

/** Cases that run at the same time. */
const LANES = 2;

/** Longest that one case may take, in milliseconds. */
const CASE_MS = 180_000;

/** Most problems of a case that are shown. */
const MOST_PROBLEMS = 12;

/** The command. */
export function command(): Command {
  return createCommand("test:browser", "Tests the page in a real browser: Debian's package chromium.")
    .option("--only <words>", "only the cases whose file or name contains these words")
    .action(async ({ only = "" }: { only?: string }) => {
      await clean();
      const cases = (await findCases()).filter(({ file, name }) => `${file} ${name}`.includes(only));
      const failed: string[] = [];
      const start = performance.now();
      const next = cases.values();
      // Each lane has a browser of its own; a case leaves the processor idle about a third of the time.
      const lane = async (place: number) => {
        const browser = await Browser.launch(join(ROOT, DATA, `browser-${place}`));
        try {
          for (const one of next) {
            const begin = performance.now();
            const problem = await runCase(browser, one);
            const seconds = ((performance.now() - begin) / 1000).toFixed(1);
            const verdict = `${problem === null ? "ok    " : "FAILED"}  ${one.name} (${seconds} s)\n`;
            writeStdout(verdict + (problem === null ? "" : `${problem.replace(/^/gm, "    ")}\n`));
            if (problem !== null) failed.push(one.name);
          }
        } finally {
          await browser.close();
        }
      };
      try {
        await Promise.all(Array.from({ length: LANES }, (_, place) => lane(place)));
      } finally {
        await clean();
      }
      writeStdout(`\n${((performance.now() - start) / 1000).toFixed(1)} s for ${cases.length} cases\n`);
      for (const name of failed) writeStdout(`FAILED  ${name}\n`);
      writeStdout(`${cases.length - failed.length} passed, ${failed.length} failed\n`);
      if (failed.length > 0 || cases.length === 0) throw new ExitError(EXIT.failed);
    });
}

/** Runs a case; the result is why it failed, or null. */
async function runCase(browser: Browser, { name, run }: BrowserCase): Promise<string | null> {
  const context = new Context(browser, name);
  const problems: string[] = [];
  const onUnhandled = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    problems.push(`nothing waited for ${describe(event.reason)}`);
  };
  addEventListener("unhandledrejection", onUnhandled);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`It took more than ${CASE_MS / 1000} s`)), CASE_MS);
  });
  try {
    await Deno.mkdir(context.folder, { recursive: true });
    await Promise.race([run(context), late]);
  } catch (error) {
    problems.push(describe(error));
  } finally {
    clearTimeout(timer);
  }
  try {
    problems.push(...await context.close());
  } catch (error) {
    problems.push(`while it ended: ${describe(error)}`);
  }
  removeEventListener("unhandledrejection", onUnhandled);
  const more = problems.length - MOST_PROBLEMS;
  if (more > 0) problems.splice(MOST_PROBLEMS, more, `and ${more} more`);
  return problems.length === 0 ? null : problems.join("\n");
}

/** An error, and where in the cases it came from. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return `${error}`;
  const places = (error.stack ?? "").split("\n").filter((line) => /^\s+at .*_browser\.ts:/.test(line));
  return [`${error.name}: ${error.message}`, ...places].join("\n");
}

/** All cases, by file. */
async function findCases(): Promise<(BrowserCase & { file: string })[]> {
  const files: string[] = [];
  for await (const { name } of Deno.readDir(join(ROOT, "tests/browser"))) {
    if (name.endsWith("_browser.ts") && name !== "test_browser.ts") files.push(name);
  }
  const all = [];
  for (const file of files.sort()) {
    const { cases } = await import(new URL(file, import.meta.url).href) as { cases: BrowserCase[] };
    all.push(...cases.map((one) => ({ ...one, run: one.run, file })));
  }
  return all;
}

async function clean(): Promise<void> {
  for (const folder of [DATA, RUNS]) {
    await Deno.remove(join(ROOT, folder), { recursive: true }).catch(() => {});
  }
}

if (import.meta.main) await main(command());
