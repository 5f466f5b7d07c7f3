/**
 * `board`: shows runs, results, the dataset, predictions and corrections in the browser.
 *
 * @module
 */
import type { Command } from "commander";
import { addFollowLinks } from "../src/cli/follow_links.ts";
import { neededPlaces } from "../src/cli/needed_places.ts";
import { describeCause } from "../src/cli/permission_hint.ts";
import { addExamples, createCommand, integer, main, writeStderr, writeStdout } from "../src/cli/task.ts";
import { escapeLine } from "../src/escape.ts";
import { FOLDERS } from "../src/fs/layout.ts";
import { ifFound } from "../src/fs/paths.ts";
import { pageScripts } from "../src/page/bundle.ts";
import { checkOpener, openAddress } from "../src/page/server/open_address.ts";
import { DEFAULT_PORT, startBoard } from "../src/page/server/serve.ts";

interface Options {
  readonly data: string;
  readonly cache: string;
  readonly model?: string;
  readonly port?: number;
  readonly open?: boolean;
}

/** The `board` command. */
export function command(): Command {
  const board = createCommand(
    "board",
    "Shows runs while they train, results, the dataset, predictions and corrections in the browser, at an address of " +
      "this machine that only you know. Runs go on without it. Ctrl-C ends it.",
  )
    .argument("[runs]", "folder with a folder per training run", FOLDERS.runs)
    .option("--data <folder>", "the dataset; corrections are saved in its folder corrections/", FOLDERS.data)
    .option("--model <file>", "the model that predicts in the page (default: the best of the newest run)")
    .option("--cache <folder>", "where thumbnails are kept", FOLDERS.cache)
    .option(
      "--port <number>",
      `the port on 127.0.0.1 (default: ${DEFAULT_PORT}, or the next free one)`,
      integer(0, 65535),
    )
    .option("--open", "open the page; needs permission to run the system's opener, and says the command");
  addFollowLinks(board);
  addExamples(board, [
    ["Watch the runs in runs/", ""],
    ["Look at runs and a dataset elsewhere", "/data/runs --data /data/mine"],
  ]);
  return board.action((runs: string, options: Options) => showBoard(board, runs, options));
}

async function showBoard(command: Command, runs: string, options: Options): Promise<void> {
  // A refused permission is named before the page is opened.
  for (const place of [runs, options.data, options.model]) if (place) await ifFound(Deno.lstat(place));
  if (options.open) checkOpener();
  await pageScripts();
  const started = { task: command.name(), args: Deno.args, places: neededPlaces(command) };
  const board = await startBoard({
    ...options,
    runs,
    describe: (error) => describeCause(error, started),
    onNote: (note) => writeStderr(`${escapeLine(note)}\n`),
  });
  writeStdout(`${board.address}\n`);
  if (options.open) await openAddress(board.address);
  await board.finished;
}

if (import.meta.main) await main(command());
