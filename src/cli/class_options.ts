/**
 * The flags that choose classes.
 *
 * @module
 */
import { type Command, Option } from "commander";
import { splitNames } from "../dataset/class_names.ts";

/** Adds `--classes`, `--merge` and `--binary`, whose values are those of `ClassOptions`. */
export function addClassOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--classes <names>",
        "the categories that become classes, in this order: tumor,edema (default: all that are outlined)",
      ).argParser((text) => splitNames(text, ",")),
    )
    .addOption(
      new Option(
        "--merge <union>",
        "unite categories to one class: whole=tumor+edema; may be repeated",
      ).argParser((text, before: readonly string[] | undefined) => [...before ?? [], text]),
    )
    .option("--binary", "unite all classes to one foreground class");
}
