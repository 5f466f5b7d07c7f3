/**
 * `masks`: the annotations of every split as PNG masks, with a manifest.
 *
 * @module
 */
import { escapeLine } from "../src/escape.ts";
import { addFollowLinks } from "../src/cli/follow_links.ts";
import { type Command, Option } from "commander";
import { plural } from "../src/cli/format.ts";
import { Progress } from "../src/cli/progress.ts";
import { createCommand, main, writeStderr, writeStdout } from "../src/cli/task.ts";
import { type MasksReport, UNANNOTATED, type Unannotated, writeMasks } from "../mod.ts";
import { FOLDERS } from "../src/fs/layout.ts";

interface Options {
  readonly data: string;
  readonly output: string;
  readonly unannotated: Unannotated;
  readonly strict?: boolean;
  readonly json?: boolean;
}

/** The `masks` command. */
export function command(): Command {
  return addFollowLinks(
    createCommand(
      "masks",
      "Draws the annotations of every split to grayscale PNG masks (0 background, 255 foreground), with a manifest of " +
        "hashes. Masks that are up to date are not drawn again.",
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
  )
    .action(drawMasks);
}

async function drawMasks({ data, output, unannotated, strict = false, json }: Options): Promise<void> {
  let progress: Progress | undefined;
  const report = await writeMasks(data, output, {
    unannotated,
    strict,
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

function describe({ output, written, kept, removed, problems }: MasksReport): string {
  const parts = [`${plural(written, "mask")} written`, `${kept} up to date`];
  if (removed > 0) parts.push(`${removed} without an image removed`);
  if (problems.length > 0) parts.push(plural(problems.length, "problem"));
  return `${output}: ${parts.join(", ")}\n`;
}

if (import.meta.main) await main(command());
