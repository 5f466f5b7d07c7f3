/**
 * The places that a command's options and arguments name: all that it will ask for, before it asks for the first.
 *
 * @module
 */
import { basename, dirname, join, resolve } from "node:path";
import type { Command } from "commander";

/** A place that a command reads, or reads and writes. */
export interface NeededPlace {
  /** The path as it was given. */
  readonly value: string;
  /** What must be granted for it: the path, or the folder that holds it. */
  readonly path: string;
  /** Whether it is written, too. */
  readonly written: boolean;
  /** The flag whose default it is; undefined if it was given. */
  readonly defaultOf?: string | undefined;
}

/** A path option, as its help shows it. */
const PATH_OPTION = /<(folder|file|path)>/;

/** Path options that name what is written. */
const WRITTEN = ["output", "cache", "zip", "coco"];

/** Tasks that write into the run that they are given. */
const RUN_WRITERS = ["train", "evaluate"];

/** Tasks whose results take their final name when they are whole, and lie next to it until then. */
const STAGED = ["download", "unzip", "import", "split", "masks", "phantom", "compile", "report"];

/** Tasks whose results lie in the hidden folder `.NAME` next to them until they are whole. */
const APART = ["page"];

/** The places that a parsed command needs. */
export function neededPlaces(command: Command): NeededPlace[] {
  const task = command.name();
  const places: NeededPlace[] = [];
  for (const option of command.options.filter(({ flags }) => PATH_OPTION.test(flags))) {
    const name = option.attributeName();
    const written = WRITTEN.includes(name) || (name === "run" && RUN_WRITERS.includes(task));
    const defaultOf = command.getOptionValueSource(name) === "default" ? option.long ?? undefined : undefined;
    // A training run whose name is taken lies next to it as well, as does a file until it is whole.
    const staged = written && name !== "cache" &&
      ([...STAGED, "train"].includes(task) || option.flags.includes("<file>"));
    for (const value of pathsIn(command.getOptionValue(name))) {
      places.push({ value, path: staged ? folderOf(value) : value, written, defaultOf });
      if (!written || !APART.includes(task)) continue;
      const hidden = join(dirname(value), `.${basename(value)}`);
      places.push({ value: hidden, path: hidden, written, defaultOf });
    }
  }
  const given = pathsIn(command.processedArgs).map((value) => ({ value, path: value, written: false }));
  return [...places, ...given];
}

/** The folder of a path; not the root of everything. */
function folderOf(path: string): string {
  const folder = dirname(path);
  return dirname(resolve(folder)) === resolve(folder) ? path : folder;
}

/** The values that are paths a flag can name: the runtime has no form for one with a comma. */
function pathsIn(values: unknown): string[] {
  return [values].flat(2).filter((value) => typeof value === "string")
    .filter((value) => value !== "" && !/[,\0]|^\w+:\/\//.test(value));
}
