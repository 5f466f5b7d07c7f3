/**
 * The flag that names corrected masks.
 *
 * @module
 */
import type { Command } from "commander";

/** Adds `--corrections`, which may be repeated. */
export function addCorrectionsOption(command: Command): Command {
  return command.option(
    "--corrections <file>",
    "masks that people corrected, as the board saves them to dataset/corrections; may be repeated",
    (path: string, before: readonly string[] | undefined) => [...before ?? [], path],
  );
}
