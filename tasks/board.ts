/**
 * `board`: shows runs, results, the dataset, predictions and corrections in the browser.
 *
 * @module
 */
import { basename, dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { addFollowLinks } from "../src/cli/follow_links.ts";
import { neededPlaces } from "../src/cli/needed_places.ts";
import { describeCause } from "../src/cli/permission_hint.ts";
import { addExamples, createCommand, integer, main, writeStderr, writeStdout } from "../src/cli/task.ts";
import { escapeLine } from "../src/escape.ts";
import { findShippedModel } from "../src/prediction/shipped_model.ts";
import { FOLDERS, RUN_FILES } from "../src/fs/layout.ts";
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
    .option(
      "--data <folder>",
      "the dataset; corrections are saved to dataset/corrections/NAME.coco.json, or in its own folder if it is elsewhere",
      FOLDERS.data,
    )
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
  await checkPlaces(runs, options);
  const own = await holdsRun(runs);
  if (options.open) checkOpener();
  await pageScripts();
  const started = { task: command.name(), args: Deno.args, places: neededPlaces(command) };
  const board = await startBoard({
    ...options,
    shipped: await findShippedModel(),
    // The folder of one run is shown among its neighbors.
    runs: own ? dirname(resolve(runs)) : runs,
    describe: (error) => describeCause(error, started),
    onNote: (note) => writeStderr(`${escapeLine(note)}\n`),
  });
  const address = board.address + (own ? `#/run/${encodeURIComponent(basename(resolve(runs)))}` : "");
  writeStdout(`${address}\n`);
  if (options.open) await openAddress(address);
  await board.finished;
}

/** A refused permission is named before anything else, and so is a place that was mistyped. */
async function checkPlaces(runs: string, { data, model }: Options): Promise<void> {
  const places = [
    { what: "the runs", path: runs, usual: FOLDERS.runs },
    { what: "the dataset", path: data, usual: FOLDERS.data },
    { what: "the model", path: model, usual: undefined },
  ];
  for (const { what, path, usual } of places) {
    if (path === undefined) continue;
    const info = await ifFound(Deno.stat(path));
    // A new project has neither runs nor a dataset.
    if (info === null && path === usual) continue;
    const isFile = what === "the model";
    if (info !== null && info.isDirectory !== isFile) continue;
    const problem = info === null ? "there is no" : "it is no";
    throw new Error(`Cannot show ${what} in ${path}: ${problem} such ${isFile ? "file" : "folder"}`);
  }
}

async function holdsRun(folder: string): Promise<boolean> {
  const names = [RUN_FILES.metrics, RUN_FILES.checkpoint];
  const found = await Promise.all(names.map((name) => ifFound(Deno.stat(join(folder, name)))));
  return found.some((info) => info !== null);
}

if (import.meta.main) await main(command());
