/**
 * The flag `--follow-links`, and the line that names a folder which is a link.
 *
 * @module
 */
import { type Command, Option } from "commander";
import { escapeLine } from "../escape.ts";
import { linkTarget, setFollowLinks } from "../fs/links.ts";
import { writeStderr } from "./terminal.ts";

/** Adds the flag to a task that reads a dataset; each folder of the user that is a link is followed, and named once. */
export function addFollowLinks(command: Command, group?: string): Command {
  const option = new Option("--follow-links", "follow links in the dataset that lead out of it");
  return command
    .addOption(group === undefined ? option : option.helpGroup(group))
    .hook("preAction", async (_, command) => {
      const { data, run, followLinks } = command.opts<
        { data?: string; run?: string | readonly string[]; followLinks?: boolean }
      >();
      setFollowLinks(followLinks === true);
      for (const folder of new Set([data ?? command.processedArgs[0], run].flat())) {
        const target = typeof folder === "string" ? await linkTarget(folder) : null;
        if (target !== null) writeStderr(`note: ${escapeLine(`${folder} is a link to ${target}`)}\n`);
      }
    });
}
