/**
 * The compiled binary: all commands as subcommands.
 *
 * @module
 */
import type { Command } from "commander";
import { createCommand, main } from "../src/cli/task.ts";
import { command as board } from "./board.ts";
import { command as card } from "./card.ts";
import { command as convert } from "./convert.ts";
import { command as demo } from "./demo.ts";
import { command as doctor } from "./doctor.ts";
import { command as download } from "./download.ts";
import { command as evaluate } from "./evaluate.ts";
import { command as importTask } from "./import.ts";
import { command as inspect } from "./inspect.ts";
import { command as masks } from "./masks.ts";
import { command as page } from "./page.ts";
import { command as phantom } from "./phantom.ts";
import { command as predict } from "./predict.ts";
import { command as report } from "./report.ts";
import { command as split } from "./split.ts";
import { command as train } from "./train.ts";
import { command as unzip } from "./unzip.ts";

/** The commands of the binary; those that check or measure the project itself are left out. */
export const BINARY_COMMANDS: Readonly<Record<string, () => Command>> = {
  doctor,
  download,
  unzip,
  import: importTask,
  inspect,
  split,
  masks,
  phantom,
  train,
  evaluate,
  predict,
  convert,
  report,
  card,
  board,
  page,
  demo,
};

/** The `unet` command. */
export function command(): Command {
  const unet = createCommand("unet", "Medical image segmentation: from annotated images to masks.");
  for (const make of Object.values(BINARY_COMMANDS)) unet.addCommand(make());
  return unet;
}

/** Runs the binary's command; called by the module that also embeds the page. */
export function start(): Promise<never> {
  return main(command());
}

if (import.meta.main) await start();
