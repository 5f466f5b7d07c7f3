/**
 * `masks`: the annotations of every split as PNG masks, with a manifest.
 *
 * @module
 */
import { escapeLine } from "../src/escape.ts";
import { addClassOptions } from "../src/cli/class_options.ts";
import { addFollowLinks } from "../src/cli/follow_links.ts";
import { type Command, Option } from "commander";
import { plural } from "../src/format.ts";
import { Progress } from "../src/cli/progress.ts";
import { createCommand, main, writeStderr, writeStdout } from "../src/cli/task.ts";
import { type ClassOptions, type MasksReport, UNANNOTATED, type Unannotated, writeMasks } from "../mod.ts";
import { FOLDERS } from "../src/fs/layout.ts";

interface Options extends ClassOptions {
  readonly data: string;
  readonly output: string;
  readonly unannotated: Unannotated;
  readonly strict?: boolean;
  readonly json?: boolean;
}

/** The `masks` command. */
export function command(): Command {
  const masks = addFollowLinks(
    createCommand(
      "masks",
      "Draws the annotations of every split to PNG masks, with a manifest of hashes: 0 background and 255 foreground " +
        "for one class, class indices with a palette for several, and a mask per class if they overlap. Masks that are " +
        "up to date are not drawn again.",
    )
      .option("--data <folder>", "folder with train/, valid/ (or val/) and test/", FOLDERS.data)
      .option("--output <folder>", "folder for SPLIT/NAME.png and manifest.json", FOLDERS.masks)
      .addOption(
        new Option(
          "--unannotated <how>",
          "images without annotations: empty writes them an all-black mask, skip writes none",
        ).choices([...UNANNOTATED]).default("empty"),
      )
      .option("--strict", "write nothing if an annotation or an image has a problem")
      .option("--json", "print what was done as one JSON document"),
  );
  return addClassOptions(masks).action(drawMasks);
}

async function drawMasks(options: Options): Promise<void> {
  const { data, output, unannotated, strict = false, json, classes, merge, binary } = options;
  let progress: Progress | undefined;
  const report = await writeMasks(data, output, {
    unannotated,
    strict,
    classes: { classes, merge, binary },
    onProgress: (done, total) => {
      progress ??= new Progress({ label: "drawing masks", total });
      progress.update(done);
    },
  });
  progress?.clear();
  for (const { kind, message, effect } of report.problems) {
    writeStderr(`warning: ${kind}, ${effect}: ${escapeLine(message)}\n`);
  }
  writeStdout(json ? `${JSON.stringify(report, null, 2)}\n` : describe(report));
}

function describe({ output, written, kept, removed, classes, problems }: MasksReport): string {
  const parts = [`${plural(written, "mask")} written`, `${kept} up to date`];
  if (removed > 0) parts.push(`${removed} without an image removed`);
  if (problems.length > 0) parts.push(plural(problems.length, "problem"));
  const labels = classes.map((name, i) => `${i + 1} ${escapeLine(name)}`).join(", ");
  return `${output}: ${parts.join(", ")}\n${classes.length > 1 ? `classes: ${labels}\n` : ""}`;
}

if (import.meta.main) await main(command());
