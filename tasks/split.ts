/**
 * `split`: re-splits a dataset, with near-duplicates in one split.
 *
 * @module
 */
import { escapeLine } from "../src/escape.ts";
import { addFollowLinks } from "../src/cli/follow_links.ts";
import type { Command } from "commander";
import { formatPercent, plural } from "../src/format.ts";
import { runStoppable } from "../src/cli/interrupt.ts";
import { PhaseProgress } from "../src/cli/progress.ts";
import { createCommand, integer, main, number, writeStderr, writeStdout } from "../src/cli/task.ts";
import { resplitDataset, type ResplitOptions, type ResplitReport } from "../mod.ts";
import { FOLDERS } from "../src/fs/layout.ts";

interface Options extends Required<Pick<ResplitOptions, "valid" | "test" | "seed">> {
  readonly output: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Problems listed in the text; `inspect` lists all. */
const SHOWN_PROBLEMS = 5;

/** The `split` command. */
export function command(): Command {
  return addFollowLinks(
    createCommand(
      "split",
      "Re-splits the annotated images of a dataset into train, valid and test, with near-duplicates (as inspect finds " +
        "them: equal bytes, the same source by name, near-equal pixels, also mirrored, rotated or resized) in one split. " +
        "Images are copied; the dataset itself is not modified.",
    )
      .argument("[data]", "folder with train/, valid/ (or val/) and test/", FOLDERS.data)
      .option("--output <folder>", "folder for the new dataset", FOLDERS.resplit)
      .option("--valid <share>", "share of the images for validation, 0 for none", number(0, 1), 0.15)
      .option("--test <share>", "share of the images for testing, 0 for none", number(0, 1), 0.15)
      .option("--seed <number>", "seed of the order of groups of equal size", integer(0, 2 ** 32 - 1), 0)
      .option("--force", "replace anything at the output; by default only an earlier result is replaced")
      .option("--json", "print the result as one JSON document"),
  )
    .action(split);
}

async function split(data: string, { output, json, ...options }: Options): Promise<void> {
  const progress = new PhaseProgress();
  const report = await runStoppable((signal) =>
    resplitDataset(data, output, {
      ...options,
      onProgress: (phase, done, total) => {
        signal.throwIfAborted();
        progress.update(phase, done, total);
      },
    })
  ).finally(() => progress.clear());
  for (const { kind, message, effect } of report.problems.slice(0, SHOWN_PROBLEMS)) {
    writeStderr(`warning: ${kind}, ${effect}: ${escapeLine(message)}\n`);
  }
  if (report.problems.length > SHOWN_PROBLEMS) {
    writeStderr(`warning: and ${report.problems.length - SHOWN_PROBLEMS} more: inspect lists them\n`);
  }
  writeStdout(json ? `${JSON.stringify(report, null, 2)}\n` : describe(report));
}

function describe(report: ResplitReport): string {
  const { output, images, renamed, unlisted, leftOut, groups, splits, sharedPairs } = report;
  const before = `${sharedPairs.before >= 10_000 ? "at least " : ""}${plural(sharedPairs.before, "pair")}`;
  const lines = [
    `${plural(images, "image")} in ${plural(groups.count, "group")}; ${before} were in different splits`,
    `  group sizes             ${
      groups.sizes.map(({ images, groups }) => groups === 1 ? `${images}` : `${images} (${groups} times)`)
        .join(", ")
    }`,
    ...Object.entries(splits).map(([name, split]) =>
      `  ${name.padEnd(24)}${plural(split.images, "image")} (${formatPercent(split.images / images)}) in ` +
      `${plural(split.groups, "group")}, ${plural(split.annotations, "annotation")} in ${split.annotated}`
    ),
  ];
  if (renamed > 0) {
    lines.push(`  renamed                 ${renamed}: other splits have images of the same names`);
  }
  for (const { images, reason } of leftOut) {
    lines.push(`  left out                ${plural(images, "image")} in ${reason}`);
  }
  if (unlisted > 0) {
    lines.push(`  skipped                 ${plural(unlisted, "file")} that no annotation file lists`);
  }
  return `${lines.join("\n")}\n${describeLargest(report)}` +
    `${output}: inspect finds ${sharedPairs.after} pairs of near-duplicates across splits\n`;
}

/** The consequences of the largest group, if it has at least three images. */
function describeLargest({ images, groups: { largest }, splits }: ResplitReport): string {
  if (largest.images < 3) return "";
  const pairs = largest.images * (largest.images - 1) / 2;
  const lines = [
    `  largest group           ${largest.images} images, all in ${largest.split}: ${
      largest.pairs === pairs
        ? "all near-duplicates of each other"
        : `${largest.pairs} of their ${pairs} pairs are near-duplicates and connect them`
    }`,
  ];
  const { target } = splits[largest.split]!;
  if (largest.images > target) {
    const others = Object.entries(splits).filter(([name]) => name !== largest.split);
    lines.push(
      `warning: the largest group is larger than ${largest.split}'s share of ${target}: ${
        others.map(([name, split]) => `${name} has ${split.images} of the requested ${split.target}`).join(
          ", ",
        )
      }, and ${largest.split} consists mostly of variations of one image (${
        formatPercent(largest.images / images)
      } of all)`,
    );
  }
  return `${lines.join("\n")}\n`;
}

if (import.meta.main) await main(command());
