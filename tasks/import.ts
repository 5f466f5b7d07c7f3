/**
 * `import`: converts any usual segmentation dataset to the product's own form.
 *
 * @module
 */
import { type Command, Option } from "commander";
import { basename, join, resolve } from "node:path";
import { NAME_ENCODINGS } from "../src/archive/zip_names.ts";
import { addClassOptions } from "../src/cli/class_options.ts";
import { addFollowLinks } from "../src/cli/follow_links.ts";
import { plural } from "../src/format.ts";
import { runStoppable } from "../src/cli/interrupt.ts";
import { PhaseProgress } from "../src/cli/progress.ts";
import {
  addExamples,
  createCommand,
  ExitError,
  integer,
  main,
  number,
  writeStderr,
  writeStdout,
} from "../src/cli/task.ts";
import { escapeLine } from "../src/escape.ts";
import { FOLDERS } from "../src/fs/layout.ts";
import { importDataset, type ImportOptions, type ImportReport } from "../mod.ts";

interface Flags extends Omit<ImportOptions, "onProgress"> {
  readonly output?: string;
  readonly json?: boolean;
}

/** Files of one reason that are listed in the text; `--json` lists all. */
const SHOWN_FILES = 5;

/** The `import` command. */
export function command(): Command {
  const made = createCommand(
    "import",
    "Imports a segmentation dataset, a folder or a zip: says what it recognizes and writes splits with masks as COCO RLE. " +
      "Images are copied unchanged, or linked.",
  )
    .argument("<source>", "folder or zip with images and their masks or annotations")
    .option(
      "--output <folder>",
      `folder for the result (default: ${FOLDERS.data}/ and the name of the source)`,
    )
    .option("--images <folder>", "folder of the images, within the source")
    .option("--masks <folder>", "folder of the masks, or an annotation file, within the source")
    .option("--pairs <regex>", "its groups, in the names of images and masks, tell which belong together")
    .option("--observer <name>", "of several observers' masks, the one to take: its number or name")
    .option("--channel <number>", "of images with a file per channel, the one to take", integer(0, 1000))
    .option("--group <regex>", "what images of one patient or source share in their paths; none: nothing")
    .option(
      "--valid <share>",
      "share for validation if the source has no splits (default: 0.15); if given, also of its train split if it has no valid one",
      number(0, 1),
    )
    .option("--test <share>", "share for testing if the source has no splits", number(0, 1), 0.15)
    .addOption(
      new Option("--seed <number>", "seed of the order of groups of equal size").argParser(
        integer(0, 2 ** 32 - 1),
      )
        .default(0),
    )
    .addOption(
      new Option("--names <encoding>", "how names in a zip are encoded that are not UTF-8 and do not say it")
        .choices(NAME_ENCODINGS),
    )
    .option("--force", "replace anything at the output; by default only an earlier import is replaced")
    .option("--json", "print the result as one JSON document")
    .action(run);
  return addExamples(addFollowLinks(addClassOptions(made)), [
    ["images/ and masks/ in one folder", "/data/polyps"],
    ["two of its classes", "/data/lungs.zip --classes heart,lung --output dataset/lungs"],
  ]);
}

/** `dataset/NAME` of a source; a source that is that folder itself gets `-imported`. */
export function defaultOutput(source: string): string {
  const name = basename(resolve(source)).replace(/\.zip$/i, "");
  const output = join(FOLDERS.data, name);
  return resolve(output) === resolve(source) ? `${output}-imported` : output;
}

async function run(source: string, { output, json, ...options }: Flags): Promise<void> {
  const progress = new PhaseProgress();
  const report = await runStoppable((signal) =>
    importDataset(source, output ?? defaultOutput(source), {
      ...options,
      onProgress: (phase, done, total) => {
        signal.throwIfAborted();
        progress.update(phase, done, total);
      },
    })
  ).catch((error) => {
    if (error instanceof ExitError) writeStderr("stopped: the same command resumes\n");
    throw error;
  }).finally(() => progress.clear());
  for (const { reason, files } of report.leftOut) {
    writeStderr(`left out: ${plural(files.length, "file")}: ${escapeLine(reason)}\n`);
    for (const file of files.slice(0, SHOWN_FILES)) writeStderr(`  ${escapeLine(file)}\n`);
    if (files.length > SHOWN_FILES) {
      writeStderr(`  and ${files.length - SHOWN_FILES} more: --json lists them\n`);
    }
  }
  writeStdout(json ? `${JSON.stringify(report, null, 2)}\n` : describe(report));
}

function describe(report: ImportReport): string {
  const { status, source, output, kind, why, classes, splits, overview, lines } = report;
  const list = classes.map(({ name, annotations }) => `${name} (${annotations})`).join(", ");
  return [
    `${source}: ${kind}: ${why}`,
    ...lines.map((line) => `  ${line}`),
    `  ${classes.length === 1 ? "class  " : "classes"}     ${list === "" ? "none" : list}`,
    ...splits.map(({ name, images, annotated, annotations }) =>
      `  ${name.padEnd(12)}${plural(images, "image")}, ${plural(annotations, "region")} in ${annotated}`
    ),
    `  overview    ${overview}: do the outlines lie on the images?`,
    `${output}: ${status === "present" ? "is already imported" : "imported"}; next: ${nextCommand(report)}`,
  ].map((line) => `${escapeLine(line)}\n`).join("");
}

/** Training needs images to train on and to validate with. */
function nextCommand({ source, output, splits }: ImportReport): string {
  const has = (split: string) => splits.some(({ name, images }) => name === split && images > 0);
  if (has("train") && has("valid")) return `deno task train --data ${quoted(output)}`;
  return has("train")
    ? `deno task import ${quoted(source)} --output ${quoted(output)} --valid 0.15`
    : `deno task split ${quoted(output)}`;
}

/** A path as a shell takes it. */
function quoted(path: string): string {
  return /^[\w./+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

if (import.meta.main) await main(command());
